// Spark's own SparkConf against ours, on ten thousand generated configurations: what ours calls known is what Spark reads,
// and what it calls invalid is what Spark throws over.
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { SparkConf, type TypedValue } from "../../src/spark/spark-conf.ts";
import { sparkHome } from "./assets.ts";
import { runJava } from "./java.ts";

const COUNT = 10_000;
const SEED = 20261126;
/** What ReadConf.java counts in, in our bytes and milliseconds. */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["size", 2n ** 20n],
  ["time", 1000n],
]);

const reference = fc.constantFrom(
  ...[
    "${spark.a}",
    "${spark.b}",
    "${spark.test.int}",
    "${a}",
    "${hive:x}",
    "${env:HOME}",
    "${spark.none}",
  ],
);
const text = fc.oneof(
  reference,
  fc.string({
    unit: fc.oneof(
      reference,
      fc.constantFrom(
        "$",
        "{",
        "}",
        "${",
        "}",
        ":",
        " ",
        "\n",
        "\u00a0",
        "x",
        "spark.a",
        "\\$1",
        "é",
      ),
    ),
    maxLength: 6,
  }),
);
const amount = fc
  .tuple(
    fc.constantFrom("", "", "", "-", " ", "+", "\t-"),
    fc.oneof(
      fc.nat(5000).map(String),
      fc.constantFrom(
        "007",
        "1.5",
        "2147483647",
        "2147483648",
        "9223372036854775807",
        "9223372036854775808",
      ),
      fc.constantFrom(
        "8796093022207",
        "8796093022208",
        "106751991167",
        "106751991168",
        "${spark.a}",
      ),
    ),
    fc.constantFrom(
      ...["", "", "b", "k", "kb", "m", "MB", "g", "t", "p", "Pb", "us", "ms", "s", "min", "h", "d"],
    ),
    fc.constantFrom("", "", "", " ", "\n", "\0", "x", "\u00a0"),
  )
  .map((parts) => parts.join(""));
const whole = fc.integer({ min: -5000, max: 5000 }).map(String);
const word = fc.constantFrom("true", "false", "TRUE", " False ", "yes", "1", "", "${spark.b}");
const value = fc.oneof(text, amount, whole, word);

const configurations = fc.sample(
  fc.record(
    {
      "spark.test.text": text,
      "spark.test.size": amount,
      "spark.test.time": amount,
      "spark.test.int": fc.oneof(amount, whole),
      "spark.test.boolean": word,
      "spark.a": value,
      "spark.b": value,
      a: value,
    },
    { requiredKeys: [] },
  ),
  { numRuns: COUNT, seed: SEED },
);

describe(`${COUNT} generated configurations (seed ${SEED})`, () => {
  let ofSpark: readonly (readonly string[])[] = [];

  before(async () => {
    const lines = configurations.map((values) =>
      Object.entries(values)
        .map((entry) => entry.map((part) => Buffer.from(part).toString("base64")).join(":"))
        .join(" "),
    );
    const jars = join(sparkHome("3.5"), "jars", "*");
    ofSpark = (await runJava("ReadConf", lines, jars)).map((line) => line.split(" "));
    assert.equal(ofSpark.length, COUNT);
  });

  const readers: readonly (readonly [string, (conf: SparkConf) => TypedValue<string>])[] = [
    ["text", (conf) => conf.get("spark.test.text")],
    ["size", (conf) => shown(conf.bytes("spark.test.size", "m"))],
    ["time", (conf) => shown(conf.milliseconds("spark.test.time", "s"))],
    ["int", (conf) => shown(conf.int("spark.test.int"))],
    ["boolean", (conf) => shown(conf.boolean("spark.test.boolean"))],
  ];
  for (const [column, [name, read]] of readers.entries()) {
    it(`have the ${name} that Spark reads`, () => {
      const kinds = new Map<string, number>();
      for (const [index, values] of configurations.entries()) {
        const ours = read(confOf(values));
        kinds.set(ours.kind, (kinds.get(ours.kind) ?? 0) + 1);
        const theirs = decode(ofSpark[index]?.[column], name);
        // What is unknown to us may be anything to Spark.
        if (ours.kind !== "unknown") assert.equal(outcome(ours), theirs, JSON.stringify(values));
      }
      assert.ok((kinds.get("known") ?? 0) > COUNT / 10, JSON.stringify([...kinds]));
    });
  }
});

function confOf(values: object): SparkConf {
  const entries = Object.entries(values) as [string, string][];
  return new SparkConf(
    new Map(entries.map(([key, written]) => [key, { value: written, where: "" }])),
  );
}

function shown(read: TypedValue<number | boolean>): TypedValue<string> {
  return read.kind === "known" ? { ...read, value: String(read.value) } : read;
}

function outcome(read: TypedValue<string>): string {
  return read.kind === "known" ? `=${read.value}` : read.kind;
}

/** What ReadConf.java printed, in our units and as a double where ours is one. */
function decode(printed = "", name: string): string {
  if (printed === "-") return "absent";
  if (printed === "!") return "invalid";
  const plain = Buffer.from(printed.slice(1), "base64").toString("utf8");
  const unit = UNITS.get(name);
  return `=${unit === undefined ? plain : Number(BigInt(plain) * unit)}`;
}
