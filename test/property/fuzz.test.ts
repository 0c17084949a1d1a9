// Whatever is sent and whatever is written. A million of each kind of case: npm run soak.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { loadPolicySet } from "../../src/commands/policy-options.ts";
import type { PolicySet } from "../../src/engine/policy-set.ts";
import {
  arbitraryPolicies,
  arbitraryReview,
  checkPolicies,
  checkReview,
  mutatedReview,
} from "../fixtures/fuzz.ts";

const POLICIES = join(import.meta.dirname, "../fixtures/hostile/policies.yaml");
const sets = (["Enforce", "Warn", "Audit"] as const).map((mode) =>
  loadPolicySet({ policies: ["strict", POLICIES], platform: "karpenter", mode }),
);
const set = fc.constantFrom(...sets);

/** Checks reviews, and counts what came of them: a generator that makes only nonsense proves little. */
function counted() {
  const counts = new Map<string, number>();
  const check = (policies: PolicySet, review: unknown): void => {
    const became = checkReview(policies, review);
    counts.set(became, (counts.get(became) ?? 0) + 1);
  };
  return { counts, check };
}

function atLeast(counts: ReadonlyMap<string, number>, least: number, kinds: readonly string[]) {
  return kinds.every((kind) => (counts.get(kind) ?? 0) >= least);
}

describe("an answer by the rules of the API server", () => {
  it("is given to any JSON", () => {
    const { counts, check } = counted();
    fc.assert(fc.property(set, arbitraryReview, check), { numRuns: 8000 });
    assert.ok(atLeast(counts, 500, ["not-understood", "allowed"]), JSON.stringify([...counts]));
  });

  it("is given to reviews of real Pods with any JSON in them", () => {
    const { counts, check } = counted();
    fc.assert(fc.property(set, mutatedReview, check), { numRuns: 4000 });
    const all = ["not-understood", "allowed", "denied", "patched"];
    assert.ok(atLeast(counts, 100, all), JSON.stringify([...counts]));
  });
});

describe("policies", () => {
  it("compile, or have problems that are told; what compiles never throws", () => {
    fc.assert(fc.property(arbitraryPolicies, fc.nat(), checkPolicies), { numRuns: 500 });
  });
});
