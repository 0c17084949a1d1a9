import fc from "fast-check";
import type { Language } from "../../../src/spark/carried.ts";

/** What an application's memory goes by. */
export interface MemoryCase {
  readonly language: Language;
  readonly conf: Readonly<Record<string, string>>;
}

const language = fc.constantFrom<Language>("jvm", "python", "r");
/** What people write, and what lies at the edges of MiB. */
const size = fc.oneof(
  fc.integer({ min: 1, max: 64 }).map((amount) => `${amount}g`),
  fc.integer({ min: 512, max: 70_000 }).map((amount) => `${amount}m`),
  fc.integer({ min: 512, max: 70_000 }).map(String),
  fc.integer({ min: 500_000, max: 9_000_000 }).map((amount) => `${amount}k`),
  fc.constantFrom("1536MB", "2G", " 3g ", "1t", "1073741825b"),
);
/** Of an entry that counts in bytes. */
const sizeWithUnit = size.filter((text) => /[a-z]/i.test(text));
const smallSize = fc.oneof(size, fc.constantFrom("0", "1", "100m", "384m", "1023k", "5000k"));
const factor = fc.oneof(
  fc.constantFrom("0.1", "0.4", "0.25", "1", "1.5", "1e-1", ".3", "2.", "0.1d", "1E1"),
  fc.double({ min: 0.0001, max: 3, noNaN: true }).map(String),
);

/** Sizes and shares that a job says, each role by itself. */
const sound = {
  "spark.driver.memory": size,
  "spark.driver.memoryOverhead": smallSize,
  "spark.driver.memoryOverheadFactor": factor,
  "spark.driver.minMemoryOverhead": smallSize,
  "spark.executor.memory": size,
  "spark.executor.memoryOverhead": smallSize,
  "spark.executor.memoryOverheadFactor": factor,
  "spark.executor.minMemoryOverhead": smallSize,
  "spark.kubernetes.memoryOverheadFactor": fc.oneof(factor, fc.constant("0")),
  "spark.yarn.executor.memoryOverhead": smallSize,
  "spark.memory.offHeap.enabled": fc.constantFrom("true", "false"),
  "spark.memory.offHeap.size": sizeWithUnit,
  "spark.executor.pyspark.memory": smallSize,
};

type Keys = keyof typeof sound;

/** As often as not a key is left out. */
function someOf(values: Readonly<Record<string, fc.Arbitrary<string>>>) {
  return fc.record(
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, fc.option(value, { nil: undefined })]),
    ),
  );
}

const cases = (values: Readonly<Record<string, fc.Arbitrary<string>>>) =>
  fc.record({ language, conf: someOf(values) }).map(({ language: of, conf }): MemoryCase => ({
    language: of,
    conf: Object.fromEntries(
      Object.entries(conf).filter((entry): entry is [Keys, string] => entry[1] !== undefined),
    ),
  }));

/** What spark-submit takes: turned on, off-heap memory has a size. */
export const SOUND = cases(sound).map(({ language: of, conf }): MemoryCase => {
  const isOn = conf["spark.memory.offHeap.enabled"] === "true";
  const offHeap = { "spark.memory.offHeap.size": conf["spark.memory.offHeap.size"] ?? "1g" };
  return { language: of, conf: { ...conf, ...(isOn && offHeap) } };
});

const odd = fc.constantFrom(
  ...["", "-1", "-1g", "abc", "0", "Infinity", "NaN", "0x1p1", "1e9", "3000000g", "9e99"],
  ...[
    "${spark.my.size}",
    "${env:SIZE}",
    "${spark.none}",
    "TRUE",
    " 1g",
    "1.5g",
    "1gib",
    "2147483648",
  ],
);

/** Anything at all. */
export const ANY = cases({
  ...Object.fromEntries(
    Object.entries(sound).map(([key, value]) => [
      key,
      fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: odd }),
    ]),
  ),
  "spark.my.size": fc.constantFrom("2g", "0.3", "true"),
});
