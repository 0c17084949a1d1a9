// Amounts that Spark's own steps came to (test/e2e/memory-model.e2e.ts holds thousands against them).
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type MemoryOf, readMemory } from "../../../src/spark/memory-model.ts";
import { SparkConf } from "../../../src/spark/spark-conf.ts";

type Entries = Readonly<Record<string, string>>;

const confOf = (entries: Entries) =>
  new SparkConf(
    new Map(Object.entries(entries).map(([key, value]) => [key, { value, where: "" }])),
  );

const read = (entries: Entries, of: Partial<MemoryOf> = {}) =>
  readMemory(confOf(entries), {
    ...{ role: "executor", language: "jvm", version: "3.5", isSubmitted: true },
    ...of,
  });

/** Of executors on Spark 3.5 unless told. */
function totalOf(entries: Entries, of: Partial<MemoryOf> = {}): number {
  const reading = read(entries, of);
  assert.ok(reading.kind === "known", JSON.stringify(reading));
  const { least, most } = reading.memory.total;
  assert.equal(least, most);
  return least;
}

const PYTHON = { language: "python" } as const;
const G8 = { "spark.executor.memory": "8g" };

describe("the memory of Pods", () => {
  const cases: readonly (readonly [string, Entries, Partial<MemoryOf>, number])[] = [
    ["nothing said", {}, {}, 1408],
    ["a heap", G8, {}, 9011],
    ["Python", G8, PYTHON, 11_468],
    ["R", G8, { language: "r" }, 11_468],
    ["no language", G8, { language: undefined }, 9011],
    ["Python in client mode", G8, { ...PYTHON, isSubmitted: false }, 9011],
    ["MiB are cut off", { "spark.executor.memory": "1500000k" }, {}, 1464 + 384],
    ["a share of the role", { ...G8, "spark.executor.memoryOverheadFactor": "0.25" }, {}, 10_240],
    ["a share of all", { ...G8, "spark.kubernetes.memoryOverheadFactor": "0.25" }, {}, 10_240],
    [
      "a share of the role before that of all",
      {
        ...G8,
        "spark.executor.memoryOverheadFactor": "0.5",
        "spark.kubernetes.memoryOverheadFactor": "0.25",
      },
      {},
      12_288,
    ],
    ["no share at all", { ...G8, "spark.kubernetes.memoryOverheadFactor": "0" }, {}, 8576],
    [
      "an amount before every share",
      { ...G8, "spark.executor.memoryOverhead": "1g", "spark.executor.memoryOverheadFactor": "2" },
      {},
      9216,
    ],
    ["an amount of nothing", { "spark.executor.memoryOverhead": "0" }, {}, 1024],
    ["an amount by its former name", { "spark.yarn.executor.memoryOverhead": "1g" }, {}, 2048],
    ["no minimum of one's own before 4.0", { "spark.executor.minMemoryOverhead": "2g" }, {}, 1408],
    [
      "a minimum of one's own since",
      { "spark.executor.minMemoryOverhead": "2g" },
      { version: "4.1" },
      3072,
    ],
    [
      "off-heap memory",
      { "spark.memory.offHeap.enabled": "true", "spark.memory.offHeap.size": "1500k" },
      {},
      1409,
    ],
    ["off-heap memory that is off", { "spark.memory.offHeap.size": "1g" }, {}, 1408],
    ["Python's workers", { "spark.executor.pyspark.memory": "1g" }, PYTHON, 2457],
    ["workers of no Python", { "spark.executor.pyspark.memory": "1g" }, {}, 1408],
    ["the largest overhead", { "spark.executor.memoryOverheadFactor": "1e9" }, {}, 2_147_484_671],
    ["a driver of Python", { "spark.driver.memory": "4g" }, { ...PYTHON, role: "driver" }, 5734],
    [
      "a driver beside off-heap memory, which is the executors'",
      { "spark.memory.offHeap.enabled": "true", "spark.memory.offHeap.size": "1g" },
      { role: "driver" },
      1408,
    ],
    [
      "a driver with a minimum of its own",
      { "spark.driver.minMemoryOverhead": "1g", "spark.executor.minMemoryOverhead": "2g" },
      { role: "driver", version: "4.0" },
      2048,
    ],
  ];
  for (const [name, entries, of, total] of cases) {
    it(`${name}: ${total} MiB`, () => {
      assert.equal(totalOf(entries, of), total);
    });
  }

  it("lies between two amounts where it depends on the version, and that is not known", () => {
    const bounds = (entries: Entries) => {
      const reading = read(entries, { version: undefined });
      assert.ok(reading.kind === "known");
      return reading.memory.total;
    };
    assert.deepEqual(bounds({ "spark.executor.minMemoryOverhead": "2g" }), {
      least: 1408,
      most: 3072,
    });
    assert.deepEqual(bounds({ "spark.executor.minMemoryOverhead": "100m" }), {
      least: 1024 + 102,
      most: 1408,
    });
    assert.deepEqual(bounds({}), { least: 1408, most: 1408 });
  });

  const unreadable: readonly (readonly [Entries, string])[] = [
    [{ "spark.executor.memory": "${env:HEAP}" }, "spark.executor.memory"],
    [{ "spark.executor.memory": "-1g" }, "spark.executor.memory"],
    [{ "spark.executor.memoryOverhead": "lots" }, "spark.executor.memoryOverhead"],
    [{ "spark.executor.memoryOverhead": "-1g" }, "spark.executor.memoryOverhead"],
    [
      { "spark.executor.memoryOverhead": "1g", "spark.executor.memoryOverheadFactor": "0" },
      "spark.executor.memoryOverheadFactor",
    ],
    [{ "spark.kubernetes.memoryOverheadFactor": "-0.1" }, "spark.kubernetes.memoryOverheadFactor"],
    [{ "spark.kubernetes.memoryOverheadFactor": "NaN" }, "spark.kubernetes.memoryOverheadFactor"],
    [{ "spark.memory.offHeap.enabled": "true" }, "spark.memory.offHeap.size"],
    [{ "spark.memory.offHeap.size": "abc" }, "spark.memory.offHeap.size"],
    [{ "spark.executor.pyspark.memory": "abc" }, "spark.executor.pyspark.memory"],
  ];
  for (const [entries, key] of unreadable) {
    it(`cannot be told of ${JSON.stringify(entries)}`, () => {
      const reading = read(entries);
      assert.ok(reading.kind === "unknown");
      assert.equal(reading.key, key);
    });
  }

  it("does not go by keys that its version does not read", () => {
    const entries = { "spark.executor.minMemoryOverhead": "abc" };
    assert.equal(totalOf(entries), 1408);
    assert.equal(read(entries, { version: "4.1" }).kind, "unknown");
    assert.equal(read(entries, { version: undefined }).kind, "unknown");
  });

  it("says which key the overhead goes by; of Spark's own share none", () => {
    const keyOf = (entries: Entries, of: Partial<MemoryOf> = {}) => {
      const reading = read(entries, of);
      return reading.kind === "known" ? reading.memory.overheadKey : reading.kind;
    };
    const all = "spark.kubernetes.memoryOverheadFactor";
    assert.equal(keyOf({}), undefined);
    assert.equal(keyOf({ [all]: "0.1" }), undefined);
    assert.equal(keyOf({ [all]: "0.4" }, PYTHON), undefined);
    assert.equal(keyOf({ [all]: "0.1" }, PYTHON), all);
    assert.equal(
      keyOf({ "spark.yarn.executor.memoryOverhead": "1g" }),
      "spark.yarn.executor.memoryOverhead",
    );
    const own = "spark.executor.memoryOverheadFactor";
    assert.equal(keyOf({ [own]: "0.1" }), own);
  });
});
