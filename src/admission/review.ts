import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord } from "../kubernetes/json.ts";
import { hasMoreParts, MOST_PARTS } from "./parts.ts";

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
const TOO_DEEP = `the body is nested more than ${DEEPEST} levels deep`;

const REVIEW_VERSION = "admission.k8s.io/v1";

/** Reads the body of a call, of a mutating webhook or of a validating one: it does not say which. Never throws. */
export function decodeReview(body: Buffer, admission: ReviewRequest["admission"]): DecodedReview {
  if (body.length === 0) return notUnderstood("the body is empty: an AdmissionReview is expected");
  // Before the bytes become a text: what is refused for its size leaves nothing to collect.
  if (hasMoreParts(body, MOST_PARTS)) {
    return notUnderstood(
      isDeeperThan(body, DEEPEST)
        ? TOO_DEEP
        : `the body has more than ${MOST_PARTS} fields and entries of lists`,
    );
  }
  const json = body.toString("utf8");
  if (hasMoreBrackets(json, DEEPEST) && isDeeperThan(body, DEEPEST)) {
    return notUnderstood(TOO_DEEP);
  }
  let review: unknown;
  try {
    review = JSON.parse(json);
  } catch {
    return notUnderstood("the body is not JSON: an AdmissionReview is expected");
  }
  return readReview(review, admission);
}

/** Reads a parsed AdmissionReview. */
function readReview(review: unknown, admission: ReviewRequest["admission"]): DecodedReview {
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
      oldObject: request["oldObject"],
      user: userOf(request["userInfo"]),
      admission,
    },
  };
}

function userOf(value: unknown): ReviewRequest["user"] {
  if (!isRecord(value)) return undefined;
  const { username, groups } = value;
  const named = Array.isArray(groups) ? groups.filter((group) => typeof group === "string") : [];
  return { username: text(username), groups: named };
}

/** What has no more brackets than that is not deeper either, and an indexOf is five times faster than a loop in JavaScript. */
function hasMoreBrackets(text: string, limit: number): boolean {
  let count = 0;
  for (const bracket of ["[", "{"]) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (++count > limit) return true;
    }
  }
  return false;
}

/** Counts brackets outside of strings, so that no walker ever meets a deeper document. */
function isDeeperThan(body: Buffer, limit: number): boolean {
  const { length } = body;
  let depth = 0;
  for (let index = 0; index < length; index++) {
    const byte = body[index] ?? 0;
    if (byte === QUOTE) {
      for (index++; index < length && body[index] !== QUOTE; index++) {
        if (body[index] === BACKSLASH) index++;
      }
      continue;
    }
    // [ and { differ in one bit, as do ] and }.
    const bracket = byte & ~BRACE_BIT;
    if (bracket === OPEN) {
      if (++depth > limit) return true;
    } else if (bracket === CLOSE) {
      depth--;
    }
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE_BIT = 0x20;
const OPEN = 0x5b;
const CLOSE = 0x5d;

function notUnderstood(reason: string): DecodedReview {
  return { kind: "not-understood", reason };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
