import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Decision, PolicyOutcome } from "../../../src/engine/decision.ts";
import { APPLIED_ANNOTATION } from "../../../src/engine/applied.ts";
import { decide } from "../../../src/engine/decide.ts";
import type { Path } from "../../../src/engine/draft.ts";
import { createPolicySet } from "../../../src/engine/policy-set.ts";
import type { CompiledPolicy, CompiledRule } from "../../../src/engine/policy.ts";
import type { Pod } from "../../../src/kubernetes/pod.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";
import { admitted, driverPod, executorPod } from "../../fixtures/pods.ts";
import { fakePolicy } from "../../fixtures/policies.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";

type Decided = Extract<Decision, { kind: "decided" }>;

function decided(policies: readonly CompiledPolicy[], pod: Pod = driverPod()): Decided {
  const decision = decide(createPolicySet(policies, "0"), admitted(deepFreeze(pod)), NO_FACTS);
  assert.equal(decision.kind, "decided");
  return decision;
}

function outcome(decision: Decided, policy: string): PolicyOutcome {
  const found = decision.enforced.outcomes.find((each) => each.policy === policy);
  assert.ok(found !== undefined, `no outcome of ${policy}`);
  return found;
}

function setting(path: Path, value: unknown): NonNullable<CompiledRule["mutate"]> {
  return (draft) => {
    draft.set(path, value);
    return { summary: `sets ${path.join(".")}`, replaced: [], kept: [] };
  };
}

const label = (name: string): Path => ["metadata", "labels", name];
const refusing: CompiledRule["judge"] = () => [
  { field: "spec", message: "is bad", fix: "mend it" },
];
const broken = (): never => {
  throw new Error("no such key 'team'");
};

const elsewhere = { clause: "match.namespaces", wanted: "[]" };

describe("decide: order", () => {
  it("goes by priority, then by name, and never by the order of loading", () => {
    const policies = [
      fakePolicy("b"),
      fakePolicy("z", { priority: 10 }),
      fakePolicy("constructor"),
      fakePolicy("a", { priority: -1 }),
      fakePolicy("B"),
    ];
    for (const loaded of [policies, policies.toReversed()]) {
      const names = decided(loaded).enforced.outcomes.map((each) => each.policy);
      assert.deepEqual(names, ["z", "B", "b", "constructor", "a"]);
    }
  });

  it("lets a later policy see what an earlier one did, and judges what all of them left", () => {
    const seen: unknown[] = [];
    const decision = decided([
      fakePolicy("a", {
        mutate: setting(label("team"), "risk"),
        judge: (pod) => {
          seen.push(pod.metadata?.labels?.["team"]);
          return [];
        },
      }),
      fakePolicy("b", { mutate: setting(label("team"), "etl") }),
    ]);
    assert.deepEqual(seen, ["etl"]);
    assert.equal(decision.enforced.pod.metadata?.labels?.["team"], "etl");
  });

  it("asks only the policies of the object's role that match it", () => {
    const decision = decided([
      fakePolicy("executors", { roles: ["executor"], judge: refusing }),
      fakePolicy("others", { mismatch: () => elsewhere, judge: refusing }),
      fakePolicy("mine", {
        mismatch: ({ namespace }) => (namespace === "team-a" ? undefined : elsewhere),
      }),
    ]);
    assert.deepEqual(
      decision.enforced.outcomes.map(({ policy }) => policy),
      ["mine"],
    );
  });

  it("says nothing and changes nothing without policies", () => {
    const { enforced, preview } = decided([]);
    assert.deepEqual(enforced.operations, []);
    assert.equal(enforced.refused, false);
    assert.equal(preview, undefined);
  });

  it("leaves an annotation that is not its own where nothing is enforced", () => {
    const brought = '{"v":1,"policies":{"not-ours":[{"path":"/spec/nodeName"}]}}';
    const pod = driverPod({ metadata: { annotations: { [APPLIED_ANNOTATION]: brought } } });
    const label = { mutate: setting(["metadata", "labels", "team"], "risk") };
    assert.deepEqual(decided([], pod).enforced.operations, []);
    const audit = decided([fakePolicy("a", { ...label, mode: "Audit" })], pod);
    assert.deepEqual(audit.enforced.operations, []);
    assert.equal(decided([fakePolicy("a", label)], pod).enforced.operations.length, 2);
  });

  it("shows the Pod before and after each policy that changes something", () => {
    const decision = decided([
      fakePolicy("a", { mutate: setting(label("team"), "risk") }),
      fakePolicy("b", { mutate: setting(label("team"), "risk") }),
      fakePolicy("c", { mutate: setting(label("team"), "etl") }),
    ]);
    const teams = decision.enforced.outcomes.map(({ change }) =>
      change === undefined
        ? undefined
        : [change.before, change.after].map((pod) => pod.metadata?.labels?.["team"]),
    );
    assert.deepEqual(teams, [[undefined, "risk"], undefined, ["risk", "etl"]]);
  });
});

