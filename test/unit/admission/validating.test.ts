import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admit } from "../../../src/admission/admit.ts";
import type { AdmissionResponse, AdmissionReviewAnswer } from "../../../src/admission/answer.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import type { PolicySet } from "../../../src/engine/policy-set.ts";
import type { Mode } from "../../../src/engine/policy.ts";
import { driverPod, reviewBody } from "../../fixtures/pods.ts";
import { nodesAndImages } from "../../fixtures/policies.ts";

const baseline = nodesAndImages("baseline");

function answer(object: unknown, request = {}, set: PolicySet = baseline): AdmissionResponse {
  const admission = admit(set, reviewBody(object, request), NO_FACTS, "validating");
  assert.equal(admission.kind, "answered");
  const { response } = JSON.parse(admission.answer) as AdmissionReviewAnswer;
  // The API server takes an answer with a patch for a failed call (VerifyAdmissionResponse).
  assert.equal(response.patch, undefined);
  assert.equal(response.patchType, undefined);
  return response;
}

const image = (name: string) =>
  driverPod({ spec: { containers: [{ name: "spark-kubernetes-driver", image: name }] } });

/** The driver as the mutating webhook leaves it. */
function mutated() {
  const admission = admit(baseline, reviewBody(driverPod()), NO_FACTS);
  assert.equal(admission.kind === "answered" && admission.decision.kind, "decided");
  assert.ok(admission.kind === "answered" && admission.decision.kind === "decided");
  return admission.decision.enforced.pod;
}

describe("the answer of a validating webhook", () => {
  it("lets in what is as the mutating one left it, without a word", () => {
    const { allowed, warnings, auditAnnotations } = answer(mutated());
    assert.equal(allowed, true);
    assert.equal(warnings, undefined);
    assert.deepEqual(auditAnnotations, { "policy-set": baseline.digest });
  });

  it("refuses an image that was put in after us", () => {
    const { allowed, status } = answer(image("spark:latest"));
    assert.equal(allowed, false);
    assert.match(status?.message ?? "", /\[pin-images\].*'spark:latest' has a mutable tag/);
  });

  it("says at UPDATE what the update did", () => {
    const { allowed, status } = answer(image("spark:latest"), {
      operation: "UPDATE",
      oldObject: image("spark:1"),
    });
    assert.equal(allowed, false);
    assert.match(status?.message ?? "", /Fix: name a pinned image, or leave the one that runs/);
    assert.equal(
      answer(image("spark:latest"), { operation: "UPDATE", oldObject: image("spark:latest") })
        .allowed,
      true,
    );
  });

  for (const mode of ["Warn", "Audit"] as Mode[]) {
    it(`refuses nothing in mode ${mode}`, () => {
      const set = nodesAndImages("baseline", { mode });
      const { allowed, warnings } = answer(image("spark:latest"), {}, set);
      assert.equal(allowed, true);
      assert.equal(warnings !== undefined, mode === "Warn");
    });
  }
});
