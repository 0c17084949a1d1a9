import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { Decision } from "../../../src/engine/decision.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { createPolicySet } from "../../../src/engine/policy-set.ts";
import type { CompiledPolicy, Violation } from "../../../src/engine/policy.ts";
import type { AdmittedObject } from "../../../src/kubernetes/admitted-object.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";
import { admitted, driverPod, executorPod } from "../../fixtures/pods.ts";
import { fakePolicy } from "../../fixtures/policies.ts";

type Decided = Extract<Decision, { kind: "decided" }>;

function decided(policies: readonly CompiledPolicy[], object: AdmittedObject): Decided {
  const decision = decide(createPolicySet(policies, "0"), deepFreeze(object), NO_FACTS);
  assert.equal(decision.kind, "decided");
  return decision;
}

const violation = (field: string): Violation => ({ field, message: "is bad", fix: "mend it" });

/** Labels every Pod `where: here`, and has something to say at each stage. */
const talkative = fakePolicy("talkative", {
  mutate: (draft) => {
    if (draft.pod.metadata?.labels?.["where"] === "here") return undefined;
    draft.set(["metadata", "labels", "where"], "here");
    return { summary: "is here", replaced: [], kept: [] };
  },
  judge: (pod) => (pod.metadata?.labels?.["where"] === "here" ? [] : [violation("judge")]),
  judgeFinal: () => [violation("judgeFinal")],
  judgeUpdate: () => [violation("judgeUpdate")],
});

const fields = ({ enforced }: Decided) =>
  enforced.outcomes.flatMap(({ violations }) => violations.map(({ field }) => field));

describe("decide: a Pod that is created, after all mutating webhooks", () => {
  const validating = { admission: "validating" } as const;

  it("is not changed, and what would have to be done again is told", () => {
    const { enforced } = decided([talkative], admitted(driverPod(), validating));
    assert.deepEqual(enforced.operations, []);
    assert.equal(enforced.pod.metadata?.labels?.["where"], undefined);
    assert.equal(enforced.outcomes[0]?.effect?.summary, "is here");
    assert.equal(enforced.outcomes[0].changes.length, 1);
  });

  it("is judged as it is, and not as it would be with the changes", () => {
    const decision = decided([talkative], admitted(driverPod(), validating));
    assert.deepEqual(fields(decision), ["judge", "judgeFinal"]);
    assert.equal(decision.enforced.refused, true);
  });

  it("is let in where everything is still as it was left", () => {
    const decision = decided(
      [talkative],
      admitted(driverPod({ labels: { where: "here" } }), validating),
    );
    assert.deepEqual(fields(decision), []);
    assert.equal(decision.enforced.refused, false);
  });

  it("is let in where a policy that was undone has nothing to judge", () => {
    const mute = fakePolicy("mute", {
      mutate: (draft) => {
        draft.set(["metadata", "labels", "where"], "here");
        return undefined;
      },
    });
    const { enforced } = decided([mute], admitted(driverPod(), validating));
    const [outcome] = enforced.outcomes;
    assert.equal(outcome?.changes.length, 1);
    assert.deepEqual([outcome.error, outcome.violations], [undefined, []]);
    assert.equal(enforced.refused, false);
  });

  it("is only told of where the policy does not enforce", () => {
    const decision = decided([{ ...talkative, mode: "Warn" }], admitted(driverPod(), validating));
    assert.equal(decision.enforced.refused, false);
    assert.equal(decision.preview?.refused, true);
  });
});

describe("decide: UPDATE", () => {
  const update = (before: unknown, object: unknown = driverPod(), over = {}) =>
    admitted(object, {
      operation: "UPDATE",
      admission: "validating",
      oldObject: before,
      ...over,
    });

  it("changes nothing, and judges the update alone", () => {
    const decision = decided([talkative], update(driverPod()));
    assert.deepEqual(decision.enforced.operations, []);
    assert.deepEqual(fields(decision), ["judgeUpdate"]);
    assert.deepEqual(decision.enforced.outcomes[0]?.changes, []);
  });

  it("is judged by the first policy of a kind of which one applies", () => {
    const one = { ...talkative, combine: "one" } as const;
    const decision = decided([one, { ...one, name: "zealous" }], update(driverPod()));
    const shadows = decision.enforced.outcomes.map(({ shadowedBy }) => shadowedBy);
    assert.deepEqual(shadows, [undefined, "talkative"]);
    assert.deepEqual(fields(decision), ["judgeUpdate"]);
  });

  it("hands in what was there before", () => {
    let seen: unknown;
    const looks = fakePolicy("looks", {
      judgeUpdate: (_pod, before) => {
        seen = before;
        return [];
      },
    });
    const before = driverPod({ labels: { old: "yes" } });
    decided([looks], update(before));
    assert.deepEqual(seen, before);
  });

  it("does not refuse an executor", () => {
    const decision = decided([talkative], update(executorPod(1), executorPod(1)));
    assert.deepEqual(fields(decision), ["judgeUpdate"]);
    assert.equal(decision.enforced.refused, false);
  });

  it("judges by the role that is stored, whatever becomes of the label", () => {
    const stripped = driverPod({ metadata: { name: "etl-7f3a-driver", labels: {} } });
    for (const object of [stripped, executorPod(1)]) {
      const { subject, enforced } = decided([talkative], update(driverPod(), object));
      assert.equal(subject.role, "driver");
      assert.equal(enforced.refused, true);
    }
  });

  it("judges a Pod that becomes one of Spark's by the update", () => {
    const plain = driverPod({ metadata: { name: "etl-7f3a-driver" } });
    assert.equal(decided([talkative], update(plain)).subject.role, "driver");
  });

  it("by way of pods/ephemeralcontainers is judged too, by way of other sub-resources not", () => {
    const debug = update(driverPod(), driverPod(), { subResource: "ephemeralcontainers" });
    assert.deepEqual(fields(decided([talkative], debug)), ["judgeUpdate"]);
    for (const subResource of ["status", "resize", "binding", "eviction"]) {
      const decision = decide(
        createPolicySet([talkative], "0"),
        update(driverPod(), driverPod(), { subResource }),
        NO_FACTS,
      );
      assert.deepEqual(decision, { kind: "skipped", reason: "sub-resource" });
    }
  });

  it("is left alone by the mutating webhook", () => {
    const object = update(driverPod(), driverPod(), { admission: "mutating" });
    assert.deepEqual(decide(createPolicySet([talkative], "0"), object, NO_FACTS), {
      kind: "skipped",
      reason: "operation",
    });
  });

  it("to or from what cannot be read is refused", () => {
    for (const [before, object] of [
      [driverPod(), { ...driverPod(), spec: 1 }],
      [{ ...driverPod(), spec: 1 }, driverPod()],
      [driverPod(), null],
    ]) {
      const decision = decide(createPolicySet([], "0"), update(before, object), NO_FACTS);
      assert.equal(decision.kind, "malformed");
      assert.equal(decision.refused, true);
    }
  });
});
