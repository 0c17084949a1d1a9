import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CompiledPolicy } from "../../../src/engine/policy.ts";
import type { PolicySet } from "../../../src/engine/policy-set.ts";
import { isInRollout } from "../../../src/engine/rollout.ts";
import { recognize } from "../../../src/spark/recognize.ts";
import type { PodSubject } from "../../../src/spark/subject.ts";
import { decided, everything, outcomeOf } from "../../fixtures/decided.ts";
import { admitted, driverPod, executorPod } from "../../fixtures/pods.ts";
import { fakePolicy, policySet, policyText } from "../../fixtures/policies.ts";

const AT = Date.UTC(2027, 0, 15);

/** A policy that refuses whatever it matches, in the mode that it says itself. */
function refusing(spec: object, more: readonly string[] = []): PolicySet {
  const deny = { when: "true", message: "is bad" };
  return policySet([policyText("p", { mode: "Enforce", ...spec, deny }), ...more], {
    mode: undefined,
  });
}

function modeOf(set: PolicySet, pod = driverPod(), at = AT) {
  const { enforced, preview } = decided(set, pod, { at });
  const { mode, modeFrom, enforceFrom } = outcomeOf(preview ?? enforced, "p");
  return { mode, modeFrom, enforceFrom, refused: enforced.refused };
}

describe("enforceFrom", () => {
  const set = refusing({ enforceFrom: "2027-01-15" });

  it("is a warning that knows the date until then", () => {
    assert.deepEqual(modeOf(set, driverPod(), AT - 1), {
      mode: "Warn",
      modeFrom: "spec.enforceFrom",
      enforceFrom: "2027-01-15",
      refused: false,
    });
  });

  it("enforces from midnight UTC", () => {
    assert.deepEqual(modeOf(set, driverPod(), AT), {
      mode: "Enforce",
      modeFrom: "spec.mode",
      enforceFrom: undefined,
      refused: true,
    });
  });

  it("may be a moment with an offset", () => {
    const early = refusing({ enforceFrom: "2027-01-15T06:00:00+06:00" });
    assert.equal(modeOf(early, driverPod(), AT - 1).mode, "Warn");
    assert.equal(modeOf(early, driverPod(), AT).mode, "Enforce");
  });

  it("says nothing where the mode is another, and nothing against --mode", () => {
    const audit = modeOf(refusing({ mode: "Audit", enforceFrom: "2027-01-16" }));
    assert.deepEqual([audit.mode, audit.modeFrom], ["Audit", "spec.mode"]);
    const warn = modeOf(refusing({ mode: "Warn", rollout: { percent: 0 } }));
    assert.deepEqual([warn.mode, warn.modeFrom], ["Warn", "spec.mode"]);
    const promoted = policySet(
      policyText("p", {
        enforceFrom: "2099-01-01",
        rollout: { percent: 0 },
        modeOverrides: [{ mode: "Audit", namespaces: ["*"] }],
        deny: { when: "true", message: "is bad" },
      }),
    );
    assert.deepEqual(modeOf(promoted), {
      mode: "Enforce",
      modeFrom: "--mode",
      enforceFrom: undefined,
      refused: true,
    });
  });

  it("counts for an override that enforces, too", () => {
    const overridden = refusing({
      mode: "Audit",
      modeOverrides: [{ mode: "Enforce", namespaces: ["team-a"] }],
      enforceFrom: "2027-01-15",
    });
    assert.equal(modeOf(overridden, driverPod(), AT - 1).modeFrom, "spec.enforceFrom");
    assert.equal(modeOf(overridden).modeFrom, "spec.modeOverrides[0]");
  });
});

