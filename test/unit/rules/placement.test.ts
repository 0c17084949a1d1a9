import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Decision, Run } from "../../../src/engine/decision.ts";
import { decide } from "../../../src/engine/decide.ts";
import type { PolicySet } from "../../../src/engine/policy-set.ts";
import { matchesNode } from "../../../src/kubernetes/node-affinity.ts";
import type { NodeSelectorTerm, Pod, PodSpec, StringMap } from "../../../src/kubernetes/pod.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";
import { admitted, driverPod, executorPod } from "../../fixtures/pods.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";

const KEY = "karpenter.sh/capacity-type";
const ZONE = "topology.kubernetes.io/zone";

type Rule = Readonly<Record<string, unknown>>;

function placing(rule: Rule): PolicySet {
  return policySet(policyText("place", { placement: rule }));
}

function enforced(set: PolicySet, pod: Pod): Run {
  const decision: Decision = decide(set, admitted(deepFreeze(pod)), NO_FACTS);
  assert.equal(decision.kind, "decided");
  return decision.enforced;
}

function place(rule: Rule, pod: Pod): Run {
  return enforced(placing(rule), pod);
}

function withSpec(spec: PodSpec): Pod {
  return driverPod({ spec });
}

const is = (key: string, ...values: readonly string[]) => ({ key, operator: "In", values });
const term = (...matchExpressions: readonly ReturnType<typeof is>[]): NodeSelectorTerm => ({
  matchExpressions,
});
const requiring = (...nodeSelectorTerms: readonly NodeSelectorTerm[]): PodSpec => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
  },
});
const preferring = (...preferences: readonly NodeSelectorTerm[]): PodSpec => ({
  affinity: {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: preferences.map((preference) => ({
        weight: 100,
        preference,
      })),
    },
  },
});

function required(run: Run): readonly NodeSelectorTerm[] | undefined {
  const affinity = run.pod.spec?.affinity?.nodeAffinity;
  return affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? undefined;
}

function preferred(run: Run): readonly (NodeSelectorTerm | null | undefined)[] {
  const affinity = run.pod.spec?.affinity?.nodeAffinity;
  const terms = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.map(({ preference }) => preference);
}

function replaced(run: Run): readonly string[] {
  return run.outcomes.flatMap(({ effect }) => effect?.replaced ?? []);
}

