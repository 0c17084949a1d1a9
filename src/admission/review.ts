import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord } from "../kubernetes/json.ts";
import { isTooDeep, sizeRefusal, TOO_DEEP } from "./document-size.ts";

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

const REVIEW_VERSION = "admission.k8s.io/v1";

/** Reads the body of a call, of a mutating webhook or of a validating one: it does not say which. Never throws. */
export function decodeReview(body: Buffer, admission: ReviewRequest["admission"]): DecodedReview {
  if (body.length === 0) return notUnderstood("the body is empty: an AdmissionReview is expected");
  const refusal = sizeRefusal(body);
  if (refusal !== undefined) return notUnderstood(refusal);
  const json = body.toString("utf8");
  if (isTooDeep(body, json)) return notUnderstood(TOO_DEEP);
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

function notUnderstood(reason: string): DecodedReview {
  return { kind: "not-understood", reason };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