describe("rollout", () => {
  const at = (rolloutPercent: number) => fakePolicy("p", { rolloutPercent });
  const subject = (labels: Record<string, string>, namespace = "team-a"): PodSubject => {
    const recognition = recognize(admitted(driverPod({ labels }), { namespace }));
    assert.equal(recognition.kind, "subject");
    return recognition.subject;
  };
  const app = (id: number) => subject({ "spark-app-selector": `spark-${id}` });

  it("takes in about as many applications as it says, and those of 10 are among those of 20", () => {
    const apps = Array.from({ length: 2000 }, (_, id) => app(id));
    for (const percent of [1, 10, 50, 90]) {
      const inside = apps.filter((each) => isInRollout(at(percent), each));
      assert.ok(Math.abs(inside.length / 20 - percent) < 4, `${inside.length / 20} of ${percent}`);
      assert.ok(inside.every((each) => isInRollout(at(percent + 5), each)));
    }
    assert.ok(apps.every((each) => !isInRollout(at(0), each) && isInRollout(at(100), each)));
  });

  it("does not take in who has no application, unless it takes in all", () => {
    const unknown = {
      ...app(1),
      application: { id: undefined, name: "x", operatorApp: undefined },
    };
    assert.equal(isInRollout(at(99), unknown), false);
    assert.equal(isInRollout(at(100), unknown), true);
  });

  it("goes by the operator's application where there is one: a retry has another id", () => {
    const runs = Array.from({ length: 50 }, (_, id) =>
      subject({ "spark-app-selector": `spark-${id}`, "sparkoperator.k8s.io/app-name": "nightly" }),
    );
    assert.equal(new Set(runs.map((run) => isInRollout(at(50), run))).size, 1);
  });

  it("tells namespaces apart", () => {
    const same = Array.from({ length: 50 }, (_, n) =>
      isInRollout(at(50), subject({ "sparkoperator.k8s.io/app-name": "nightly" }, `team-${n}`)),
    );
    assert.equal(new Set(same).size, 2);
  });

  it("audits outside, and says so", () => {
    assert.deepEqual(modeOf(refusing({ rollout: { percent: 0 } })), {
      mode: "Audit",
      modeFrom: "spec.rollout",
      enforceFrom: undefined,
      refused: false,
    });
    assert.equal(modeOf(refusing({ rollout: { percent: 100 } })).refused, true);
  });
});

describe("denyExecutors", () => {
  const refused = (spec: object, more: readonly string[] = [], at = AT) =>
    decided(refusing({ denyExecutors: true, ...spec }, more), executorPod(1), { at }).enforced
      .refused;

  it("refuses executors", () => {
    assert.equal(refused({}), true);
  });

  it("does not where a date or a rollout turned the policy on, maybe while the job ran", () => {
    assert.equal(refused({ enforceFrom: "2020-01-01" }), false);
    assert.equal(refused({ rollout: { percent: 100 } }), false);
  });

  it("does not where an exception has ended, maybe while the job ran", () => {
    assert.equal(refused({}, [exception({ expiresAt: "2027-01-01" })]), false);
    assert.equal(refused({}, [exception({ subjects: [{ namespaces: ["other"] }] })]), true);
  });
});

function exception(spec: object, name = "leave"): string {
  return JSON.stringify({
    apiVersion: "sparkgate.io/v1alpha1",
    kind: "SparkPolicyException",
    metadata: { name },
    spec: {
      subjects: [{ namespaces: ["team-a"] }],
      policies: ["p"],
      reason: "the image is frozen",
      owner: "team-risk",
      expiresAt: "2027-02-01",
      ...spec,
    },
  });
}