describe("placement: a Pod that chose nothing", () => {
  for (const onUserChoice of ["Replace", "Keep", "Deny"]) {
    it(`is restricted to the capacity under ${onUserChoice}`, () => {
      const run = place({ capacity: "on-demand", onUserChoice }, driverPod());
      assert.deepEqual(required(run), [term(is(KEY, "on-demand"))]);
      assert.deepEqual(preferred(run), []);
      assert.deepEqual(replaced(run), []);
      assert.equal(run.refused, false);
    });
  }

  it("is told so in a line", () => {
    const run = place({ capacity: "on-demand" }, driverPod());
    assert.equal(run.outcomes[0]?.effect?.summary, "runs on on-demand nodes");
  });

  it("may fall back, the first capacity preferred", () => {
    const run = place({ capacity: "spot", fallback: ["on-demand"] }, driverPod());
    assert.deepEqual(required(run), [term(is(KEY, "spot", "on-demand"))]);
    assert.deepEqual(preferred(run), [term(is(KEY, "spot"))]);
  });

  it("requires nothing under Preferred", () => {
    const run = place({ capacity: "spot", scheduling: "Preferred" }, driverPod());
    assert.equal(required(run), undefined);
    assert.deepEqual(preferred(run), [term(is(KEY, "spot"))]);
  });

  it("keeps every other constraint of its author in every term", () => {
    const names = { matchFields: [{ key: "metadata.name", operator: "In", values: ["node-1"] }] };
    const spec = { ...requiring(term(is(ZONE, "a")), { ...term(is(ZONE, "b")), ...names }) };
    const run = place({ capacity: "spot" }, withSpec({ ...spec, nodeSelector: { arch: "arm64" } }));
    assert.deepEqual(required(run), [
      term(is(ZONE, "a"), is(KEY, "spot")),
      { ...term(is(ZONE, "b"), is(KEY, "spot")), ...names },
    ]);
    assert.deepEqual(run.pod.spec?.nodeSelector, { arch: "arm64" });
  });

  it("keeps other affinities and preferences", () => {
    const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [] };
    const { affinity } = preferring(term(is(ZONE, "a")));
    const spec = { affinity: { ...affinity, podAntiAffinity } };
    const run = place({ capacity: "spot", fallback: ["on-demand"] }, withSpec(spec));
    assert.deepEqual(run.pod.spec?.affinity?.podAntiAffinity, podAntiAffinity);
    assert.deepEqual(preferred(run), [term(is(ZONE, "a")), term(is(KEY, "spot"))]);
  });

  it("is not made to match where its author's empty term matches no node", () => {
    assert.deepEqual(required(place({ capacity: "spot" }, withSpec(requiring({})))) ?? [{}], [{}]);
  });

  it("copes with null at every level of the affinity", () => {
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: null };
    for (const spec of [
      { affinity: null, nodeSelector: null, tolerations: null },
      { affinity: { nodeAffinity: null } },
      { affinity: { nodeAffinity } },
      { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } },
    ]) {
      const run = place({ capacity: "spot" }, withSpec(spec));
      assert.deepEqual(required(run), [term(is(KEY, "spot"))]);
      const prefers = place({ capacity: "spot", scheduling: "Preferred" }, withSpec(spec));
      assert.deepEqual(preferred(prefers), [term(is(KEY, "spot"))]);
    }
  });

  it("may have no spec yet", () => {
    const { metadata } = driverPod();
    const pod: Pod = { apiVersion: "v1", kind: "Pod", ...(metadata != null && { metadata }) };
    for (const scheduling of ["Required", "Preferred"]) {
      const run = place({ capacity: "spot", scheduling }, pod);
      assert.deepEqual(run.outcomes[0]?.error, undefined);
      assert.equal(run.operations[0]?.path, "/spec");
    }
  });

  it("is counted for the capacity on which it now runs, or had rather run", () => {
    for (const scheduling of ["Required", "Preferred"]) {
      const { outcomes } = place({ capacity: "spot", scheduling }, driverPod());
      assert.equal(outcomes[0]?.effect?.capacity, "spot");
    }
  });

  for (const capacity of ["spot", "on-demand"]) {
    it(`is changed once, where it shall rather run on ${capacity}`, () => {
      const set = tainted({ capacity, scheduling: "Preferred" });
      const once = enforced(set, driverPod());
      assert.notDeepEqual(once.operations, []);
      assert.deepEqual(enforced(set, once.pod).operations, []);
    });
  }
});

interface Choice {
  readonly chosen: string;
  readonly spec: PodSpec;
  readonly field: string;
}

const wrong: readonly Choice[] = [
  {
    chosen: "nodeSelector",
    spec: { nodeSelector: { [KEY]: "spot", arch: "arm64" } },
    field: `spec.nodeSelector[${KEY}]`,
  },
  {
    chosen: "required affinity",
    spec: requiring(term(is(ZONE, "a"), is(KEY, "spot"))),
    field:
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1]",
  },
];

