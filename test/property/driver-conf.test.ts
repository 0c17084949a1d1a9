// What must hold of a conf, whatever is in it and whatever the policies are.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decide } from "../../src/engine/decide.ts";
import type { ConfRun } from "../../src/engine/decision.ts";
import type { PolicySet } from "../../src/engine/policy-set.ts";
import { PRESETS } from "../../src/rules/spark-conf-presets.ts";
import { deepFreeze } from "../fixtures/deep-freeze.ts";
import { admittedConf, confText, driverConf } from "../fixtures/driver-conf.ts";
import { NO_FACTS } from "../fixtures/facts.ts";
import { policySet, policyText } from "../fixtures/policies.ts";

const KEYS = [
  ...Object.values(PRESETS).flatMap(({ entries }) => entries.map(({ key }) => key)),
  ...["spark.dynamicAllocation.enabled", "spark.shuffle.manager", "spark.eventLog.dir"],
  ...["spark.jars.packages", "spark.hadoop.fs.s3a.endpoint", "spark.acme.x"],
  ...["spark.executor.memory", "spark.executor.memoryOverhead"],
  ...["spark.kubernetes.driver.label.a", "spark.kubernetes.executor.label.a"],
  "spark.kubernetes.executor.podTemplateFile",
];
const VALUES = [
  ...["true", "false", "3", "1g", "10min", "", "${spark.acme.x}", "${env:X}"],
  "org.apache.spark.shuffle.celeborn.SparkShuffleManager",
  "org.apache.spark:spark-hadoop-cloud_2.12:3.5.9",
];

const entries = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), {
  maxKeys: 8,
  noNullPrototype: true,
});
const settings = fc.dictionary(
  fc.constantFrom(...KEYS),
  fc.constantFrom(...VALUES.filter((value) => !value.startsWith("$"))),
  { minKeys: 1, maxKeys: 4, noNullPrototype: true },
);
const ofConf = fc.oneof(
  fc.record({
    presets: fc.uniqueArray(fc.constantFrom(...Object.keys(PRESETS)), { minLength: 1 }),
  }),
  fc.record({ set: settings }),
  fc.record({ defaults: settings }),
  fc.record({ required: fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1 }) }),
  fc.record({
    forbidden: fc.constant(["spark.hadoop.*"]),
    unknownKeys: fc.constantFrom("Warn", "Deny"),
  }),
);
const ofPods = fc.record(
  {
    labels: fc.record({ a: fc.constantFrom("3", "1g", "{{app.id}}", "{{namespace.labels.a}}") }),
    onUserChoice: fc.constantFrom("Keep", "Replace", "Deny"),
    required: fc.constantFrom(
      { labels: [{ key: "a" }] },
      { labels: [{ key: "a", values: ["3", "spark-*"] }] },
    ),
  },
  { requiredKeys: ["labels"] },
);
const block = fc.oneof(
  { weight: 3, arbitrary: ofConf.map((sparkConf) => ({ sparkConf })) },
  { weight: 1, arbitrary: ofPods.map((metadata) => ({ metadata })) },
);
const set: fc.Arbitrary<PolicySet> = fc.array(block, { minLength: 1, maxLength: 4 }).map((blocks) =>
  policySet([
    ...blocks.map((block, index) => policyText(`p-${index}`, { priority: -index, ...block })),
    // Before some of them, and after others.
    policyText("memory", {
      ...{ priority: -1, memory: { action: "Raise", overheadFactor: { jvm: 0.5 } } },
    }),
    policyText("pods", { metadata: { labels: { x: "y" } } }),
  ]),
);

function run(policies: PolicySet, text: string): ConfRun {
  const decision = decide(policies, admittedConf(deepFreeze(driverConf(text))), NO_FACTS);
  assert.equal(decision.kind, "decided-conf");
  return decision.enforced;
}

describe("a driver's conf, whatever the policies", () => {
  it("begins with what the job has, and has nothing left to add when it is asked again", () => {
    fc.assert(
      fc.property(set, entries, (policies, conf) => {
        const text = confText(conf);
        const once = run(policies, text);
        assert.ok(once.text.startsWith(text));
        const twice = run(policies, once.text);
        assert.deepEqual(twice.operations, []);
        assert.equal(twice.refused, once.refused);
      }),
      { numRuns: 400 },
    );
  });

  it("is decided on the same way each time", () => {
    fc.assert(
      fc.property(set, entries, (policies, conf) => {
        assert.deepEqual(run(policies, confText(conf)), run(policies, confText(conf)));
      }),
      { numRuns: 100 },
    );
  });
});
