import type { Decision } from "../engine/decision.ts";
import { decide } from "../engine/decide.ts";
import type { Facts } from "../engine/facts.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { encodeAnswer } from "./answer.ts";
import { decodeReview, type ReviewRequest } from "./review.ts";

/** What became of one call. */
export type Admission =
  | {
      readonly kind: "answered";
      readonly request: ReviewRequest;
      readonly decision: Decision;
      /** The AdmissionReview to send back, as JSON. */
      readonly answer: string;
    }
  | {
      /** Not an AdmissionReview that we understand: to be told as HTTP 400 with this one line of text. */
      readonly kind: "not-understood";
      readonly reason: string;
    };

/** Answers the body of one call of the API server to a mutating or a validating webhook. Pure, and never throws. */
export function admit(
  set: PolicySet,
  body: Buffer,
  facts: Facts,
  admission: ReviewRequest["admission"] = "mutating",
): Admission {
  const decoded = decodeReview(body, admission);
  return decoded.kind === "review" ? answerReview(set, decoded.request, facts) : decoded;
}

/** Answers a call that was read. Pure, and never throws. */
export function answerReview(
  set: PolicySet,
  request: ReviewRequest,
  facts: Facts,
): Extract<Admission, { kind: "answered" }> {
  const decision = decide(set, request, facts);
  return {
    kind: "answered",
    request,
    decision,
    answer: JSON.stringify(encodeAnswer(set, request, decision)),
  };
}