describe("placement: a Pod that chose another capacity", () => {
  for (const { chosen, spec, field } of wrong) {
    it(`by ${chosen} gets the policy's under Replace, and is told what it lost`, () => {
      const run = place({ capacity: "on-demand" }, withSpec(spec));
      const zone = chosen === "nodeSelector" ? [] : [is(ZONE, "a")];
      assert.deepEqual(required(run), [term(...zone, is(KEY, "on-demand"))]);
      assert.equal(Object.hasOwn(run.pod.spec?.nodeSelector ?? {}, KEY), false);
      assert.deepEqual(replaced(run), [`${field} 'spot' replaced: 'on-demand'`]);
      assert.equal(run.refused, false);
    });

    it(`by ${chosen} keeps it under Keep`, () => {
      const run = place({ capacity: "on-demand", onUserChoice: "Keep" }, withSpec(spec));
      assert.deepEqual(run.operations, []);
      assert.equal(run.refused, false);
      assert.equal(run.outcomes[0]?.effect?.capacity, undefined);
    });

    it(`by ${chosen} is refused under Deny, with the field and both values`, () => {
      const run = place({ capacity: "on-demand", onUserChoice: "Deny" }, withSpec(spec));
      assert.equal(run.refused, true);
      const [violation, ...more] = run.outcomes.flatMap(({ violations }) => violations);
      assert.deepEqual(more, []);
      assert.equal(violation?.field, field);
      assert.equal(violation.message, "'spot', needs 'on-demand'");
    });

    it(`by ${chosen} loses the requirement under Preferred and Replace`, () => {
      const rule = { capacity: "on-demand", scheduling: "Preferred" };
      const run = place(rule, withSpec(spec));
      const kept = chosen === "nodeSelector" ? undefined : [term(is(ZONE, "a"))];
      assert.deepEqual(required(run), kept);
      assert.equal(Object.hasOwn(run.pod.spec?.nodeSelector ?? {}, KEY), false);
      assert.deepEqual(preferred(run), [term(is(KEY, "on-demand"))]);
      assert.equal(replaced(run).length, 1);
    });
  }

  it("as its only requirement is left without any under Preferred and Replace", () => {
    const spec = requiring(term(is(KEY, "spot")), term(is(ZONE, "a")));
    const run = place({ capacity: "on-demand", scheduling: "Preferred" }, withSpec(spec));
    assert.equal(required(run), undefined);
  });

  it("tells a driver which conf is to be used, and an executor which to take out", () => {
    const rule = { capacity: "on-demand", onUserChoice: "Deny" };
    const spec = { nodeSelector: { [KEY]: "spot" } };
    const fix = (pod: Pod) => place(rule, pod).outcomes[0]?.violations[0]?.fix;
    assert.equal(
      fix(driverPod({ spec })),
      "use spark.kubernetes.executor.node.selector.*; spark.kubernetes.node.selector.* also hits the driver",
    );
    assert.equal(
      fix(executorPod(1, { spec })),
      `take out spark.kubernetes.executor.node.selector.${KEY}`,
    );
  });

  it("by a preference loses it where the policy prefers, and is told", () => {
    const spec = preferring(term(is(KEY, "on-demand")), term(is(ZONE, "a")));
    const run = place({ capacity: "spot", scheduling: "Preferred" }, withSpec(spec));
    assert.deepEqual(preferred(run), [term(is(ZONE, "a")), term(is(KEY, "spot"))]);
    assert.deepEqual(replaced(run), ["a preference for other nodes replaced: spot"]);
  });

  it("by a preference keeps it under Keep", () => {
    const spec = preferring(term(is(KEY, "on-demand")));
    const rule = { capacity: "spot", scheduling: "Preferred", onUserChoice: "Keep" };
    assert.deepEqual(place(rule, withSpec(spec)).operations, []);
  });

  it("by a preference keeps it where the requirement makes it harmless", () => {
    const spec = preferring(term(is(KEY, "spot")));
    const run = place({ capacity: "on-demand" }, withSpec(spec));
    assert.deepEqual(required(run), [term(is(KEY, "on-demand"))]);
    assert.deepEqual(preferred(run), [term(is(KEY, "spot"))]);
  });

  it("by an operator without values is shown that operator alone", () => {
    const spec = requiring({ matchExpressions: [{ key: KEY, operator: "Exists" }] });
    const run = place({ capacity: "on-demand" }, withSpec(spec));
    assert.match(replaced(run)[0] ?? "", /\] Exists replaced: 'on-demand'$/);
  });

  it("by an operator is shown that operator", () => {
    const spec = requiring({
      matchExpressions: [{ key: KEY, operator: "NotIn", values: ["on-demand"] }],
    });
    const run = place({ capacity: "on-demand" }, withSpec(spec));
    assert.match(replaced(run)[0] ?? "", /NotIn 'on-demand' replaced: 'on-demand'$/);
  });
});

