import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { PolicySet } from "../../../src/engine/policy-set.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { admitted, driverPod } from "../../fixtures/pods.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

describe("images: judged once and remembered", () => {
  const judge = (set: PolicySet, ...images: readonly string[]) => {
    const containers = images.map((image, index) => ({ name: `c${index}`, image }));
    const decision = decide(set, admitted(driverPod({ spec: { containers } })), NO_FACTS);
    assert.equal(decision.kind, "decided");
    return decision.enforced.outcomes.flatMap(({ violations: found }) =>
      found.map(({ field, message }) => `${field} ${message}`),
    );
  };

  it("tells of the same image at each of its places", () => {
    const set = policySet(policyText("pin", { images: {} }));
    const expected = [0, 2].map((index) => `spec.containers[${index}].image 'a' has no tag`);
    assert.deepEqual(judge(set, "a", "b:1", "a"), expected);
    assert.deepEqual(judge(set, "b:1", "a"), ["spec.containers[1].image 'a' has no tag"]);
  });

  it("says the same of an image after more images than are remembered, each policy for itself", () => {
    const set = policySet([
      policyText("by-tag", { images: {} }),
      policyText("by-digest", { images: { pin: "Digest" } }),
    ]);
    const expected = ["has no digest", "has no tag"].map(
      (text) => `spec.containers[0].image 'a' ${text}`,
    );
    assert.deepEqual(judge(set, "a"), expected);
    for (let number = 0; number < 2500; number++) judge(set, `image-${number}:1`);
    assert.deepEqual(judge(set, "a"), expected);
    assert.deepEqual(judge(set, "x".repeat(600)), judge(set, "x".repeat(600)));
  });

  it("goes by the image, whatever its container is called", () => {
    const set = policySet(policyText("pin", { images: {} }));
    const found = (name: string, image: string) => {
      const pod = driverPod({ spec: { containers: [{ name, image }] } });
      const decision = decide(set, admitted(pod), NO_FACTS);
      assert.equal(decision.kind, "decided");
      return decision.enforced.outcomes.flatMap(({ violations }) => violations).length;
    };
    assert.equal(found("b:1", "a"), 1);
    assert.equal(found("a", "b:1"), 0);
  });
});
