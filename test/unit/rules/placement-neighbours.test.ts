import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { Run } from "../../../src/engine/decision.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import type { Pod, StringMap } from "../../../src/kubernetes/pod.ts";
import { problemText } from "../../../src/policy/problem.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";
import { admitted, driverPod, executorPod } from "../../fixtures/pods.ts";
import { compile, policySet, policyText } from "../../fixtures/policies.ts";

const KEY = "karpenter.sh/capacity-type";
const PERCENT = "sparkgate.io/on-demand-percent";

function place(rule: object, pod: Pod): Run {
  const set = policySet(policyText("place", { placement: { capacity: "spot", ...rule } }));
  const decision = decide(set, admitted(deepFreeze(pod)), NO_FACTS);
  assert.equal(decision.kind, "decided");
  const again = decide(set, admitted(deepFreeze(decision.enforced.pod)), NO_FACTS);
  assert.ok(again.kind === "decided");
  assert.deepEqual(again.enforced.operations, [], "a second pass changes nothing");
  assert.equal(decision.enforced.pod.spec?.schedulerName, pod.spec?.schedulerName);
  return decision.enforced;
}

const effectOf = (run: Run) => run.outcomes[0]?.effect;

function labelled(pod: Pod, labels: StringMap, annotations: StringMap = {}): Pod {
  const metadata = { ...pod.metadata, labels: { ...pod.metadata?.labels, ...labels }, annotations };
  return { ...pod, metadata };
}

function capacityOf({ pod }: Run): readonly string[] | null | undefined {
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required?.nodeSelectorTerms?.[0]?.matchExpressions?.[0]?.values;
}

describe("placement: sameZone", () => {
  const term = {
    labelSelector: { matchLabels: { "spark-app-selector": "spark-7f3a" } },
    topologyKey: "topology.kubernetes.io/zone",
  };
  const podAffinity = (run: Run) => run.pod.spec?.affinity?.podAffinity;

  it("is off unless asked for, and never there for a driver, whom the others follow", () => {
    assert.equal(podAffinity(place({}, executorPod(1))), undefined);
    assert.equal(podAffinity(place({ sameZone: "Required" }, driverPod())), undefined);
  });

  it("puts executors into the zone of their application", () => {
    assert.deepEqual(podAffinity(place({ sameZone: "Required" }, executorPod(1))), {
      requiredDuringSchedulingIgnoredDuringExecution: [term],
    });
    assert.deepEqual(podAffinity(place({ sameZone: "Preferred" }, executorPod(1))), {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
    });
  });

  it("keeps the job's own terms, and adds none that is there", () => {
    const own = { ...term, topologyKey: "kubernetes.io/hostname" };
    const having = (...terms: readonly object[]) =>
      executorPod(1, {
        spec: {
          affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
        },
      });
    const both = { requiredDuringSchedulingIgnoredDuringExecution: [own, term] };
    assert.deepEqual(podAffinity(place({ sameZone: "Required" }, having(own))), both);
    assert.deepEqual(podAffinity(place({ sameZone: "Required" }, having(own, term))), both);
  });

  it("says where nobody knows the application", () => {
    const nameless = executorPod(1, {
      metadata: { name: "e", labels: { "spark-role": "executor", "spark-exec-id": "1" } },
    });
    const run = place({ sameZone: "Required" }, nameless);
    assert.equal(podAffinity(run), undefined);
    assert.match(effectOf(run)?.kept[0] ?? "", /^without a label spark-app-selector/);
  });
});

describe("placement: a share that the job chooses", () => {
  const range = { percent: 20, userRange: { min: 10, max: 50 } };
  const cases: readonly (readonly [string, object, string | undefined, string[], string?])[] = [
    ["nothing chosen", range, undefined, ["5", "10"]],
    ["within the range", range, "50", ["2", "4", "6", "8", "10"]],
    ["below", range, "0", ["10"], `${PERCENT} '0' replaced: 10, the policy allows 10 to 50`],
    [
      "above",
      range,
      "100",
      ["2", "4", "6", "8", "10"],
      `${PERCENT} '100' replaced: 50, the policy allows 10 to 50`,
    ],
    [
      "no percentage",
      range,
      "half",
      ["5", "10"],
      `${PERCENT} 'half' replaced: 20, the policy allows 10 to 50`,
    ],
    [
      "no choice allowed",
      { percent: 20 },
      "50",
      ["5", "10"],
      `${PERCENT} '50' replaced: 20, the policy leaves no choice`,
    ],
  ];
  for (const [what, onDemand, chosen, expected, told] of cases) {
    it(`${what}: ${expected.join(", ")} of 10 on demand`, () => {
      const runs = Array.from({ length: 10 }, (_none, index) =>
        place(
          { onDemand },
          labelled(executorPod(index + 1), {}, chosen === undefined ? {} : { [PERCENT]: chosen }),
        ),
      );
      const onDemandIds = runs.flatMap((run, index) =>
        capacityOf(run)?.[0] === "on-demand" ? [String(index + 1)] : [],
      );
      assert.deepEqual(onDemandIds, expected);
      assert.deepEqual(runs[0] && effectOf(runs[0])?.replaced, told === undefined ? [] : [told]);
    });
  }

  it("may begin or end with the policy's own", () => {
    for (const userRange of [
      { min: 20, max: 50 },
      { min: 0, max: 20 },
      { min: 20, max: 20 },
    ]) {
      const placement = { capacity: "spot", onDemand: { percent: 20, userRange } };
      assert.deepEqual(compile(policyText("p", { placement })).problems, []);
    }
  });

  it("means nothing where all run on demand", () => {
    const placement = { capacity: "on-demand", onDemand: { percent: 20 } };
    const { problems } = compile(policyText("p", { placement }));
    assert.match(
      problems.map(problemText).join(),
      /spec\.placement\.onDemand: a share on demand means nothing where all run on demand$/,
    );
  });

  for (const [what, userRange, message] of [
    ["a range that is upside down", { min: 50, max: 10 }, /userRange: min is more than max$/],
    [
      "a range without the policy's own",
      { min: 30, max: 50 },
      /does not have the policy's own percent, 20$/,
    ],
    ["a range below the policy's own", { min: 0, max: 10 }, /own percent, 20$/],
    ["a range above all", { min: 0, max: 101 }, /userRange\.max: found 101/],
    ["half a range", { min: 0 }, /userRange: .*max/],
  ] as const) {
    it(`refuses ${what}`, () => {
      const placement = { capacity: "spot", onDemand: { percent: 20, userRange } };
      const { problems } = compile(policyText("p", { placement }));
      assert.match(problems.map(problemText).join(), message);
    });
  }
});

