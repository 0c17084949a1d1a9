import type { webcrypto } from "node:crypto";
import { isIP } from "node:net";

/** A certificate and its key, PEM. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY = 86_400_000;
/** Two clocks may differ: a certificate that is not valid yet is refused as hard as one that is expired. */
const CLOCK_SKEW = 3_600_000;
const AUTHORITY_DAYS = 3650;
/** cert-manager and cert-controller hold a year to be right for serving certificates that renew themselves. */
export const LEAF_DAYS = 365;
const AUTHORITY_NAME = "CN=sparkgate-ca";

/** Makes a certificate authority, P-256, good for ten years. */
export async function issueAuthority(options: {
  readonly now: Date;
  /** Hexadecimal. */
  readonly serial: string;
}): Promise<PemPair> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: AUTHORITY_NAME,
    serialNumber: options.serial,
    ...validity(options.now, AUTHORITY_DAYS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      // Signs servers' certificates, and no other authority.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: `${certificate.toString("pem")}\n`, key: await pemOf(keys.privateKey) };
}

/**
 * Makes a serving certificate for DNS names and IP addresses, P-256, good for a year.
 * @throws Error where the authority's key is of another kind
 */
export async function issueLeaf(
  authority: PemPair,
  options: {
    readonly names: readonly string[];
    readonly now: Date;
    /** Hexadecimal. */
    readonly serial: string;
  },
): Promise<PemPair> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const issuer = new x509.X509Certificate(authority.cert);
  const signingKey = await importAuthorityKey(x509.PemConverter.decodeFirst(authority.key));
  const alternatives = [...new Set(options.names)].map((value) => ({
    type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const),
    value,
  }));
  const certificate = await x509.X509CertificateGenerator.create({
    // Nobody looks at it: clients go by the alternative names alone.
    subject: "CN=sparkgate",
    issuer: issuer.subject,
    serialNumber: options.serial,
    ...validity(options.now, LEAF_DAYS),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternatives),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { cert: `${certificate.toString("pem")}\n`, key: await pemOf(keys.privateKey) };
}

function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(now.getTime() - CLOCK_SKEW),
    notAfter: new Date(now.getTime() + days * DAY),
  };
}

async function importAuthorityKey(pkcs8: ArrayBuffer): Promise<webcrypto.CryptoKey> {
  try {
    return await crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, false, ["sign"]);
  } catch (error) {
    // Somebody's own authority: it is not for us to replace.
    throw new Error("ca.key is not a P-256 key: use a directory of its own", { cause: error });
  }
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const { PemConverter } = await loadX509();
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

/**
 * Loads the X.509 library when it is needed: that takes a quarter of a second, and a server with a certificate
 * from elsewhere never does. Its container (tsyringe) refuses to load without the polyfill.
 */
async function loadX509() {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}
