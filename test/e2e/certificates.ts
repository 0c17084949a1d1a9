import { generateKeyPairSync, type webcrypto } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import "reflect-metadata"; // before x509, whose container wants it
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** Paths of one certificate and its key, both PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Paths of everything that {@link writeCertificates} made. */
export interface ClusterCertificates {
  /** The one certificate authority that signed all the others. */
  readonly ca: string;
  readonly apiServer: CertificateFiles;
  /** Client certificate of `admin` in `system:masters`, which skips RBAC. */
  readonly admin: CertificateFiles;
  /** Serving certificate for webhooks on 127.0.0.1 and localhost, and for Sparkgate's Service. */
  readonly webhook: CertificateFiles;
  /** Client certificate that the API server shows to webhooks (mutual TLS). */
  readonly webhookClient: CertificateFiles;
  /** RSA keys of service account tokens; `certificate` is the bare public key. */
  readonly serviceAccounts: CertificateFiles;
}

interface Authority {
  certificate: X509Certificate;
  keys: webcrypto.CryptoKeyPair;
}

interface Subject {
  name: string;
  subject: string;
  usage: ExtendedKeyUsage;
  alternativeNames?: JsonGeneralName[];
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;
/** The first address of the service range: Pods reach the API server at it. */
const KUBERNETES_SERVICE_ADDRESS = "10.0.0.1";

/** Makes a certificate authority and the cluster's certificates in a folder. */
export async function writeCertificates(directory: string): Promise<ClusterCertificates> {
  mkdirSync(directory, { recursive: true });
  const authority = await createAuthority();
  const ca = join(directory, "ca.crt");
  writeFileSync(ca, authority.certificate.toString("pem"));
  const issue = (subject: Subject): Promise<CertificateFiles> =>
    issueCertificate(directory, authority, subject);
  const [apiServer, admin, webhook, webhookClient] = await Promise.all([
    issue({
      name: "apiserver",
      subject: "CN=kube-apiserver",
      usage: ExtendedKeyUsage.serverAuth,
      alternativeNames: [
        { type: "dns", value: "localhost" },
        { type: "dns", value: "kubernetes.default.svc" },
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: KUBERNETES_SERVICE_ADDRESS },
      ],
    }),
    issue({
      name: "admin",
      subject: "O=system:masters, CN=admin",
      usage: ExtendedKeyUsage.clientAuth,
    }),
    issue({
      name: "webhook",
      subject: "CN=sparkgate",
      usage: ExtendedKeyUsage.serverAuth,
      alternativeNames: [
        { type: "dns", value: "sparkgate.sparkgate-system.svc" },
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
      ],
    }),
    issue({
      name: "apiserver-webhook-client",
      subject: "CN=kube-apiserver-admission",
      usage: ExtendedKeyUsage.clientAuth,
    }),
  ]);
  const serviceAccounts = writeServiceAccountKeys(directory);
  return { ca, apiServer, admin, webhook, webhookClient, serviceAccounts };
}

async function createAuthority(): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=sparkgate-e2e-ca",
    keys,
    ...validity(),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, keys };
}

async function issueCertificate(
  directory: string,
  authority: Authority,
  { name, subject, usage, alternativeNames }: Subject,
): Promise<CertificateFiles> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    ...validity(),
    extensions: [
      new BasicConstraintsExtension(false),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      await AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
      ...(alternativeNames ? [new SubjectAlternativeNameExtension(alternativeNames)] : []),
    ],
  });
  const files = {
    certificate: join(directory, `${name}.crt`),
    key: join(directory, `${name}.key`),
  };
  writeFileSync(files.certificate, certificate.toString("pem"));
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  writeFileSync(files.key, PemConverter.encode(pkcs8, "PRIVATE KEY"), { mode: 0o600 });
  return files;
}

function writeServiceAccountKeys(directory: string): CertificateFiles {
  const pair = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const files = { certificate: join(directory, "sa.pub"), key: join(directory, "sa.key") };
  writeFileSync(files.certificate, pair.publicKey);
  writeFileSync(files.key, pair.privateKey, { mode: 0o600 });
  return files;
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  // An hour back, so that nothing hangs on two clocks' agreement.
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + 30 * DAY_MS) };
}
