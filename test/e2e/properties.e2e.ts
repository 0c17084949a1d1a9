// The JVM's own Properties.load against parseProperties, on ten thousand generated files before and after entries were
// added: after is before and exactly ours.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { appendProperties, parseProperties } from "../../src/spark/properties.ts";
import { addedEntries, propertiesText } from "../fixtures/properties-text.ts";
import { runJava } from "./java.ts";

const COUNT = 10_000;
const SEED = 20261126;
const MALFORMED = "!Malformed \\uxxxx encoding.";
/** Of the reader within the JVM: line ends and escapes may lie across. */
const BUFFER = 8192;

interface Case {
  readonly text: string;
  readonly entries: readonly (readonly [string, string])[];
}

const padded = fc
  .tuple(fc.integer({ min: BUFFER - 20, max: BUFFER }), propertiesText)
  .map(([length, text]) => `#${"x".repeat(length - 2)}\n${text}`);

const cases: readonly Case[] = fc.sample(
  fc.record({
    text: fc.oneof({ weight: 30, arbitrary: propertiesText }, { weight: 1, arbitrary: padded }),
    entries: addedEntries,
  }),
  { numRuns: COUNT, seed: SEED },
);

describe(`${COUNT} generated properties files (seed ${SEED})`, () => {
  const afterText = cases.map(({ text, entries }) => appendProperties(text, "p", entries));
  let asSent: readonly string[] = [];
  let asChanged: readonly string[] = [];

  before(async () => {
    const texts = [...cases.map(({ text }) => text), ...afterText];
    const lines = await runJava(
      "LoadProperties",
      texts.map((text) => Buffer.from(text, "utf8").toString("base64")),
    );
    assert.equal(lines.length, texts.length);
    asSent = lines.slice(0, COUNT);
    asChanged = lines.slice(COUNT);
  });

  it("are read as the JVM reads them", () => {
    for (const [index, { text }] of cases.entries()) {
      assert.deepEqual(read(text), decode(asSent[index]), JSON.stringify(text));
    }
  });

  it("say to the JVM after entries were added what they said before, and these", () => {
    for (const [index, { text, entries }] of cases.entries()) {
      const sent = decode(asSent[index]);
      const expected = typeof sent === "string" ? sent : new Map([...sent, ...entries]);
      assert.deepEqual(decode(asChanged[index]), expected, JSON.stringify({ text, entries }));
    }
  });

  it("are read the same after entries were added", () => {
    for (const [index, text] of afterText.entries()) {
      assert.deepEqual(read(text), decode(asChanged[index]), JSON.stringify(text));
    }
  });

  it("are malformed one in twenty at least, and four of five are not", () => {
    const malformed = asSent.filter((line) => line === MALFORMED).length;
    assert.ok(malformed > COUNT / 20 && malformed < COUNT / 5, `${malformed} are malformed`);
  });
});

function read(text: string): Map<string, string> | string {
  const properties = parseProperties(text);
  if (properties.kind === "malformed") return MALFORMED;
  return new Map(Array.from(properties.entries, ([key, { value }]) => [key, value]));
}

/** What LoadProperties.java printed. */
function decode(line = ""): Map<string, string> | string {
  if (line.startsWith("!")) return line;
  const entries = line === "" ? [] : line.split(" ");
  return new Map(
    entries.map((entry) => {
      const [key = "", value = ""] = entry
        .split(":")
        .map((part) => Buffer.from(part, "base64").toString("utf16le"));
      return [key, value];
    }),
  );
}
