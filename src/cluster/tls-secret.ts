import type { PemPair } from "./issue-certificate.ts";

/** A Secret with a serving certificate, as kubectl applies it. */
export interface TlsSecret {
  readonly apiVersion: "v1";
  readonly kind: "Secret";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly type: "kubernetes.io/tls";
  /** Base64. */
  readonly data: {
    readonly "tls.crt": string;
    readonly "tls.key": string;
    readonly "ca.crt": string;
  };
}

/**
 * The Secret of a serving certificate, under the keys that cert-manager uses too. Its `ca.crt` is, as it stands, what a
 * webhook configuration's `caBundle` wants.
 */
export function tlsSecret(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  { cert, key }: PemPair,
  caBundle: string,
): TlsSecret {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, labels: { "app.kubernetes.io/part-of": "sparkgate" } },
    type: "kubernetes.io/tls",
    data: { "tls.crt": base64(cert), "tls.key": base64(key), "ca.crt": caBundle },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
