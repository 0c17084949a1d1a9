import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DurationUnit, parseDuration } from "../../../src/spark/duration.ts";

const DAY = 86_400_000;

describe("parseDuration", () => {
  const cases: readonly (readonly [string, DurationUnit, number | undefined])[] = [
    ["60", "s", 60_000],
    ["60", "ms", 60],
    ["60s", "ms", 60_000],
    ["1m", "s", 60_000],
    ["1min", "s", 60_000],
    ["2h", "s", 7_200_000],
    ["1d", "s", DAY],
    ["1D", "min", DAY],
    ["250us", "us", 0.25],
    ["250us", "ms", 0],
    ["1500ms", "s", 1000],
    ["-1500ms", "s", -1000],
    ["-999ms", "s", 0],
    [" 1s\t", "s", 1000],
    ["-1", "s", -1000],
    ["1 s", "s", undefined],
    ["1sec", "s", undefined],
    ["1w", "s", undefined],
    ["1.5s", "s", undefined],
    ["+1s", "s", undefined],
    ["--1", "s", undefined],
    ["", "s", undefined],
    ["s", "s", undefined],
    ["infinity", "s", undefined],
    ["1constructor", "s", undefined],
    ["9223372036854775807", "ms", 2 ** 63],
    ["9223372036854775808", "ms", undefined],
    ["-9223372036854775808", "ms", -(2 ** 63)],
    ["-9223372036854775809", "ms", undefined],
    ["106751991168d", "ms", 2 ** 63],
    ["-106751991168d", "ms", -(2 ** 63)],
    [`${"0".repeat(1_000_000)}1`, "ms", 1],
    ["9".repeat(1_000_000), "ms", undefined],
  ];
  for (const [text, unit, expected] of cases) {
    it(`reads ${JSON.stringify(text.slice(0, 40))} of ${unit} as ${expected ?? "none"}`, () => {
      const parsed = parseDuration(text, unit);
      assert.deepEqual(parsed.kind === "known" ? parsed.value : undefined, expected);
    });
  }
});