describe("placement: a Pod that contradicts itself, and would wait without end", () => {
  const affinity = (value: string) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term(is(KEY, value))] },
    },
  });
  for (const [name, selected, required_] of [
    ["wrong by nodeSelector, right by affinity", "spot", "on-demand"],
    ["right by nodeSelector, wrong by affinity", "on-demand", "spot"],
  ] as const) {
    const spec = { nodeSelector: { [KEY]: selected }, affinity: affinity(required_) };
    it(`${name}: only what is wrong is replaced, and it can run`, () => {
      const run = place({ capacity: "on-demand" }, withSpec(spec));
      assert.deepEqual(required(run), [term(is(KEY, "on-demand"))]);
      const left = selected === "spot" ? {} : { [KEY]: selected };
      assert.deepEqual(run.pod.spec?.nodeSelector, left);
      assert.equal(replaced(run).length, 1);
      assert.match(replaced(run)[0] ?? "", /'spot' replaced: 'on-demand'/);
    });

    it(`${name}: is refused under Deny for what is wrong alone`, () => {
      const run = place({ capacity: "on-demand", onUserChoice: "Deny" }, withSpec(spec));
      const messages = run.outcomes.flatMap(({ violations }) => violations).map((v) => v.message);
      assert.deepEqual(messages, ["'spot', needs 'on-demand'"]);
    });
  }
});

describe("placement: a term that contradicts itself, and would match no node", () => {
  for (const [operator, values] of [
    ["DoesNotExist", undefined],
    ["NotIn", ["spot"]],
    ["In", ["on-demand"]],
  ] as const) {
    it(`by ${operator} beside the right capacity can run in the end`, () => {
      const other = { key: KEY, operator, ...(values !== undefined && { values }) };
      const spec = requiring({ matchExpressions: [is(ZONE, "a"), is(KEY, "spot"), other] });
      const run = place({ capacity: "spot" }, withSpec(spec));
      assert.deepEqual(required(run), [term(is(ZONE, "a"), is(KEY, "spot"))]);
      assert.equal(enforced(placing({ capacity: "spot" }), run.pod).operations.length, 0);
    });
  }
});

describe("placement: a choice of which a part is right", () => {
  it("does not lose that part together with the wrong one", () => {
    const { nodeSelector, affinity } = {
      nodeSelector: { [KEY]: "on-demand" },
      ...requiring(term(is(KEY, "spot", "on-demand"), is(KEY, "spot"))),
    };
    const run = place({ capacity: "spot" }, withSpec({ nodeSelector, affinity }));
    assert.deepEqual(required(run), [term(is(KEY, "spot", "on-demand"), is(KEY, "spot"))]);
    assert.deepEqual(run.pod.spec?.nodeSelector, {});
  });
});

describe("placement: after all mutating webhooks", () => {
  const undone = "another webhook undid the choice of on-demand nodes";
  const onSpot = { nodeSelector: { [KEY]: "spot" } };
  const cases: readonly (readonly [string, Rule, PodSpec, string | undefined])[] = [
    ["all is as it was left", {}, requiring(term(is(KEY, "on-demand"))), undefined],
    ["the affinity is gone", {}, {}, "spec.affinity.nodeAffinity"],
    ["another capacity is chosen", {}, onSpot, `spec.nodeSelector[${KEY}]`],
    ["a choice is the user's own", { onUserChoice: "Keep" }, onSpot, undefined],
    ["the affinity is gone, Keep", { onUserChoice: "Keep" }, {}, "spec.affinity.nodeAffinity"],
    ["the affinity is gone, Deny", { onUserChoice: "Deny" }, {}, "spec.affinity.nodeAffinity"],
    ["it is a preference", { scheduling: "Preferred" }, {}, undefined],
  ];
  for (const [what, rule, spec, field] of cases) {
    it(`${field === undefined ? "has nothing against" : "refuses"} a driver: ${what}`, () => {
      const set = placing({ capacity: "on-demand", ...rule });
      const object = admitted(withSpec(spec), { admission: "validating" });
      const decision = decide(set, object, NO_FACTS);
      assert.equal(decision.kind, "decided");
      const violations = decision.enforced.outcomes.flatMap((outcome) => outcome.violations);
      assert.deepEqual(
        violations.map((violation) => [violation.field, violation.message]),
        field === undefined ? [] : [[field, undone]],
      );
    });
  }
});

