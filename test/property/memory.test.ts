// What must hold of the memory rule, whatever a conf or a Pod says and whatever the policy asks for.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decide } from "../../src/engine/decide.ts";
import type { ConfRun } from "../../src/engine/decision.ts";
import type { ResourceRequirements } from "../../src/kubernetes/pod.ts";
import { quantityToMiB } from "../../src/kubernetes/quantity.ts";
import { propertiesOf } from "../../src/spark/driver-conf.ts";
import { type MemoryOf, type PodMemory, readMemory } from "../../src/spark/memory-model.ts";
import { parseProperties } from "../../src/spark/properties.ts";
import { SparkConf } from "../../src/spark/spark-conf.ts";
import { decided } from "../fixtures/decided.ts";
import { deepFreeze } from "../fixtures/deep-freeze.ts";
import { admittedConf, confText, driverConf } from "../fixtures/driver-conf.ts";
import { NO_FACTS } from "../fixtures/facts.ts";
import { ANY, type MemoryCase, SOUND } from "../fixtures/memory-confs.ts";
import { executorPod } from "../fixtures/pods.ts";
import { policySet, policyText } from "../fixtures/policies.ts";

const share = fc.constantFrom(0, 0.05, 0.1, 0.25, 0.4, 1, 1 / 3);
const block = fc.record(
  {
    overheadFactor: fc.record({ jvm: share, python: share, r: share }),
    minOverhead: fc.constantFrom("0", "384Mi", "1Gi", "1500M"),
    maxTotal: fc.constantFrom("8Gi", "64Gi", "100G"),
  },
  { noNullPrototype: true, requiredKeys: ["overheadFactor", "minOverhead"] },
);
type Block = typeof block extends fc.Arbitrary<infer T> ? T : never;

const setOf = (memory: Block, action: string) =>
  policySet(policyText("p", { memory: { ...memory, action } }));

/** As spark-submit hands it on to its driver. */
function textOf({ language, conf }: MemoryCase): string {
  const type = language === "jvm" ? "java" : language;
  const factor = conf["spark.kubernetes.memoryOverheadFactor"] ?? (type === "java" ? "0.1" : "0.4");
  return confText({
    ...conf,
    "spark.kubernetes.memoryOverheadFactor": factor,
    "spark.kubernetes.resource.type": type,
  });
}

function run(memory: Block, action: string, text: string): ConfRun {
  const object = deepFreeze(driverConf(text));
  const decision = decide(setOf(memory, action), admittedConf(object), NO_FACTS);
  assert.equal(decision.kind, "decided-conf");
  assert.equal(propertiesOf(object), text);
  return decision.enforced;
}

function memoryIn(text: string, language: MemoryCase["language"], version: string) {
  const read = parseProperties(text);
  assert.ok(read.kind === "read");
  const of: MemoryOf = { role: "executor", language, version, isSubmitted: true };
  return readMemory(SparkConf.ofProperties(read.entries, ""), of);
}

const VERSIONS = ["3.5", "4.1"];

function needed(
  { overheadFactor, minOverhead }: Block,
  language: "jvm" | "python" | "r",
  memory: PodMemory,
) {
  const factor = overheadFactor[memory.python > 0 ? "jvm" : language];
  const least = Math.ceil(quantityToMiB(minOverhead) ?? 0);
  return Math.max(Math.trunc(factor * memory.heap), least);
}

