import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord } from "../kubernetes/json.ts";

/** What an AdmissionReview asks, decoded. */
export interface ReviewRequest extends AdmittedObject {
  /** Fresh for every call of the API server: names a round trip, not a user's request. */
  readonly uid: string;
  /** Empty at CREATE with generateName. */
  readonly name: string;
  readonly dryRun: boolean;
}

/** A review, or one line that says why it is none. */
export type DecodedReview =
  | { readonly kind: "review"; readonly request: ReviewRequest }
  | { readonly kind: "not-understood"; readonly reason: string };

/**
 * Levels of nesting that are read. A Pod has below 20, managedFields a few more; the API server itself
 * refuses 10,000 (apimachinery pkg/util/json), a recursive walk in JavaScript dies at about 20,000.
 */
const DEEPEST = 200;

const REVIEW_VERSION = "admission.k8s.io/v1";

/** Reads the body of a request to `/mutate`. Never throws. */
export function decodeReview(body: Buffer): DecodedReview {
  if (body.length === 0) return notUnderstood("the body is empty: an AdmissionReview is expected");
  if (isDeeperThan(body, DEEPEST)) {
    return notUnderstood(`the body is nested more than ${DEEPEST} levels deep`);
  }
  let review: unknown;
  try {
    review = JSON.parse(body.toString("utf8"));
  } catch {
    return notUnderstood("the body is not JSON: an AdmissionReview is expected");
  }
  return readReview(review);
}

/** Reads a parsed AdmissionReview. */
function readReview(review: unknown): DecodedReview {
  if (!isRecord(review) || review["kind"] !== "AdmissionReview") {
    return notUnderstood(`the body is not an AdmissionReview of ${REVIEW_VERSION}`);
  }
  if (review["apiVersion"] !== REVIEW_VERSION) {
    return notUnderstood(
      `AdmissionReview has another apiVersion than ${REVIEW_VERSION}: set admissionReviewVersions to [v1]`,
    );
  }
  const request = review["request"];
  if (!isRecord(request)) return notUnderstood("the AdmissionReview has no request");
  const uid = request["uid"];
  if (typeof uid !== "string" || uid === "") {
    return notUnderstood("the AdmissionReview's request has no uid");
  }
  const kind = isRecord(request["kind"]) ? request["kind"] : {};
  return {
    kind: "review",
    request: {
      uid,
      group: text(kind["group"]),
      version: text(kind["version"]),
      kind: text(kind["kind"]),
      subResource: text(request["subResource"]),
      operation: text(request["operation"]),
      namespace: text(request["namespace"]),
      name: text(request["name"]),
      dryRun: request["dryRun"] === true,
      object: request["object"],
    },
  };
}

/** Counts brackets outside of strings, so that no parser and no walker ever meets a deeper document. */
function isDeeperThan(body: Buffer, limit: number): boolean {
  let depth = 0;
  for (let index = 0; index < body.length; index++) {
    const byte = body[index];
    if (byte === QUOTE) {
      index = endOfString(body, index);
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > limit) return true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The index of the quote that ends the string which begins at `start`; the body's end where none does. */
function endOfString(body: Buffer, start: number): number {
  let index = start + 1;
  while (index < body.length && body[index] !== QUOTE) index += body[index] === BACKSLASH ? 2 : 1;
  return index;
}

function notUnderstood(reason: string): DecodedReview {
  return { kind: "not-understood", reason };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