describe("placement: a Pod that is right already", () => {
  const right: readonly (readonly [string, PodSpec])[] = [
    ["by nodeSelector", { nodeSelector: { [KEY]: "spot" } }],
    [
      "by nodeSelector, with a zone by affinity",
      { nodeSelector: { [KEY]: "spot" }, ...requiring(term(is(ZONE, "a"))) },
    ],
    ["by required affinity", requiring(term(is(ZONE, "a"), is(KEY, "spot")))],
    ["in all of its terms", requiring(term(is(KEY, "spot"), is(ZONE, "a")), term(is(KEY, "spot")))],
  ];
  for (const [how, spec] of right) {
    for (const onUserChoice of ["Replace", "Keep", "Deny"]) {
      it(`${how} is left alone under ${onUserChoice}`, () => {
        const run = place({ capacity: "spot", onUserChoice }, withSpec(spec));
        assert.deepEqual(run.operations, []);
        assert.equal(run.refused, false);
      });
    }
  }

  it("in one term and open in another is restricted in the other, and not blamed", () => {
    for (const onUserChoice of ["Replace", "Keep", "Deny"]) {
      const spec = requiring(term(is(KEY, "spot")), term(is(ZONE, "a")));
      const run = place({ capacity: "spot", onUserChoice }, withSpec(spec));
      assert.equal(run.refused, false, onUserChoice);
      assert.deepEqual(required(run), [
        term(is(KEY, "spot")),
        term(is(ZONE, "a"), is(KEY, "spot")),
      ]);
      assert.deepEqual(replaced(run), []);
    }
  });

  it("in one term and wrong in another is blamed for the wrong one alone", () => {
    const spec = requiring(term(is(KEY, "spot")), term(is(KEY, "on-demand"), is(ZONE, "a")));
    const run = place({ capacity: "spot", onUserChoice: "Deny" }, withSpec(spec));
    const fields = run.outcomes.flatMap(({ violations }) => violations.map(({ field }) => field));
    assert.equal(fields.length, 1);
    assert.match(fields[0] ?? "", /nodeSelectorTerms\[1\]\.matchExpressions\[0\]$/);
  });

  it("may narrow a fallback down to one of its capacities", () => {
    const spec = { nodeSelector: { [KEY]: "on-demand" } };
    const rule = { capacity: "spot", fallback: ["on-demand"], onUserChoice: "Deny" };
    const run = place(rule, withSpec(spec));
    assert.equal(run.refused, false);
    assert.deepEqual(run.pod.spec?.nodeSelector, spec.nodeSelector);
  });
});

const TAINTED = `
apiVersion: sparkgate.io/v1alpha1
kind: SparkPlatform
metadata: {name: tainted}
spec:
  capacityKeys: [pool, legacy-pool]
  capacities:
    - name: spot
      nodeSelectorTerms: [{matchExpressions: [{key: pool, operator: In, values: [spot]}]}]
      tolerations: [{key: spot-only, operator: Exists, effect: NoSchedule}]
    - name: on-demand
      nodeSelectorTerms:
        - matchExpressions: [{key: pool, operator: DoesNotExist}]
        - matchExpressions: [{key: pool, operator: In, values: [regular]}]
`;

function tainted(rule: Rule): PolicySet {
  return policySet([TAINTED, policyText("place", { placement: rule })], { platform: "tainted" });
}