describe("memory, whatever a conf says", () => {
  it("Raise gives executors what the policy asks for, on every version, or says why not", () => {
    fc.assert(
      fc.property(block, SOUND, (memory, job) => {
        const text = textOf(job);
        const { outcomes, text: after } = run(memory, "Raise", text);
        const kept = outcomes.flatMap(({ effect }) => effect?.kept ?? []).join("\n");
        const most = quantityToMiB(memory.maxTotal ?? "1Ei") ?? 0;
        for (const version of VERSIONS) {
          const [was, is] = [text, after].map((each) => memoryIn(each, job.language, version));
          assert.ok(was?.kind === "known" && is?.kind === "known");
          const { least } = is.memory.overhead;
          const isEnough = least >= needed(memory, job.language, is.memory);
          assert.ok(isEnough || kept.includes("not raised: maxTotal leaves no room"), kept);
          // Nothing is ever lowered, and nothing raised beyond what is allowed.
          assert.ok(is.memory.total.least >= was.memory.total.least);
          assert.ok(is.memory.total.most <= Math.max(most, was.memory.total.most));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("has nothing left to say of what was raised, and is decided alike once and again", () => {
    fc.assert(
      fc.property(block, ANY, fc.constantFrom("Raise", "Warn", "Deny"), (memory, job, action) => {
        const once = run(memory, action, textOf(job));
        const twice = run(memory, action, once.text);
        assert.deepEqual(twice.operations, []);
        assert.equal(twice.refused, once.refused);
      }),
      { numRuns: 150 },
    );
  });

  it("Deny refuses what Warn tells of, and lets nothing pass that Spark alone can read", () => {
    fc.assert(
      fc.property(block, ANY, (memory, job) => {
        const text = textOf(job);
        const warned = run(memory, "Warn", text).outcomes.flatMap(
          ({ effect }) => effect?.kept ?? [],
        );
        const denied = run(memory, "Deny", text);
        assert.equal(denied.refused, warned.length > 0);
        const isUnknown = VERSIONS.some(
          (each) => memoryIn(text, job.language, each).kind === "unknown",
        );
        if (isUnknown) assert.ok(denied.refused);
      }),
      { numRuns: 150 },
    );
  });
});

const amount = fc.oneof(
  fc.integer({ min: 1, max: 100_000 }).map((mebibytes) => `${mebibytes}Mi`),
  fc.constantFrom("1Gi", "1536M", "8e9", "0"),
);
const heap = fc.oneof(
  fc.integer({ min: 1, max: 80_000 }).map((mebibytes) => `${mebibytes}m`),
  fc.constantFrom("8G", "1g", "lots", "", "-1g"),
);

describe("memory, whatever a Pod asks for", () => {
  it("Raise lowers nothing, keeps the request within the limit, and is done once", () => {
    fc.assert(
      fc.property(block, amount, amount, heap, (memory, one, other, size) => {
        const [request, limit] = [one, other].sort((a, b) => mib(a) - mib(b));
        const resources = { requests: { memory: request ?? "" }, limits: { memory: limit ?? "" } };
        const pod = withContainer(resources, size);
        const set = setOf(memory, "Raise");
        const { enforced } = decided(set, pod);
        const after = enforced.pod.spec?.containers?.[0]?.resources;
        const [was, is] = [amounts(resources), amounts(after)];
        assert.ok(is.request >= was.request && is.limit >= was.limit && is.request <= is.limit);
        assert.deepEqual(decided(set, enforced.pod).enforced.operations, []);
        const kept = enforced.outcomes.flatMap(({ effect }) => effect?.kept ?? []);
        const mebibytes = /^(\d+)m$/.exec(size)?.[1];
        if (mebibytes === undefined || kept.length > 0) return;
        const least = Math.trunc(memory.overheadFactor.jvm * Number(mebibytes));
        assert.ok(is.limit - Number(mebibytes) >= least);
      }),
      { numRuns: 250 },
    );
  });
});

function withContainer(resources: ResourceRequirements, size: string) {
  const pod = executorPod(1);
  const env = [{ name: "SPARK_EXECUTOR_MEMORY", value: size }];
  const containers = (pod.spec?.containers ?? []).map((each) => ({ ...each, env, resources }));
  return { ...pod, spec: { ...pod.spec, containers } };
}

function amounts(resources: ResourceRequirements | null | undefined) {
  const of = (list: ResourceRequirements["limits"]) => mib(String(list?.["memory"]));
  return { request: of(resources?.requests), limit: of(resources?.limits) };
}

function mib(text: string): number {
  return quantityToMiB(text) ?? Number.NaN;
}