describe("exceptions", () => {
  const outcome = (spec: object, at = AT, pod = driverPod()) => {
    const decision = decided(refusing({}, [exception(spec)]), pod, { at });
    return { refused: decision.enforced.refused, ...outcomeOf(everything(decision), "p") };
  };

  it("let through whom they cover, and are named", () => {
    const { refused, exception, violations } = outcome({});
    assert.equal(refused, false);
    assert.deepEqual(violations, []);
    assert.equal(exception?.name, "leave");
  });

  it("end at their time, for drivers", () => {
    const at = Date.UTC(2027, 1, 1);
    assert.equal(outcome({}, at - 1).refused, false);
    assert.equal(outcome({}, at).refused, true);
  });

  it("cover by one of their subjects, all of whose clauses hold", () => {
    const other = { namespaces: ["other"] };
    const here = { namespaces: ["team-*"], roles: ["driver"] };
    assert.equal(outcome({ subjects: [other, here] }).exception?.name, "leave");
    assert.equal(outcome({ subjects: [{ ...here, roles: ["executor"] }] }).refused, true);
    const matchConditions = [{ name: "etl", expression: 'app.name == "etl"' }];
    assert.equal(outcome({ subjects: [{ matchConditions }] }).exception?.name, "leave");
  });

  it("that cannot be told are no pass", () => {
    const subjects = [{ namespaceSelector: { matchLabels: { tier: "batch" } } }];
    const { refused, error, effect } = outcome({ subjects });
    assert.deepEqual([refused, error], [true, undefined]);
    assert.deepEqual(effect?.kept, [
      "exception leave not applied: the labels of the namespace are not known",
    ]);
  });

  it("leave the place to the next policy of the kind", () => {
    const set = policySet([
      policyText("p", { priority: 1, placement: { capacity: "on-demand" } }),
      policyText("q", { placement: { capacity: "spot" } }),
      exception({}),
    ]);
    const { enforced } = decided(set, driverPod(), { at: AT });
    assert.equal(outcomeOf(enforced, "p").exception?.name, "leave");
    assert.equal(outcomeOf(enforced, "q").effect?.summary, "runs on spot nodes");
  });

  it("are told rather than who would have taken the place", () => {
    const set = policySet([
      policyText("first", { priority: 1, placement: { capacity: "spot" } }),
      policyText("p", { placement: { capacity: "on-demand" }, match: { namespaces: ["team-*"] } }),
      exception({}),
    ]);
    const { exception: leave, shadowedBy } = outcomeOf(
      decided(set, driverPod(), { at: AT }).enforced,
      "p",
    );
    assert.deepEqual([leave?.name, shadowedBy], ["leave", undefined]);
  });

  it("are told with the policies that they name", () => {
    const set: PolicySet = refusing({}, [exception({})]);
    const [policy] = set.policies as readonly [CompiledPolicy];
    assert.deepEqual(policy.exceptions, set.exceptions);
  });
});