describe("decide: policies of a kind of which one applies", () => {
  const high = fakePolicy("high", {
    combine: "one",
    priority: 1,
    mutate: setting(label("who"), "high"),
  });
  const low = fakePolicy("low", {
    combine: "one",
    mutate: setting(label("who"), "low"),
    judge: refusing,
  });

  it("applies the first whole and shadows the others, their judgement too", () => {
    const decision = decided([low, high]);
    assert.equal(decision.enforced.pod.metadata?.labels?.["who"], "high");
    assert.equal(outcome(decision, "low").shadowedBy, "high");
    assert.equal(decision.enforced.refused, false);
  });

  it("shadows the others of the kind where the first has nothing to change", () => {
    const judges = fakePolicy("judges", { combine: "one", priority: 2, judge: () => [] });
    const decision = decided([judges, low]);
    assert.equal(outcome(decision, "low").shadowedBy, "judges");
    assert.deepEqual(decision.enforced.operations, []);
  });

  it("keeps kinds apart", () => {
    const decision = decided([high, { ...low, rule: "other" }]);
    assert.equal(outcome(decision, "low").shadowedBy, undefined);
    assert.equal(decision.enforced.pod.metadata?.labels?.["who"], "low");
  });

  it("is not shadowed by a policy that does not enforce", () => {
    const decision = decided([{ ...high, mode: "Audit" }, low]);
    assert.equal(decision.enforced.pod.metadata?.labels?.["who"], "low");
    const preview = decision.preview?.outcomes.find(({ policy }) => policy === "low");
    assert.equal(preview?.shadowedBy, "high");
  });

  const failures: readonly (readonly [string, Partial<CompiledPolicy>])[] = [
    ["while matching", { mismatch: broken }],
    ["while changing", { mutate: broken }],
    ["while judging what it had changed", { judge: broken }],
    ["while judging, having changed nothing", { mutate: () => undefined, judge: broken }],
  ];
  for (const [when, failure] of failures) {
    it(`gives way to the next one where the first fails ${when}`, () => {
      const decision = decided([{ ...high, ...failure }, low]);
      assert.equal(outcome(decision, "low").shadowedBy, undefined);
      assert.equal(decision.enforced.pod.metadata?.labels?.["who"], "low");
      assert.equal(outcome(decision, "high").error, "no such key 'team'");
    });
  }
});

