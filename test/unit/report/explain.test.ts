import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Facts } from "../../../src/engine/facts.ts";
import type { PolicySet } from "../../../src/engine/policy-set.ts";
import type { Pod } from "../../../src/kubernetes/pod.ts";
import { explanationText } from "../../../src/report/explain-text.ts";
import { explain } from "../../../src/report/explain.ts";
import { reportEntry } from "../../../src/report/report.ts";
import { decided } from "../../fixtures/decided.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { driverPod, executorPod } from "../../fixtures/pods.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

const place = {
  ...{ file: "pod.yaml", line: 3, kind: "Pod", namespace: "team-a", name: "etl", prefix: "" },
};

function text(set: PolicySet, pod: Pod, facts: Facts = NO_FACTS): string {
  const decision = decided(set, pod, facts);
  const explanation = explain(set, decision, facts, reportEntry(place, decision));
  return explanationText(explanation, (_verdict, line) => line);
}

/** The lines of one policy. */
function about(policy: string, whole: string): readonly string[] {
  const lines = whole.split("\n\n").find((part) => part.startsWith(`${policy}:`));
  return lines?.split("\n") ?? [];
}

const labelled: Facts = { ...NO_FACTS, namespace: { name: "team-a", labels: { tier: "batch" } } };

describe("explain: why a policy does not match", () => {
  const CASES: readonly (readonly [object, string])[] = [
    [{ match: { roles: ["executor"] } }, "match.roles is ['executor'], this is a driver"],
    [
      { match: { namespaces: ["x", "y-*"] } },
      "match.namespaces is ['x','y-*'], the namespace is 'team-a'",
    ],
    [
      { match: { objectSelector: { matchLabels: { team: "risk" } } } },
      "match.objectSelector is {'matchLabels':{'team':'risk'}}, the labels are 'spark-role=driver,spark-app-selector=spark-7f3a,spark-app-name=etl'",
    ],
    [
      { match: { namespaceSelector: { matchLabels: { tier: "x" } } } },
      "match.namespaceSelector is {'matchLabels':{'tier':'x'}}, the namespace's labels are 'tier=batch'",
    ],
    [
      { match: { matchConditions: [{ name: "is-ml", expression: "app.name == 'ml'" }] } },
      "match.matchConditions[is-ml] is app.name == 'ml', which is false",
    ],
    [{ exclude: { namespaces: ["team-*"] } }, "exclude is {'namespaces':['team-*']}, which holds"],
  ];
  for (const [spec, expected] of CASES) {
    it(expected, () => {
      const set = policySet(policyText("p", { ...spec, images: {} }));
      assert.deepEqual(about("p", text(set, driverPod(), labelled)), [
        "p: images, priority 0",
        `  no match: ${expected}`,
      ]);
    });
  }
});

describe("explain: what a policy did", () => {
  it("is a diff of its own part, beside what the job had chosen", () => {
    const set = policySet([
      policyText("place", { placement: { capacity: "on-demand" } }),
      policyText("team", { priority: 5, metadata: { labels: { team: "risk" } } }),
    ]);
    const pod = driverPod({ spec: { nodeSelector: { "karpenter.sh/capacity-type": "spot" } } });
    const whole = text(set, pod);
    assert.deepEqual(whole.split("\n").slice(0, 2), [
      "CHANGED  Pod team-a/etl (pod.yaml:3)",
      "driver of application etl (spark-7f3a)",
    ]);
    const [head, change, ...diff] = about("place", whole);
    assert.equal(head, "place: placement, priority 0, Enforce (--mode)");
    assert.equal(
      change,
      "  changed: spec.nodeSelector[karpenter.sh/capacity-type] 'spot' replaced: 'on-demand'",
    );
    assert.ok(
      diff.some(
        (line) => line.startsWith("    -") && line.endsWith("karpenter.sh/capacity-type: spot"),
      ),
    );
    assert.doesNotMatch(diff.join("\n"), /risk/);
    assert.match(about("team", whole).join("\n"), /^ {4}\+ +team: risk$/m);
    assert.ok(whole.indexOf("team:") < whole.indexOf("place:"), "in the order in which they apply");
  });

  it("never shows what is in the environment", () => {
    const set = policySet(policyText("team", { metadata: { labels: { team: "risk" } } }));
    const container = { name: "c", image: "i:1", env: [{ name: "PASSWORD", value: "hunter2" }] };
    const pod = driverPod({
      spec: { containers: [container] },
      metadata: { labels: { "spark-role": "driver" } },
    });
    assert.doesNotMatch(text(set, pod), /hunter2/);
  });

  it("is told in the mode of its own, and where that comes from", () => {
    const spec = {
      mode: "Enforce",
      modeOverrides: [{ mode: "Warn", namespaces: ["team-a"] }],
      deny: { when: "true", message: "is bad" },
    };
    const set = policySet(policyText("p", spec), { mode: undefined });
    assert.deepEqual(about("p", text(set, driverPod())), [
      "p: deny, priority 0, Warn (spec.modeOverrides[0])",
      "  would be denied: metadata: is bad",
    ]);
    assert.match(text(set, executorPod(3)), /^executor 3 of application etl/m);
  });

  it("tells who took its place, who is excepted, and that all is well", () => {
    const exception = JSON.stringify({
      apiVersion: "sparkgate.io/v1alpha1",
      kind: "SparkPolicyException",
      metadata: { name: "leave" },
      spec: {
        subjects: [{ namespaces: ["team-a"] }],
        policies: ["excepted"],
        reason: "frozen",
        owner: "risk",
        expiresAt: "2027-02-01",
      },
    });
    const set = policySet([
      policyText("first", { priority: 1, placement: { capacity: "on-demand" } }),
      policyText("second", { placement: { capacity: "spot" }, match: { namespaces: ["team-a"] } }),
      policyText("excepted", { images: { pin: "Digest" } }),
      policyText("well", { images: {} }),
      exception,
    ]);
    const whole = text(set, driverPod());
    assert.equal(about("second", whole)[1], "  shadowed by first");
    assert.equal(
      about("excepted", whole)[1],
      "  excepted by leave until 2027-02-01: frozen (risk)",
    );
    assert.equal(about("well", whole)[1], "  matched: nothing to change, nothing to refuse");
  });
});
