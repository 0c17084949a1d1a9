import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJavaSize, type SizeUnit } from "../../../src/spark/java-size.ts";

const MIB = 2 ** 20;

describe("parseJavaSize", () => {
  const cases: readonly (readonly [string, SizeUnit, number | undefined])[] = [
    ["1", "b", 1],
    ["1", "m", MIB],
    ["1b", "m", 0],
    ["1g", "m", 1024 * MIB],
    ["1G", "b", 1024 * MIB],
    ["1gb", "b", 1024 * MIB],
    ["1k", "b", 1024],
    ["2t", "b", 2 * 2 ** 40],
    ["3pb", "b", 3 * 2 ** 50],
    ["1500k", "m", MIB],
    [" 512m\n", "m", 512 * MIB],
    ["0001k", "b", 1024],
    ["0", "m", 0],
    ["-1", "b", -1],
    ["-1k", "b", -1024],
    ["- 1", "b", -1],
    ["-0", "b", 0],
    [" -1", "b", undefined],
    ["--1", "b", undefined],
    ["+1", "b", undefined],
    ["", "b", undefined],
    ["g", "b", undefined],
    ["1.5g", "b", undefined],
    ["1 g", "b", undefined],
    ["1gib", "b", undefined],
    ["1Gi", "b", undefined],
    ["1x", "b", undefined],
    ["1bb", "b", undefined],
    ["1constructor", "b", undefined],
    ["٣g", "b", undefined],
    ["9223372036854775807", "b", 2 ** 63],
    ["9223372036854775808", "b", undefined],
    ["9223372036854775807k", "b", undefined],
    ["8192p", "b", undefined],
    ["8192p", "m", 2 ** 63],
    [`${"0".repeat(1_000_000)}1`, "b", 1],
    ["9".repeat(1_000_000), "b", undefined],
    [`1${"g".repeat(1_000_000)}!`, "b", undefined],
  ];
  for (const [text, unit, expected] of cases) {
    it(`reads ${JSON.stringify(text.slice(0, 40))} of ${unit} as ${expected ?? "none"}`, () => {
      const parsed = parseJavaSize(text, unit);
      assert.deepEqual(parsed.kind === "known" ? parsed.value : undefined, expected);
    });
  }
});
