import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { issueAuthority, issueLeaf, LEAF_DAYS, type PemPair } from "./issue-certificate.ts";

/** What a self-signed serving certificate is for. */
export interface SelfSignedOptions {
  /** DNS names and IP addresses of the server. The API server asks for `SERVICE.NAMESPACE.svc`. */
  readonly names: readonly string[];
  readonly now: Date;
}

/** Files of a serving certificate, and what its clients need. */
export interface SelfSigned {
  readonly caPath: string;
  readonly certPath: string;
  readonly keyPath: string;
  /** The certificate authority as it stands in a webhook configuration's `caBundle`: base64 of PEM. */
  readonly caBundle: string;
}

const DAY = 86_400_000;
/** A leaf is renewed when so many days are left: a month for someone to notice that renewing fails. */
const RENEW_DAYS = 30;

/**
 * Makes sure that a directory has `tls.crt` and `tls.key`, good for the names and for 30 days more, and the
 * `ca.crt` and `ca.key` that signed them. What is good is kept. A new leaf is signed by the authority that is
 * there, so that webhook configurations stay right; that is replaced only when it cannot sign any more, which
 * changes `caBundle`.
 * @throws where the directory cannot be written
 */
export async function ensureSelfSigned(
  directory: string,
  options: SelfSignedOptions,
): Promise<SelfSigned> {
  const path = (name: string) => join(directory, name);
  const caPath = path("ca.crt");
  const certPath = path("tls.crt");
  const keyPath = path("tls.key");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const present = await readPair(caPath, path("ca.key"));
  const leaf = await readPair(certPath, keyPath);

  if (leaf !== undefined && present !== undefined && isGoodLeaf(leaf, present, options)) {
    await chmod(keyPath, PRIVATE);
    return { caPath, certPath, keyPath, caBundle: base64(present.cert) };
  }
  let authority = present;
  if (authority === undefined || !canSign(authority, options.now)) {
    authority = await issueAuthority({ now: options.now, serial: serial() });
    await replaceFile(path("ca.key"), authority.key, PRIVATE);
    await replaceFile(caPath, authority.cert, PUBLIC);
  }
  const issued = await issueLeaf(authority, { ...options, serial: serial() });
  await replaceFile(keyPath, issued.key, PRIVATE);
  await replaceFile(certPath, issued.cert, PUBLIC);
  return { caPath, certPath, keyPath, caBundle: base64(authority.cert) };
}

const PRIVATE = 0o600;
const PUBLIC = 0o644;

/** The files' content; undefined where the certificate is missing. A missing key is empty. */
async function readPair(certPath: string, keyPath: string): Promise<PemPair | undefined> {
  const cert = await readIfThere(certPath);
  return cert === undefined ? undefined : { cert, key: (await readIfThere(keyPath)) ?? "" };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isGoodLeaf(leaf: PemPair, authority: PemPair, { names, now }: SelfSignedOptions): boolean {
  try {
    const certificate = new X509Certificate(leaf.cert);
    const issuer = new X509Certificate(authority.cert);
    return (
      isValidFor(certificate, now, RENEW_DAYS) &&
      isValidFor(issuer, now, RENEW_DAYS) &&
      certificate.checkIssued(issuer) &&
      certificate.verify(issuer.publicKey) &&
      certificate.checkPrivateKey(createPrivateKey(leaf.key)) &&
      hasNames(certificate, new Set(names))
    );
  } catch {
    return false; // not PEM: written anew
  }
}

/** An authority must outlive what it signs: clients refuse a chain with one expired link. */
function canSign({ cert, key }: PemPair, now: Date): boolean {
  try {
    const certificate = new X509Certificate(cert);
    return (
      certificate.ca &&
      isValidFor(certificate, now, LEAF_DAYS) &&
      certificate.checkPrivateKey(createPrivateKey(key))
    );
  } catch {
    return false;
  }
}

function isValidFor(certificate: X509Certificate, now: Date, days: number): boolean {
  const end = now.getTime() + days * DAY;
  return certificate.validFromDate <= now && certificate.validToDate.getTime() > end;
}

/** Whether a certificate is for just these names: no less, and none that were taken away. */
function hasNames(certificate: X509Certificate, names: ReadonlySet<string>): boolean {
  const listed = certificate.subjectAltName?.split(", ").length ?? 0;
  if (listed !== names.size) return false;
  return [...names].every((name) =>
    isIP(name) === 0
      ? certificate.checkHost(name, { wildcards: false, subject: "never" }) !== undefined
      : certificate.checkIP(name) !== undefined,
  );
}

/** RFC 5280 4.1.2.2: positive, at most 20 bytes. The first byte keeps it from being negative or shorter. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString("hex");
}

/** A reader sees the old content or the new, never a part. */
async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  await writeFile(temporary, content, { mode, flag: "wx" });
  await rename(temporary, path);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
