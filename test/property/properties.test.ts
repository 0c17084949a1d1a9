import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { appendProperties, parseProperties } from "../../src/spark/properties.ts";
import { SparkConf } from "../../src/spark/spark-conf.ts";
import { addedEntries, propertiesText } from "../fixtures/properties-text.ts";

function valuesOf(text: string): Map<string, string> | undefined {
  const properties = parseProperties(text);
  if (properties.kind === "malformed") return undefined;
  return new Map(Array.from(properties.entries, ([key, { value }]) => [key, value]));
}

describe("a properties file", () => {
  it("says after entries were added what it said before, and these", () => {
    fc.assert(
      fc.property(propertiesText, fc.string(), addedEntries, (text, policy, entries) => {
        const after = appendProperties(text, policy, entries);
        assert.ok(after.startsWith(text));
        const before = valuesOf(text);
        const expected = before && new Map([...before, ...entries]);
        assert.deepEqual(valuesOf(after), expected);
      }),
      { numRuns: 20_000 },
    );
  });

  it("has every entry on a line of its own", () => {
    fc.assert(
      fc.property(propertiesText, (text) => {
        const properties = parseProperties(text);
        const count = text.split(/\r\n|\r|\n/).length;
        const lines =
          properties.kind === "read"
            ? Array.from(properties.entries.values(), ({ line }) => line)
            : [properties.line];
        assert.equal(new Set(lines).size, lines.length);
        assert.ok(lines.every((line) => line >= 1 && line <= count));
      }),
      { numRuns: 5000 },
    );
  });
});

describe("SparkConf", () => {
  const keys = ["spark.a", "spark.b", "spark.c", "spark.executor.memory", "d"];
  const pieces = [
    ...keys,
    "$",
    "{",
    "}",
    ":",
    ".",
    " ",
    "1",
    "g",
    "-",
    "${spark.a}",
    "${spark.b}",
    "${env:X}",
    "true",
    "${",
  ];
  const values = fc.dictionary(
    fc.constantFrom(...keys),
    fc.string({ unit: fc.constantFrom(...pieces), maxLength: 8 }),
  );

  it("reads any values without a throw, and as they are where nothing refers", () => {
    fc.assert(
      fc.property(values, fc.constantFrom(...keys), (written, key) => {
        const entries = Object.entries(written);
        const conf = new SparkConf(
          new Map(entries.map(([name, value]) => [name, { value, where: name }])),
        );
        conf.bytes(key, "m");
        conf.milliseconds(key, "s");
        conf.int(key);
        conf.boolean(key);
        const read = conf.get(key);
        const value = new Map(entries).get(key);
        if (value === undefined) assert.equal(read.kind, "absent");
        else if (!value.includes("${")) assert.ok(read.kind === "known" && read.value === value);
      }),
      { numRuns: 20_000 },
    );
  });
});
