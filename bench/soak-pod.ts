import assert from "node:assert/strict";
import jsonpatch, { type Operation } from "fast-json-patch";
import { admit } from "../src/admission/admit.ts";
import type { AdmissionReviewAnswer } from "../src/admission/answer.ts";
import type { Facts } from "../src/engine/facts.ts";
import type { PolicySet } from "../src/engine/policy-set.ts";

const FACTS: Facts = { namespace: { name: "soak", labels: {} }, quotas: [], at: 0 };

/** Sends a valid Pod through admission: the patch must apply, and a second pass must change nothing. */
export function checkPod(set: PolicySet, pod: object): void {
  const operations = answerTo(set, pod);
  const patched = jsonpatch.applyPatch(structuredClone(pod), operations, true).newDocument;
  assert.deepEqual(answerTo(set, patched), [], "the second pass changes something");
}

function answerTo(set: PolicySet, object: unknown): Operation[] {
  const request = {
    uid: "soak",
    kind: { group: "", version: "v1", kind: "Pod" },
    ...{ operation: "CREATE", namespace: "soak", object },
  };
  const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
  const admission = admit(set, Buffer.from(JSON.stringify(review)), FACTS);
  assert.equal(admission.kind, "answered");
  const { response } = JSON.parse(admission.answer) as AdmissionReviewAnswer;
  assert.equal(response.uid, "soak");
  assert.equal(response.allowed, true, response.status?.message);
  return JSON.parse(Buffer.from(response.patch ?? "W10=", "base64").toString()) as Operation[];
}
