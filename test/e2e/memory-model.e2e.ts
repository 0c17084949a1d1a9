// What Spark's own steps make of generated confs, against what is computed of them: heap, request and limit of drivers and
// executors, of the oldest and of a newer Spark, to the MiB.
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { type MemoryOf, type PodMemory, readMemory } from "../../src/spark/memory-model.ts";
import { SparkConf } from "../../src/spark/spark-conf.ts";
import { sparkHome, sparkVersions } from "./assets.ts";
import { runJava } from "./java.ts";
import { ANY, type MemoryCase, SOUND } from "../fixtures/memory-confs.ts";

const COUNT = 2000;
const SEED = 20261126;

const applications: readonly MemoryCase[] = [
  ...fc.sample(SOUND, { numRuns: COUNT, seed: SEED }),
  ...fc.sample(ANY, { numRuns: COUNT, seed: SEED }),
];

/** The columns of PodMemory.java. */
const PODS: readonly (readonly [string, Pick<MemoryOf, "role" | "isSubmitted">])[] = [
  ["drivers", { role: "driver", isSubmitted: true }],
  ["executors", { role: "executor", isSubmitted: true }],
  ["executors of drivers in client mode", { role: "executor", isSubmitted: false }],
];

for (const line of ["3.5", "4.1"] as const) {
  describe(`${applications.length} generated confs (seed ${SEED}), Spark ${sparkVersions[line]}`, () => {
    let ofSpark: readonly (readonly string[])[] = [];

    before(async () => {
      const jars = join(sparkHome(line), "jars", "*");
      ofSpark = (await runJava("PodMemory", applications.map(inputOf), jars)).map((printed) =>
        printed.split(" "),
      );
      assert.equal(ofSpark.length, applications.length);
    });

    for (const [column, [name, pod]] of PODS.entries()) {
      const memories = (version: string | undefined) =>
        applications.map(({ language, conf }) =>
          readMemory(confOf(conf), { ...pod, language, version }),
        );

      it(`have the memory of ${name}`, () => {
        for (const [index, ours] of memories(line).entries()) {
          const [driver, ...executors] = ofSpark[index] ?? [];
          const theirs = [driver, ...executors][column];
          // Without a driver there are no executors.
          if (driver === "!" && name === "executors") continue;
          const shown = JSON.stringify([applications[index], ours]);
          if (ours.kind === "known") {
            assert.equal(textOf(ours.memory, pod.role), theirs, shown);
            continue;
          }
          assert.ok(index >= COUNT, shown);
          // Spark knows its environment and its defaults, and takes amounts and numbers that nobody means.
          const odd = /known only where|have a default|must be above 0|must be a number|negative/;
          if (theirs !== "!") assert.match(shown, odd);
        }
      });

      it(`have the memory of ${name} within what is told of any version`, () => {
        for (const [index, ours] of memories(undefined).entries()) {
          const theirs = amountOf(ofSpark[index]?.[column]);
          if (ours.kind !== "known" || theirs === undefined) continue;
          const { least, most } = ours.memory.total;
          assert.ok(least <= theirs && theirs <= most, JSON.stringify([applications[index], ours]));
        }
      });
    }
  });
}

function inputOf({ language, conf }: MemoryCase): string {
  const entries = Object.entries(conf).map((entry) =>
    entry.map((part) => Buffer.from(part).toString("base64")).join(":"),
  );
  return [language, ...entries].join(" ");
}

function confOf(conf: MemoryCase["conf"]): SparkConf {
  return new SparkConf(
    new Map(Object.entries(conf).map(([key, value]) => [key, { value, where: "" }])),
  );
}

function textOf({ heap, total }: PodMemory, role: MemoryOf["role"]): string {
  assert.equal(total.least, total.most);
  const amount = `${total.least}Mi`;
  return [role === "driver" ? "-" : String(heap), amount, amount].join("/");
}

/** The limit, in MiB; undefined where Spark throws. */
function amountOf(printed = "!"): number | undefined {
  const [, limit] = /^\S+\/(\S+)Mi$/.exec(printed) ?? [];
  return limit === undefined ? undefined : Number(limit);
}
