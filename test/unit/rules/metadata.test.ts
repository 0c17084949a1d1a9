import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Run } from "../../../src/engine/decision.ts";
import type { Facts } from "../../../src/engine/facts.ts";
import type { StringMap } from "../../../src/kubernetes/pod.ts";
import { problemText } from "../../../src/policy/problem.ts";
import { decided, outcomeOf } from "../../fixtures/decided.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { driverPod, executorPod } from "../../fixtures/pods.ts";
import { compile, policySet, policyText } from "../../fixtures/policies.ts";

const facts: Facts = {
  ...NO_FACTS,
  namespace: { name: "team-a", labels: { "acme.com/cost": "c-42", free: "text" } },
};

function run(metadata: object, labels: StringMap = {}, more: readonly string[] = []): Run {
  const set = policySet([policyText("p", { metadata }), ...more]);
  const { enforced } = decided(set, driverPod({ labels }), facts);
  const again = decided(set, enforced.pod, facts);
  assert.deepEqual(again.enforced.operations, [], "a second pass changes nothing");
  return enforced;
}

describe("metadata: labels and annotations", () => {
  it("are added, with values of the namespace and the application", () => {
    const { pod, outcomes } = run({
      labels: { cost: "{{namespace.labels.acme.com/cost}}", where: "{{namespace}}" },
      annotations: { "acme.com/app": "{{app.name}} ({{ app.id }})" },
    });
    assert.deepEqual(outcomes[0]?.effect, {
      summary: "added cost, where, acme.com/app",
      replaced: [],
      kept: [],
    });
    assert.equal(pod.metadata?.labels?.["cost"], "c-42");
    assert.equal(pod.metadata.labels["where"], "team-a");
    assert.equal(pod.metadata.annotations?.["acme.com/app"], "etl (spark-7f3a)");
  });

  it("are kept, replaced or denied where the job has another value", () => {
    const labels = { team: "risk" };
    const own = { team: "mine" };
    const kept = run({ labels }, own);
    assert.equal(kept.pod.metadata?.labels?.["team"], "mine");
    assert.deepEqual([kept.refused, outcomeOf(kept, "p").violations], [false, []]);
    const asked = run({ labels, required: { labels: [{ key: "team" }] } }, own);
    assert.deepEqual([asked.refused, outcomeOf(asked, "p").violations], [false, []]);
    assert.deepEqual(outcomeOf(kept, "p").effect?.kept, [
      "metadata.labels[team] stays as the job has it",
    ]);
    assert.deepEqual(outcomeOf(run({ labels }, { team: "risk" }), "p").effect?.kept, []);
    const replaced = run({ labels, onUserChoice: "Replace" }, own);
    assert.equal(replaced.pod.metadata?.labels?.["team"], "risk");
    assert.deepEqual(outcomeOf(replaced, "p").effect?.replaced, [
      "metadata.labels[team] replaced: 'risk'",
    ]);
    const denied = run({ labels, onUserChoice: "Deny" }, own);
    assert.equal(denied.refused, true);
    assert.equal(outcomeOf(denied, "p").violations[0]?.message, "'mine', must be 'risk'");
    assert.deepEqual(outcomeOf(denied, "p").effect?.kept, []);
    assert.equal(run({ labels, onUserChoice: "Deny" }, { team: "risk" }).refused, false);
  });

  it("are told also where they were added beside what was replaced", () => {
    const both = { labels: { team: "risk", cost: "1" }, onUserChoice: "Replace" };
    assert.deepEqual(outcomeOf(run(both, { team: "mine" }), "p").effect?.replaced, [
      "metadata.labels[team] replaced: 'risk'",
      "added cost",
    ]);
  });

  it("refuse no Pod from which another webhook took them", () => {
    const rule = { labels: { team: "risk" }, onUserChoice: "Deny" };
    const set = policySet(policyText("p", { metadata: rule }));
    const { enforced } = decided(set, driverPod(), facts, { admission: "validating" });
    const { changes, violations } = outcomeOf(enforced, "p");
    assert.deepEqual([changes.length, violations], [1, []]);
  });

  it("may have names that only look like those of Spark and Kubernetes", () => {
    const labels = {
      "spark-version-pinned": "x",
      "my-spark-role": "x",
      "acme.com/spark-role": "x",
    };
    const { pod } = run({ labels });
    for (const key of Object.keys(labels)) assert.equal(pod.metadata?.labels?.[key], "x");
  });

  it("are left out, with the reason, where a value is not to be had or the API server would refuse it", () => {
    const effect = (labels: StringMap, own: StringMap = {}) => {
      const { pod, outcomes } = run({ labels }, own);
      assert.equal(Object.hasOwn(pod.metadata?.labels ?? {}, "x"), false);
      return outcomes[0]?.effect?.kept;
    };
    assert.deepEqual(effect({ x: "{{namespace.labels.nope}}" }), [
      "metadata.labels[x] not added: the namespace has no label nope",
    ]);
    assert.deepEqual(effect({ x: "{{app.name}}" }, { "spark-app-name": "-etl" }), [
      "metadata.labels[x] not added: '-etl' cannot be a label's value",
    ]);
    const long = effect({ x: "{{app.name}}{{app.name}}" }, { "spark-app-name": "a".repeat(60) });
    assert.match(long?.[0] ?? "", /cannot be a label's value/);
  });

  it("have the name in them by which an executor's application was submitted", () => {
    const carried = { "sparkgate.io/app": '{"v":1,"name":"nightly"}' };
    const set = policySet(policyText("p", { metadata: { labels: { job: "{{app.name}}" } } }));
    const labels = { "spark-role": "executor", "spark-app-name": "renamed-in-code" };
    const pod = executorPod(1, { metadata: { name: "e", labels, annotations: carried } });
    const { enforced } = decided(set, pod, facts);
    assert.equal(enforced.pod.metadata?.labels?.["job"], "nightly");
  });

  it("are those of the policy of the highest priority, key by key, also the second time", () => {
    const { pod, outcomes, refused } = run({ labels: { team: "a", only: "p" } }, {}, [
      policyText("first", {
        priority: 1,
        metadata: { labels: { team: "b", constructor: "c" }, onUserChoice: "Replace" },
      }),
      policyText("last", {
        priority: -1,
        metadata: { labels: { team: "c", only: "l" }, onUserChoice: "Replace" },
      }),
      policyText("strictest", {
        priority: -2,
        metadata: { labels: { team: "d" }, onUserChoice: "Deny" },
      }),
    ]);
    assert.equal(refused, false, "who has no say does not refuse");
    assert.equal(pod.metadata?.labels?.["team"], "b");
    assert.equal(pod.metadata.labels["only"], "p");
    assert.equal(pod.metadata.labels["constructor"], "c");
    assert.equal(outcomes.find(({ policy }) => policy === "last")?.changes.length, 0);
  });

  it("fail where the namespace's labels are asked for and not known", () => {
    const set = policySet(
      policyText("p", { metadata: { labels: { a: "{{namespace.labels.b}}" } } }),
    );
    const { enforced } = decided(set, driverPod());
    assert.match(outcomeOf(enforced, "p").error ?? "", /labels of the namespace are not known/);
  });
});

describe("metadata: required", () => {
  const labels = [{ key: "team", values: ["risk", "etl-*"] }, { key: "acme.com/cost" }];
  const messages = (own: StringMap, pod = driverPod({ labels: own })) =>
    outcomeOf(
      decided(policySet(policyText("p", { metadata: { required: { labels } } })), pod).enforced,
      "p",
    ).violations.map(({ field, message, fix }) => `${field} ${message} | ${fix ?? ""}`);

  it("is what it asks for", () => {
    assert.deepEqual(messages({ team: "etl-7", "acme.com/cost": "1" }), []);
    assert.deepEqual(messages({ team: "sales", "acme.com/cost": "" }), [
      "metadata.labels[team] 'sales', must be 'risk' or 'etl-*' | --conf spark.kubernetes.driver.label.team=VALUE",
      "metadata.labels[acme.com/cost] is empty | --conf spark.kubernetes.driver.label.acme.com/cost=VALUE",
    ]);
  });

  it("shows no value of an annotation, which may hold anything", () => {
    const own = { metadata: { annotations: { owner: "hunter2", empty: "" } } };
    const asked = { annotations: [{ key: "owner", values: ["risk"] }, { key: "empty" }] };
    const rules = [{ required: asked }, { annotations: { owner: "risk" }, onUserChoice: "Deny" }];
    for (const [index, metadata] of rules.entries()) {
      const set = policySet(policyText("p", { metadata }));
      const pod = driverPod();
      const annotated = { ...pod, metadata: { ...pod.metadata, ...own.metadata } };
      const { violations } = outcomeOf(decided(set, annotated).enforced, "p");
      assert.deepEqual(
        violations.map(({ message }) => message),
        ["is another, must be 'risk'", "is empty"].slice(0, 2 - index),
      );
    }
  });

  it("tells executors their own conf", () => {
    assert.match(messages({}, executorPod(1))[0] ?? "", /spark\.kubernetes\.executor\.label\.team/);
  });

  it("is judged once all policies have added theirs", () => {
    const set = policySet([
      policyText("asks", { priority: 9, metadata: { required: { labels: [{ key: "team" }] } } }),
      policyText("adds", { metadata: { labels: { team: "risk" } } }),
    ]);
    assert.equal(decided(set, driverPod()).enforced.refused, false);
  });
});

const MISTAKES: readonly (readonly [object, string])[] = [
  [{}, "spec.metadata: found {}, must NOT have fewer than 1 properties"],
  [
    { labels: { "a b": "x" } },
    "spec.metadata.labels.a b: 'a b' cannot be the key of a label or annotation",
  ],
  [
    { labels: { a: "x y" } },
    "spec.metadata.labels.a: 'x y' cannot be the value of a label: 63 letters, digits, -, _ and . at most",
  ],
  [
    { labels: { "spark-role": "driver" } },
    "spec.metadata.labels.spark-role: belongs to Spark, Kubernetes or Sparkgate: it must stay as it is",
  ],
  [
    { annotations: { "sparkgate.io/applied": "" } },
    "spec.metadata.annotations.sparkgate.io/applied: belongs to Spark, Kubernetes or Sparkgate: it must stay as it is",
  ],
  [
    { annotations: { "kubectl.kubernetes.io/last-applied-configuration": "" } },
    "spec.metadata.annotations.kubectl.kubernetes.io/last-applied-configuration: belongs to Spark, Kubernetes or Sparkgate: it must stay as it is",
  ],
  [
    { labels: { "apps.kubernetes.io/pod-index": "1" } },
    "spec.metadata.labels.apps.kubernetes.io/pod-index: belongs to Spark, Kubernetes or Sparkgate: it must stay as it is",
  ],
  [
    { labels: { a: "{{app.nmae}}" } },
    "spec.metadata.labels.a: {{app.nmae}} is no placeholder, allowed: namespace, namespace.labels.KEY, app.name, app.id; did you mean 'app.name'?",
  ],
  [
    { annotations: { a: "x}}y{{namespace}}" } },
    "spec.metadata.annotations.a: has {{ and }} that do not pair",
  ],
  [
    { labels: { a: "-{{namespace}}" } },
    "spec.metadata.labels.a: '-{{namespace}}' can never be the value of a label: 63 letters, digits, -, _ and . at most, a letter or digit at both ends",
  ],
  [
    { labels: { a: "{{namespace.labels.bad key!}}" } },
    "spec.metadata.labels.a: 'bad key!' cannot be the key of a label",
  ],
  [{ labels: { a: "{{app.name" } }, "spec.metadata.labels.a: has {{ and }} that do not pair"],
  [
    { required: { labels: [{ key: "/" }] } },
    "spec.metadata.required.labels[0].key: '/' cannot be the key of a label or annotation",
  ],
];

describe("metadata: mistakes", () => {
  for (const [metadata, expected] of MISTAKES) {
    it(expected, () => {
      const { problems } = compile(policyText("p", { metadata }));
      assert.deepEqual(
        problems.map((problem) => problemText(problem).replace(/^a\.yaml:\d+:\d+: /, "")),
        [expected],
      );
    });
  }
});