describe("decide: a policy that fails", () => {
  const others = [
    fakePolicy("a", { mutate: setting(label("a"), "1") }),
    fakePolicy("c", {
      mutate: setting(label("c"), "1"),
      judge: (pod) =>
        Object.hasOwn(pod.metadata?.labels ?? {}, "b")
          ? [{ field: "metadata.labels[b]", message: "is there", fix: "take it out" }]
          : [],
    }),
  ];
  const halfWay: CompiledRule["mutate"] = (draft) => {
    draft.set(label("b"), "1");
    return broken();
  };
  const failures: readonly (readonly [string, Partial<CompiledPolicy>])[] = [
    ["half way through its changes", { mutate: halfWay }],
    ["at judging, after it changed something", { mutate: setting(label("b"), "1"), judge: broken }],
    ["at matching", { mismatch: broken, mutate: setting(label("b"), "1") }],
  ];
  for (const [when, failure] of failures) {
    it(`is undone alone where it fails ${when}: all else is as if it did not exist`, () => {
      const failing = fakePolicy("b", { ...failure, onError: "Allow" });
      const loaded = new Set(["a", "b", "c"]);
      const without = decide(
        { ...createPolicySet(others, "0"), names: loaded },
        admitted(driverPod()),
        NO_FACTS,
      );
      const decision = decided([...others, failing]);
      assert.equal(without.kind, "decided");
      assert.deepEqual(decision.enforced.operations, without.enforced.operations);
      assert.deepEqual(decision.enforced.pod, without.enforced.pod);
      const rest = decision.enforced.outcomes.filter(({ policy }) => policy !== "b");
      assert.deepEqual(rest, without.enforced.outcomes);
      const failed = outcome(decision, "b");
      assert.equal(failed.error, "no such key 'team'");
      assert.deepEqual([failed.changes, failed.effect, failed.violations], [[], undefined, []]);
    });

    it(`refuses a driver where it fails ${when}, unless it says onError: Allow`, () => {
      assert.equal(decided([fakePolicy("b", failure)]).enforced.refused, true);
      const lenient = decided([fakePolicy("b", { ...failure, onError: "Allow" })]);
      assert.equal(lenient.enforced.refused, false);
      assert.equal(outcome(lenient, "b").error, "no such key 'team'");
    });

    it(`does not hang an executor's job where it fails ${when}`, () => {
      const decision = decided([fakePolicy("b", failure)], executorPod(1));
      assert.equal(decision.enforced.refused, false);
      assert.equal(outcome(decision, "b").error, "no such key 'team'");
    });
  }

  it("claims no effect where it failed at judging and had changed nothing", () => {
    const mutate = () => ({ summary: "looked only", replaced: [], kept: [] });
    const decision = decided([fakePolicy("b", { mutate, judge: broken })]);
    assert.equal(outcome(decision, "b").effect, undefined);
  });

  it("is told even if it throws what is no Error", () => {
    const throwing = () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- libraries do
      throw "overflow";
    };
    assert.equal(outcome(decided([fakePolicy("b", { judge: throwing })]), "b").error, "overflow");
  });

  it("survives all policies failing at once", () => {
    const policies = ["a", "b", "c", "d"].map((name) =>
      fakePolicy(name, { mutate: setting(label(name), "1"), judge: broken }),
    );
    const { enforced } = decided(policies);
    assert.deepEqual(enforced.operations, []);
    assert.equal(enforced.outcomes.filter(({ error }) => error !== undefined).length, 4);
  });

  it("that writes to the admitted object itself fails, and the object stays as it was", () => {
    const mutate: CompiledRule["mutate"] = (_draft, { pod }) => {
      Reflect.defineProperty(pod, "spec", { value: {} });
      Object.defineProperty(pod.metadata ?? {}, "labels", { value: {} });
      return undefined;
    };
    const decision = decided([fakePolicy("b", { mutate })]);
    assert.deepEqual(decision.enforced.pod, driverPod());
    assert.notEqual(outcome(decision, "b").error, undefined);
  });
});

describe("decide: refusals", () => {
  const deny = fakePolicy("deny", { judge: refusing });
  const cases: readonly (readonly [string, Pod, CompiledPolicy, boolean])[] = [
    ["refuses a driver", driverPod(), deny, true],
    [
      "refuses a connect-server as a driver",
      driverPod({ labels: { "spark-role": "connect-server" } }),
      deny,
      true,
    ],
    ["does not refuse an executor, since Spark would ask for ever", executorPod(1), deny, false],
    [
      "refuses an executor where the policy says so",
      executorPod(1),
      { ...deny, denyExecutors: true },
      true,
    ],
    [
      "refuses an executor where such a policy fails",
      executorPod(1),
      { ...deny, denyExecutors: true, judge: broken },
      true,
    ],
    ["does not refuse in Warn", driverPod(), { ...deny, mode: "Warn" }, false],
    ["does not refuse in Audit", driverPod(), { ...deny, mode: "Audit" }, false],
    ["refuses although onError is Allow", driverPod(), { ...deny, onError: "Allow" }, true],
  ];
  for (const [what, pod, policy, refused] of cases) {
    it(what, () => {
      assert.equal(decided([policy], pod).enforced.refused, refused);
    });
  }

  it("keeps an executor's violations for those who read reports", () => {
    assert.equal(outcome(decided([deny], executorPod(1)), "deny").violations.length, 1);
  });

  it("shows in the preview that a policy in Audit would refuse", () => {
    const decision = decided([{ ...deny, mode: "Audit" }]);
    assert.equal(decision.preview?.refused, true);
    assert.deepEqual(decision.enforced.outcomes, []);
  });
});

describe("decide: Pods that cannot be read", () => {
  const cases: readonly (readonly [string, unknown, boolean])[] = [
    ["refuses a driver", { ...driverPod(), spec: { containers: "x" } }, true],
    ["admits an executor", { ...executorPod(1), spec: { containers: "x" } }, false],
    ["refuses what may be a driver", { metadata: { labels: "spark-role=driver" } }, true],
    ["refuses an empty request", null, true],
  ];
  for (const [what, object, refused] of cases) {
    it(what, () => {
      const decision = decide(createPolicySet([], "0"), admitted(object), NO_FACTS);
      assert.equal(decision.kind, "malformed");
      assert.equal(decision.refused, refused);
    });
  }
});