describe("placement: what is left as it is, and said", () => {
  it("a choice of the job's own, under Keep", () => {
    const pod = driverPod({ spec: { nodeSelector: { [KEY]: "on-demand" } } });
    const run = place({ onUserChoice: "Keep" }, pod);
    assert.deepEqual(run.operations, []);
    assert.deepEqual(effectOf(run)?.kept, [
      `spec.nodeSelector[${KEY}] 'on-demand' is left as the job chose`,
    ]);
  });

  it("the share of a Pod that has no number yet: it runs on the usual capacity", () => {
    const run = place({ onDemand: { percent: 100 } }, executorPod("EXECID"));
    assert.deepEqual(capacityOf(run), ["spot"]);
    assert.deepEqual(effectOf(run)?.kept, [
      "no executor id yet: the share on demand cannot be applied",
    ]);
  });

  it("a StatefulSet's Pod has an ordinal, which counts", () => {
    const pod = labelled(executorPod("EXECID"), { "apps.kubernetes.io/pod-index": "4" });
    const run = place({ onDemand: { percent: 20 } }, pod);
    assert.deepEqual(capacityOf(run), ["on-demand"]);
    assert.deepEqual(effectOf(run)?.kept, []);
  });

  for (const label of ["kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/managed"]) {
    it(`a Pod that Kueue places (${label})`, () => {
      const run = place({ sameZone: "Required" }, labelled(executorPod(1), { [label]: "x" }));
      assert.deepEqual(run.operations, []);
      const { kept, replaced, capacity } = effectOf(run) ?? {};
      assert.deepEqual(kept, ["Kueue chooses the nodes: not moved to spot"]);
      assert.deepEqual([replaced, capacity], [[], undefined]);
      assert.equal(run.refused, false);
    });

    it(`nothing of a Pod that Kueue placed rightly, or that may go anywhere (${label})`, () => {
      const spec = { nodeSelector: { [KEY]: "spot" } };
      const right = labelled(executorPod(1, { spec }), { [label]: "x" });
      assert.deepEqual(effectOf(place({}, right))?.kept, []);
      const anywhere = labelled(executorPod(1), { [label]: "x" });
      assert.deepEqual(effectOf(place({ scheduling: "Preferred" }, anywhere))?.kept, []);
    });
  }

  it("a Pod that Kueue places is still judged where the policy denies", () => {
    const pod = labelled(driverPod({ spec: { nodeSelector: { [KEY]: "on-demand" } } }), {
      "kueue.x-k8s.io/queue-name": "q",
    });
    assert.equal(place({ onUserChoice: "Deny" }, pod).refused, true);
    const set = policySet(policyText("place", { placement: { capacity: "spot" } }));
    const final = decide(set, admitted(pod, { admission: "validating" }), NO_FACTS);
    assert.ok(final.kind === "decided" && !final.enforced.refused);
  });
});

describe("placement: YuniKorn", () => {
  const groups = (nodeSelector: unknown) =>
    JSON.stringify([
      { name: "spark-driver", minMember: 1, nodeSelector },
      { name: "spark-executor", minMember: 9 },
    ]);
  const grouped = (text: string, name = "spark-driver") =>
    labelled(
      driverPod(),
      {},
      {
        "yunikorn.apache.org/task-group-name": name,
        "yunikorn.apache.org/task-groups": text,
      },
    );

  it("leaves placeholders alone, also where they say a role", () => {
    const pod = labelled(driverPod(), {}, { "yunikorn.apache.org/placeholder": "true" });
    const set = policySet(policyText("place", { placement: { capacity: "spot" } }));
    assert.deepEqual(decide(set, admitted(pod), NO_FACTS), {
      kind: "skipped",
      reason: "yunikorn-placeholder",
    });
  });

  it("says where placeholders would reserve other nodes than the Pod will run on", () => {
    const told =
      /^YuniKorn reserves other nodes for task group 'spark-driver': it must ask for spot$/;
    for (const selector of [undefined, {}, { [KEY]: "on-demand" }]) {
      assert.match(effectOf(place({}, grouped(groups(selector))))?.kept[0] ?? "", told);
    }
    assert.deepEqual(effectOf(place({}, grouped(groups({ [KEY]: "spot" }))))?.kept, []);
    assert.deepEqual(effectOf(place({}, grouped(groups({}), "other")))?.kept, []);
  });

  it("says what cannot be read, and goes on", () => {
    for (const text of ["", "{", "{}", groups("x"), groups({ a: 1 })]) {
      const run = place({}, grouped(text));
      assert.deepEqual(capacityOf(run), ["spot"]);
      assert.match(effectOf(run)?.kept[0] ?? "", /'spark-driver' of YuniKorn cannot be read$/);
    }
  });
});