describe("conditions and exceptions that fail", () => {
  const failing = [{ name: "fails", expression: "object.metadata.labels.nope == 'x'" }];
  const covering = { namespaces: ["team-a"] };
  const run = (spec: object, exceptions: readonly string[], pod = driverPod()) => {
    const decision = decided(refusing(spec, exceptions), pod, { at: AT });
    return { refused: decision.enforced.refused, ...outcomeOf(everything(decision), "p") };
  };

  it("leave a policy to an exception that covers", () => {
    const { refused, exception: leave } = run({ match: { matchConditions: failing } }, [
      exception({}),
    ]);
    assert.deepEqual([refused, leave?.name], [false, "leave"]);
  });

  it("stand in no other exception's way, in whatever order, nor in another subject's", () => {
    const fails = (name: string) => exception({ subjects: [{ matchConditions: failing }] }, name);
    for (const texts of [
      [fails("a"), exception({})],
      [exception({}), fails("z")],
      [exception({ subjects: [{ matchConditions: failing }, covering] })],
      [exception({ subjects: [covering, { matchConditions: failing }] })],
    ]) {
      assert.equal(run({}, texts).exception?.name, "leave");
    }
  });

  it("except nobody: the policy is applied, and which exception failed is told", () => {
    const fails = exception({ subjects: [{ matchConditions: failing }] }, "a");
    const { refused, error, effect } = run({}, [fails]);
    assert.deepEqual([refused, error], [true, undefined]);
    const told =
      "exception a not applied: matchConditions[fails]: no such key 'nope': ask with has()";
    assert.deepEqual(effect, { summary: undefined, replaced: [], kept: [told] });
    const obeyed = policyText("p", { mode: "Enforce", deny: { when: "false", message: "m" } });
    const sound = decided(policySet([obeyed, fails]), driverPod(), { at: AT });
    assert.equal(sound.enforced.refused, false);
    assert.deepEqual(outcomeOf(sound.enforced, "p").effect?.kept, [told]);
    const executor = run({ denyExecutors: true }, [fails], executorPod(1));
    assert.equal(executor.refused, false);
  });

  it("are forgotten once the exception has ended", () => {
    const ended = { subjects: [{ matchConditions: failing }], expiresAt: "2020-01-01" };
    const { error, effect, violations } = run({}, [exception(ended)]);
    assert.deepEqual([error, effect], [undefined, undefined]);
    assert.equal(violations.length, 1);
  });

  it("refuse no executor when another exception ends", () => {
    const texts = [
      exception({ expiresAt: "2027-01-01" }),
      exception({ subjects: [{ matchConditions: failing }] }, "other"),
    ];
    assert.equal(run({ denyExecutors: true }, texts, executorPod(1)).refused, false);
  });

  it("do not matter where another clause is false, in whatever order", () => {
    const isFalse = [{ name: "false", expression: "false" }];
    for (const matchConditions of [
      [...failing, ...isFalse],
      [...isFalse, ...failing],
    ]) {
      const decision = decided(refusing({ match: { matchConditions } }), driverPod(), { at: AT });
      assert.deepEqual(decision.enforced.outcomes, []);
    }
    const selector = {
      namespaceSelector: { matchLabels: { tier: "x" } },
      matchConditions: isFalse,
    };
    const unknown = decided(refusing({ match: selector }), driverPod(), { at: AT });
    assert.deepEqual(unknown.enforced.outcomes, []);
  });

  it("say nothing of an UPDATE where the policy does not judge any", () => {
    const set = refusing({ match: { matchConditions: failing } });
    const request = {
      ...{ operation: "UPDATE", admission: "validating" as const },
      oldObject: driverPod(),
    };
    const { enforced } = decided(set, driverPod(), { at: AT }, request);
    assert.deepEqual([enforced.refused, enforced.outcomes], [false, []]);
  });
});

describe("denyExecutors and what other policies do", () => {
  const refuses = policyText("refuses", {
    mode: "Enforce",
    denyExecutors: true,
    deny: { when: "has(object.metadata.labels.marked)", message: "is marked" },
  });
  const marks = policyText("marks", {
    mode: "Enforce",
    enforceFrom: "2027-01-01",
    metadata: { labels: { marked: "yes" } },
  });
  const set = policySet([refuses, marks], { mode: undefined });

  it("refuses no executor for what a policy did to it, maybe from a date on", () => {
    const { enforced } = decided(set, executorPod(1), { at: AT });
    assert.equal(outcomeOf(enforced, "refuses").violations.length, 1);
    assert.equal(enforced.refused, false);
    assert.equal(decided(set, driverPod(), { at: AT }).enforced.refused, true);
  });

  it("refuses one for what it brought itself", () => {
    const pod = executorPod(1, { labels: { marked: "yes" } });
    assert.equal(decided(set, pod, { at: AT }).enforced.refused, true);
  });

  it("refuses one for what it brought itself, whatever else policies did to it", () => {
    const other = policyText("other", { mode: "Enforce", metadata: { labels: { team: "risk" } } });
    const both = policySet([refuses, other], { mode: undefined });
    const pod = executorPod(1, { labels: { marked: "yes" } });
    const { enforced } = decided(both, pod, { at: AT });
    assert.equal(outcomeOf(enforced, "other").changes.length, 1);
    assert.equal(enforced.refused, true);
  });
});