describe("placement: taints, legacy labels and labels that are absent", () => {
  const set = tainted;

  it("adds the toleration that the nodes need behind those that are there", () => {
    const run = enforced(set({ capacity: "spot" }), driverPod());
    const keys = run.pod.spec?.tolerations?.map(({ key }) => key);
    assert.deepEqual(keys, ["node.kubernetes.io/not-ready", "spot-only"]);
  });

  it("adds no toleration that is covered, and none to a Pod that stays on demand", () => {
    const tolerations = [{ key: "spot-only", operator: "Exists" }];
    const covered = enforced(set({ capacity: "spot" }), withSpec({ tolerations }));
    assert.deepEqual(covered.pod.spec?.tolerations, tolerations);
    const stays = enforced(set({ capacity: "on-demand" }), withSpec({ tolerations: [] }));
    assert.deepEqual(stays.pod.spec?.tolerations, []);
  });

  it("refuses no driver of which another webhook took the toleration alone", () => {
    const spec = { ...requiring(term(is("pool", "spot"))), tolerations: [] };
    const object = admitted(withSpec(spec), { admission: "validating" });
    const decision = decide(set({ capacity: "spot" }), object, NO_FACTS);
    assert.equal(decision.kind, "decided");
    const [outcome] = decision.enforced.outcomes;
    assert.deepEqual([outcome?.changes.length, outcome?.violations], [1, []]);
  });

  it("says nothing of a preference that is kept, although it adds a toleration", () => {
    const rule = { capacity: "spot", scheduling: "Preferred", onUserChoice: "Keep" };
    const run = enforced(set(rule), withSpec(preferring(term(is("pool", "regular")))));
    assert.equal(run.pod.spec?.tolerations?.at(-1)?.key, "spot-only");
    assert.deepEqual(replaced(run), []);
  });

  it("never adds a toleration without a key", () => {
    for (const rule of [{ capacity: "spot" }, { capacity: "spot", fallback: ["on-demand"] }]) {
      const run = enforced(set(rule), driverPod());
      assert.ok(run.pod.spec?.tolerations?.every(({ key }) => key !== undefined && key !== ""));
    }
  });

  it("multiplies terms that are alternatives with the author's own", () => {
    const spec = requiring(term(is(ZONE, "a")), term(is(ZONE, "b")));
    const run = enforced(set({ capacity: "on-demand" }), withSpec(spec));
    assert.equal(required(run)?.length, 4);
  });

  it("blames only what is wrong in a term, whichever alternative the rest means", () => {
    const spec = requiring(term(is("pool", "regular"), is("legacy-pool", "spot")));
    const told = replaced(enforced(set({ capacity: "on-demand" }), withSpec(spec)));
    assert.equal(told.length, 1);
    assert.match(told[0] ?? "", /matchExpressions\[1\] 'spot' replaced/);
  });

  it("replaces a choice that was made with a legacy label", () => {
    const spec = { nodeSelector: { "legacy-pool": "spot" } };
    const run = enforced(set({ capacity: "on-demand" }), withSpec(spec));
    assert.deepEqual(run.pod.spec?.nodeSelector, {});
    assert.deepEqual(replaced(run), [
      "spec.nodeSelector[legacy-pool] 'spot' replaced: a node with capacity on-demand",
    ]);
  });
});

describe("placement: a Pod that names its node", () => {
  for (const onUserChoice of ["Replace", "Keep", "Deny"]) {
    it(`is refused under ${onUserChoice}: it goes around the scheduler`, () => {
      const run = place({ capacity: "on-demand", onUserChoice }, withSpec({ nodeName: "node-1" }));
      assert.equal(run.refused, true);
      assert.equal(run.outcomes[0]?.violations[0]?.field, "spec.nodeName");
    });
  }

  it("is not refused for an empty name, nor if it is an executor", () => {
    assert.equal(place({ capacity: "spot" }, withSpec({ nodeName: "" })).refused, false);
    const executor = executorPod(1, { spec: { nodeName: "node-1" } });
    assert.equal(place({ capacity: "spot" }, executor).refused, false);
  });
});

describe("placement: executors on demand", () => {
  const onDemandIds = (onDemand: Rule, ids: readonly (number | string)[]) => {
    const set = placing({ capacity: "spot", onDemand });
    return ids.filter((id) => {
      const terms = required(enforced(set, executorPod(id)));
      return terms?.[0]?.matchExpressions?.[0]?.values?.includes("on-demand");
    });
  };
  const first = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  it("puts executors 5 and 10 of ten on demand for 20%", () => {
    assert.deepEqual(onDemandIds({ percent: 20 }, first(10)), [5, 10]);
  });

  it("puts the base on demand first, then the share of the rest", () => {
    assert.deepEqual(onDemandIds({ base: 2, percent: 50 }, first(8)), [1, 2, 4, 6, 8]);
  });

  it("puts an executor that cannot be counted on the usual capacity", () => {
    const ids = ["EXECID", "abc", "0", "-1"];
    assert.deepEqual(onDemandIds({ base: 1, percent: 50 }, ids), []);
  });

  it("never puts a driver of a policy for all roles on another capacity", () => {
    const rule = { capacity: "spot", onDemand: { base: 100 } };
    const pod = driverPod({ labels: { "spark-exec-id": "1" } });
    assert.deepEqual(required(place(rule, pod)), [term(is(KEY, "spot"))]);
  });
});

