import { createHash } from "node:crypto";
import { hostname, homedir, tmpdir, userInfo } from "node:os";
import type { AdmissionReview } from "./recorder.ts";

const TIMESTAMP = "2026-01-01T00:00:00Z";
const EPOCH_MS = String(Date.parse(TIMESTAMP));
const SECRET = "_SPARK_AUTH_SECRET";

/** What no recording may have: folders of a machine, a token, a package registry. */
const TRACES = [
  /\/(?:root|home|work|Users)\b/,
  /eyJ[\w-]{10,}/,
  /managedFields/,
  /pypi|npmjs|maven|golang\.org/i,
];

/** A kind of value which differs from run to run, and what stands for its n-th different value. */
interface RunDependent {
  pattern: RegExp;
  replacement: (digest: string, ordinal: number) => string;
}

const RUN_DEPENDENT: readonly RunDependent[] = [
  // uids, and the ids in volume paths
  {
    pattern: /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
    replacement: (digest) => digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, "$1-$2-$3-$4-$5"),
  },
  // application ids, name suffixes, certificate fingerprints: hexadecimal of the length they have
  { pattern: /\b[0-9a-f]{64}\b/g, replacement: (digest) => digest },
  { pattern: /\b[0-9a-f]{32}\b/g, replacement: (digest) => digest.slice(0, 32) },
  { pattern: /\b[0-9a-f]{16}\b/g, replacement: (digest) => digest.slice(0, 16) },
  // the volume of the service account's token
  { pattern: /(?<=\bkube-api-access-)[a-z0-9]{5}\b/g, replacement: (digest) => digest.slice(0, 5) },
  // a StatefulSet's or a Deployment's hash of its template, which has run-dependent names in it
  {
    pattern: /(?<=^spark-[ds]-spark-.*-)[b-df-hj-np-tv-z0-9]{7,10}$/g,
    replacement: (digest) => digest.slice(0, 10),
  },
  // the process kubelet's Pod addresses
  {
    pattern: /\b127\.(?!0\.0\.1\b)\d+\.\d+\.\d+\b/g,
    replacement: (_, ordinal) => `10.1.0.${ordinal + 1}`,
  },
  // java.util.Properties.store writes when it did, and the API server's port
  {
    pattern: /(?<=^#)\w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}$/gm,
    replacement: () => "Thu Jan 01 00:00:00 UTC 2026",
  },
  { pattern: /(?<=\b127\.0\.0\.1\\?:)\d{4,5}\b/g, replacement: () => "6443" },
  { pattern: /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, replacement: () => TIMESTAMP },
  // client mode's application ids, and when an application was submitted
  { pattern: /(?<=\bspark-application-|\bsubmitTime=)\d{13}\b/g, replacement: () => EPOCH_MS },
];

/**
 * Takes from the reviews of one application what depends on the run, on this machine or is secret.
 *
 * A value is replaced alike wherever it occurs in the application's objects, and recording again
 * gives the same replacements: they are hashes of `seed` and of a value's place in order.
 */
export function scrubReviews(reviews: readonly AdmissionReview[], seed: string): AdmissionReview[] {
  const stable = stableValues(seed);
  return inOrder(reviews).map((review) => walk(review, stable) as AdmissionReview);
}

/** The name that a review's file gets: `driver`, `executor-N`, or the Pod's own. */
export function fileNameOf(review: AdmissionReview, index: number): string {
  const { labels = {}, name } = review.request.object.metadata;
  const role = labels["spark-role"];
  if (role === "driver") return "driver.json";
  if (role !== "executor") return `${name}.json`;
  const id = Number(labels["spark-exec-id"]);
  return `executor-${Number.isNaN(id) ? index : id}.json`;
}

/** Throws if a text still tells where it was recorded; `more` are further words it must not have. */
export function assertScrubbed(text: string, more: readonly string[] = []): void {
  const words = [homedir(), tmpdir(), `"${userInfo().username}"`, `"${hostname()}"`, ...more];
  const found = [
    ...words.map((word) => text.indexOf(word)),
    ...TRACES.map((trace) => text.search(trace)),
  ].find((index) => index >= 0);
  if (found === undefined) return;
  throw new Error(`not scrubbed: ${text.slice(Math.max(0, found - 60), found + 60)}`);
}

/** The driver first, then executors by their ids: concurrent requests arrive in any order. */
function inOrder(reviews: readonly AdmissionReview[]): AdmissionReview[] {
  const rank = ({ request }: AdmissionReview): string => {
    const { labels = {}, name } = request.object.metadata;
    const id = labels["spark-exec-id"] ?? "";
    return labels["spark-role"] === "driver" ? "" : `${id.padStart(6, "0")} ${name}`;
  };
  return [...reviews].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function stableValues(seed: string): (text: string) => string {
  const known = RUN_DEPENDENT.map(() => new Map<string, string>());
  const replacements = new Set<string>();
  return (text) => {
    let result = text;
    for (const [kind, { pattern, replacement }] of RUN_DEPENDENT.entries()) {
      const values = known[kind] ?? new Map<string, string>();
      result = result.replaceAll(pattern, (value) => {
        if (replacements.has(value)) return value; // an earlier pattern's work
        const ordinal = values.size;
        const digest = createHash("sha256").update(`${seed} ${kind} ${ordinal}`).digest("hex");
        const stable = values.get(value) ?? replacement(digest, ordinal);
        values.set(value, stable);
        replacements.add(stable);
        return stable;
      });
    }
    return result;
  };
}

function walk(value: unknown, stable: (text: string) => string): unknown {
  if (typeof value === "string") return stable(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, stable));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const isSecret = entries.some(([key, text]) => key === "name" && text === SECRET);
  return Object.fromEntries(
    entries
      .filter(([key]) => key !== "managedFields")
      .map(([key, item]) => [key, isSecret && key === "value" ? "scrubbed" : walk(item, stable)]),
  );
}
