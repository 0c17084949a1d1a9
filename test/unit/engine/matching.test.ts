import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import { knownNamespace, type Facts } from "../../../src/engine/facts.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { createPolicySet } from "../../../src/engine/policy-set.ts";
import type { CompiledPolicy, Mode, ModeOverride } from "../../../src/engine/policy.ts";
import type { StringMap } from "../../../src/kubernetes/pod.ts";
import { admitted, driverPod, executorPod } from "../../fixtures/pods.ts";
import { fakePolicy } from "../../fixtures/policies.ts";

const labelled = (labels: StringMap): Facts => ({
  ...NO_FACTS,
  namespace: { name: "team-a", labels },
});

function decided(policy: Partial<CompiledPolicy>, facts: Facts, pod = driverPod()) {
  const set = createPolicySet([fakePolicy("p", policy)], "0");
  const decision = decide(set, admitted(pod), facts);
  assert.equal(decision.kind, "decided");
  const outcome = [...decision.enforced.outcomes, ...(decision.preview?.outcomes ?? [])][0];
  return { decision, outcome };
}

const whereTier = (mode: Mode, tier: string): ModeOverride => ({
  mode,
  matches: (_subject, facts) => knownNamespace(facts).labels["tier"] === tier,
});

describe("decide: the mode of a policy in a namespace", () => {
  const modeOverrides = [whereTier("Enforce", "gold"), whereTier("Warn", "gold")];
  const policy = { mode: "Audit", modeOverrides } as const;

  it("is that of the first override that holds", () => {
    assert.equal(decided(policy, labelled({ tier: "gold" })).outcome?.mode, "Enforce");
  });

  it("is the policy's own where none holds", () => {
    assert.equal(decided(policy, labelled({ tier: "lead" })).outcome?.mode, "Audit");
  });

  it("is the strictest that it may be where that cannot be told, and the failure is told", () => {
    const { decision, outcome } = decided(policy, NO_FACTS);
    assert.equal(outcome?.mode, "Enforce");
    assert.match(outcome.error ?? "", /labels of the namespace are not known/);
    assert.equal(decision.enforced.refused, true);
  });

  it("then tells where that mode stands", () => {
    assert.equal(decided(policy, NO_FACTS).outcome?.modeFrom, "spec.modeOverrides");
    const own = { mode: "Enforce", modeOverrides: [whereTier("Warn", "gold")] } as const;
    const { outcome } = decided(own, NO_FACTS);
    assert.deepEqual([outcome?.mode, outcome?.modeFrom], ["Enforce", "spec.mode"]);
  });

  it("then refuses no executor, and nothing where the policy says onError Allow", () => {
    const executor = decided(policy, NO_FACTS, executorPod(1));
    assert.equal(executor.decision.enforced.refused, false);
    const lenient = decided({ ...policy, onError: "Allow" }, NO_FACTS);
    assert.equal(lenient.decision.enforced.refused, false);
    assert.notEqual(lenient.outcome?.error, undefined);
  });
});

describe("decide: sparkgate.io/bypass", () => {
  const refusing = fakePolicy("refuses", {
    judge: () => [{ field: "spec", message: "is bad", fix: "mend it" }],
  });
  const set = createPolicySet([refusing], "0");

  for (const value of ["", "true", "false", "until-monday"]) {
    it(`turns everything off in its namespace, with the value '${value}'`, () => {
      const facts = labelled({ "sparkgate.io/bypass": value });
      for (const object of [driverPod(), { ...driverPod(), spec: 1 }]) {
        const decision = decide(set, admitted(object), facts);
        assert.deepEqual(decision, { kind: "skipped", reason: "bypass" });
      }
    });
  }

  it("is not there where another label is, or nothing is known of the namespace", () => {
    for (const facts of [labelled({ bypass: "true" }), NO_FACTS]) {
      const decision = decide(set, admitted(driverPod()), facts);
      assert.equal(decision.kind === "decided" && decision.enforced.refused, true);
    }
  });

  it("does not hide that a Pod is none of Spark's", () => {
    const decision = decide(
      set,
      admitted({ kind: "Pod", metadata: {} }),
      labelled({ "sparkgate.io/bypass": "" }),
    );
    assert.deepEqual(decision, { kind: "skipped", reason: "not-spark" });
  });
});
