// What a metadata policy says of a conf is what it will say of the Pods that are made of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decide } from "../../src/engine/decide.ts";
import type { AnyRun } from "../../src/engine/decision.ts";
import type { Facts } from "../../src/engine/facts.ts";
import type { PolicySet } from "../../src/engine/policy-set.ts";
import { decided } from "../fixtures/decided.ts";
import { admittedConf, confText, driverConf } from "../fixtures/driver-conf.ts";
import { NO_FACTS } from "../fixtures/facts.ts";
import { driverPod, executorPod } from "../fixtures/pods.ts";
import { policySet, policyText } from "../fixtures/policies.ts";

const ROLES = ["driver", "executor"] as const;
const FIELDS = ["labels", "annotations"] as const;

const text = fc.constantFrom("x", "y", "spark-7f3a");
const template = fc.oneof(text, fc.constantFrom("{{app.id}}", "{{namespace.labels.t}}"));
const perField = <T>(each: fc.Arbitrary<T>) =>
  fc
    .record({ labels: each, annotations: each }, { requiredKeys: [] })
    .filter((record) => Object.keys(record).length > 0);
const keys = fc.constantFrom("a", "b");
const required = fc.uniqueArray(
  fc.record(
    { key: keys, values: fc.uniqueArray(text, { minLength: 1 }) },
    { requiredKeys: ["key"] },
  ),
  { minLength: 1, selector: ({ key }) => key },
);
const additions = fc.dictionary(keys, template, { minKeys: 1, noNullPrototype: true });
const block = fc
  .tuple(
    fc.option(perField(additions), { nil: {} }),
    fc.option(perField(required), { nil: undefined }),
    fc.constantFrom("Keep", "Replace", "Deny"),
  )
  .map(([adds, asks, onUserChoice]) => ({
    ...adds,
    onUserChoice,
    ...(asks !== undefined && { required: asks }),
  }));
const onPodsAlone = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ surfaces: ["pod"] }) },
);
const ofRoles = fc.constantFrom({}, { roles: ["driver"] }, { roles: ["executor"] });
const policy = fc.record({
  metadata: block,
  match: fc.tuple(ofRoles, onPodsAlone).map(([roles, surfaces]) => ({ ...roles, ...surfaces })),
});
const entries = fc.dictionary(keys, text, { noNullPrototype: true });
const job = fc.record({
  driver: fc.record({ labels: entries, annotations: entries }),
  executor: fc.record({ labels: entries, annotations: entries }),
});
const facts: fc.Arbitrary<Facts> = fc
  .dictionary(fc.constant("t"), text, { noNullPrototype: true })
  .map((labels) => ({ ...NO_FACTS, namespace: { name: "team-a", labels } }));

/** The names of policies that find something wrong. */
const finding = ({ outcomes }: AnyRun) =>
  outcomes.flatMap(({ policy: name, violations }) => (violations.length > 0 ? [name] : []));

type Job = typeof job extends fc.Arbitrary<infer T> ? T : never;

function findingOnConf(set: PolicySet, sent: Job, known: Facts): readonly string[] {
  const keysOf = (role: (typeof ROLES)[number], field: (typeof FIELDS)[number]) =>
    Object.entries(sent[role][field]).map(([key, value]) => [
      `spark.kubernetes.${role}.${field.slice(0, -1)}.${key}`,
      value,
    ]);
  const conf = ROLES.flatMap((role) => FIELDS.flatMap((field) => keysOf(role, field)));
  const text = confText(Object.fromEntries(conf) as Record<string, string>);
  const decision = decide(set, admittedConf(driverConf(text)), known);
  assert.equal(decision.kind, "decided-conf");
  return finding(decision.enforced);
}

function findingOnPods(set: PolicySet, sent: Job, known: Facts): ReadonlySet<string> {
  const found = ROLES.flatMap((role) => {
    const pod = role === "driver" ? driverPod() : executorPod(1);
    const labels = { ...pod.metadata?.labels, ...sent[role].labels };
    const metadata = { ...pod.metadata, labels, annotations: sent[role].annotations };
    return finding(decided(set, { ...pod, metadata }, known).enforced);
  });
  return new Set(found);
}

describe("metadata policies on a conf", () => {
  it("find what they will find on its Pods, and nothing that they will not", () => {
    let found = 0;
    const policies = fc.array(policy, { minLength: 1, maxLength: 4 });
    const jobs = fc.array(job, { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(policies, jobs, facts, (specs, sent, known) => {
        const texts = specs.map((spec, index) =>
          policyText(`p${index}`, { priority: -index, ...spec }),
        );
        const set = policySet(texts);
        // Of policies that speak of Pods alone a conf knows nothing but that there are some.
        const hearsAll = set.policies.every(({ surfaces }) => surfaces.includes("driver-conf"));
        for (const each of sent) {
          const early = new Set(findingOnConf(set, each, known));
          const late = findingOnPods(set, each, known);
          assert.deepEqual([...early.difference(late)], []);
          if (hearsAll) assert.deepEqual([...late.difference(early)], []);
          found += early.size;
        }
      }),
      { numRuns: 200 },
    );
    assert.ok(found > 50, String(found));
  });
});