describe("placement: several labels for one thing", () => {
  const SCALE_SET = "kubernetes.azure.com/scalesetpriority";
  const PRIORITY = "kubernetes.azure.com/priority";
  const GROUP = "eks.amazonaws.com/capacityType";
  const azure = [
    { [SCALE_SET]: "spot", [PRIORITY]: "spot" },
    { [SCALE_SET]: "spot" },
    { [PRIORITY]: "regular" },
    {},
  ];
  const amazon = [
    { [GROUP]: "SPOT" },
    { [GROUP]: "ON_DEMAND" },
    { [KEY]: "spot" },
    { [KEY]: "on-demand" },
  ];
  const spotOn = { aks: [0, 1], eks: [0, 2] };
  const nodes = { aks: azure, eks: amazon };

  type Platform = "aks" | "eks";
  /** Which of the nodes a Pod may run on. */
  function allowed(platform: Platform, { spec }: Pod): readonly number[] {
    const terms =
      spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        ?.nodeSelectorTerms;
    const selector = Object.entries(spec?.nodeSelector ?? {});
    return nodes[platform].flatMap((labels: StringMap, index) =>
      selector.every(([key, value]) => labels[key] === value) &&
      (terms == null || matchesNode(terms, { labels }))
        ? [index]
        : [],
    );
  }

  const cases: readonly (readonly [Platform, string, PodSpec, number])[] = [
    ["aks", "nothing", {}, 0],
    ["aks", "spot by the old label", { nodeSelector: { [SCALE_SET]: "spot" } }, 1],
    ["aks", "regular by the new one", { nodeSelector: { [PRIORITY]: "regular" } }, 0],
    ["aks", "both at odds", { nodeSelector: { [PRIORITY]: "regular", [SCALE_SET]: "spot" } }, 1],
    [
      "aks",
      "spot by affinity",
      requiring(term(is(SCALE_SET, "spot")), term(is(PRIORITY, "spot"))),
      2,
    ],
    ["eks", "nothing", {}, 0],
    ["eks", "on demand by one label", { nodeSelector: { [GROUP]: "ON_DEMAND" } }, 0],
    [
      "eks",
      "on demand by both, which no node has",
      { nodeSelector: { [GROUP]: "ON_DEMAND", [KEY]: "on-demand" } },
      1,
    ],
    [
      "eks",
      "one label right and the other wrong",
      { nodeSelector: { [GROUP]: "ON_DEMAND", [KEY]: "spot" } },
      1,
    ],
    [
      "eks",
      "one label wrong and the other right",
      { nodeSelector: { [GROUP]: "SPOT", [KEY]: "on-demand" } },
      1,
    ],
    [
      "eks",
      "both right, in two places",
      { nodeSelector: { [KEY]: "on-demand" }, ...requiring(term(is(GROUP, "ON_DEMAND"))) },
      1,
    ],
  ];
  for (const nodeSelector of [{ [GROUP]: "ON_DEMAND" }, { [KEY]: "on-demand" }]) {
    it(`on eks leave a Pod alone that chose rightly by ${Object.keys(nodeSelector)[0] ?? ""}`, () => {
      const rule = { placement: { capacity: "on-demand" } };
      const set = policySet(policyText("place", rule), { platform: "eks" });
      assert.deepEqual(enforced(set, withSpec({ nodeSelector })).operations, []);
    });
  }

  it("need on aks no value that on-demand nodes must not have", () => {
    const rule = { placement: { capacity: "on-demand" } };
    const set = policySet(policyText("place", rule), { platform: "aks" });
    const run = enforced(set, withSpec({ nodeSelector: { [SCALE_SET]: "spot" } }));
    assert.deepEqual(replaced(run), [
      `spec.nodeSelector[${SCALE_SET}] 'spot' replaced: a node with capacity on-demand`,
    ]);
  });

  for (const [platform, what, spec, replaced] of cases) {
    it(`on ${platform}, a driver that chose ${what}, is allowed on demand and nowhere else`, () => {
      const rule = { placement: { capacity: "on-demand" } };
      const set = policySet(policyText("place", rule), { platform });
      const once = enforced(set, withSpec(spec));
      const nodesAllowed = allowed(platform, once.pod);
      assert.ok(nodesAllowed.length > 0, JSON.stringify(once.pod.spec?.affinity));
      assert.ok(!nodesAllowed.some((index) => spotOn[platform].includes(index)));
      assert.equal(once.outcomes[0]?.effect?.replaced.length ?? 0, replaced);
      assert.deepEqual(enforced(set, once.pod).operations, []);
    });
  }
});
