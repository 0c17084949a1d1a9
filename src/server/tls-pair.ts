import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";

/** Where a certificate (with its chain) and its key are, both PEM. */
export interface TlsPaths {
  readonly certPath: string;
  readonly keyPath: string;
}

/** A certificate and its key, PEM, as they were read. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads a certificate and its key.
 * @throws Error that names the file and what to do, where one cannot be read
 */
export async function readTlsPair({ certPath, keyPath }: TlsPaths): Promise<TlsPair> {
  // One after the other, so that the same one of two missing files is told at every start.
  const cert = await readPem("TLS certificate", certPath);
  const key = await readPem("TLS key", keyPath);
  return { cert, key };
}

async function readPem(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "an error";
    const fix =
      code === "EACCES"
        ? "make it readable for the user that Sparkgate runs as"
        : "mount the Secret with the certificate there, or give the right path";
    throw new Error(`Cannot read the ${what} ${path} (${code}): ${fix}`, { cause: error });
  }
}

/**
 * Checks that a certificate and a key can be used, and belong together.
 * @returns when the certificate ceases to be valid
 * @throws Error that names the file and what to do; never quotes what is in them
 */
export function checkTlsPair({ cert, key }: TlsPair, { certPath, keyPath }: TlsPaths): Date {
  const certificate = parse(() => new X509Certificate(cert), certPath, "a PEM certificate");
  const privateKey = parse(() => createPrivateKey(key), keyPath, "a PEM private key");
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error(
      `The TLS key ${keyPath} is not that of the certificate ${certPath}: replace both together`,
    );
  }
  // Also refuses what parses and yet cannot serve, such as an RSA key that OpenSSL holds to be too short.
  parse(() => createSecureContext(secureContextOptions({ cert, key })), certPath, "usable for TLS");
  return certificate.validToDate;
}

function parse<T>(read: () => T, path: string, wanted: string): T {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new Error(`${path} is not ${wanted}${code}: write it anew`, { cause: error });
  }
}

/** What the TLS port is to be set up with. Must be given whole at each change: setSecureContext keeps nothing. */
export function secureContextOptions(pair: TlsPair): SecureContextOptions {
  return { cert: pair.cert, key: pair.key, minVersion: "TLSv1.2" };
}
