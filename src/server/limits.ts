import type { BodyBudgetLimits } from "./body-budget.ts";

/** What one caller may take of the server. Times in milliseconds. */
export interface Limits {
  readonly bodyBytes: number;
  /** What all bodies together may take. */
  readonly budget: BodyBudgetLimits;
  readonly connections: number;
  readonly keepAliveTimeout: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  /** How often Node looks for connections that are past the two times above. */
  readonly connectionsCheckingInterval: number;
  readonly handshakeTimeout: number;
}

const SECOND = 1000;
const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

export const DEFAULT_LIMITS: Limits = {
  // The API server takes requests of at most 3 MiB (k8s.io/apiserver pkg/server/config.go MaxRequestBodyBytes); a
  // review has object and oldObject, and 1 MiB is left for the envelope: controller-runtime's limit
  // (pkg/webhook/admission/http.go).
  bodyBytes: 7 * MEBIBYTE,
  // docs/decisions/0011-load-is-shed.md has the sum. An API server has at most 600 requests in flight (400 and 200 that
  // change something, k8s.io/apiserver pkg/server/config.go): 4,000 reviews of 8 KB fit.
  budget: { bytes: 32 * MEBIBYTE, reservedForSmall: 16 * MEBIBYTE, largeBody: 128 * KIBIBYTE },
  // An idle TLS connection costs 55 KB. More than 600, of which an API server keeps 25 when it has no calls.
  connections: 1000,
  // The API server's client keeps idle connections for 90 s (Go net/http IdleConnTimeout) and does not repeat a POST:
  // with Node's 5 s a call now and then meets a connection that was just closed, and fails with EOF.
  keepAliveTimeout: 95 * SECOND,
  // controller-runtime's ReadHeaderTimeout; both are above the 30 s that a webhook call can last at most.
  headersTimeout: 32 * SECOND,
  requestTimeout: 35 * SECOND,
  // Node's default of 30 s would let a slow body live for 65 s.
  connectionsCheckingInterval: 5 * SECOND,
  // Go's TLSHandshakeTimeout: whoever takes longer is not the API server.
  handshakeTimeout: 10 * SECOND,
};
