import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJavaBoolean, parseJavaInt, trimmed } from "../../../src/spark/java-string.ts";

describe("trimmed", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", ""],
    [" \t\r\n\0a b\u001f ", "a b"],
    ["\u00a0a\u2003", "\u00a0a\u2003"],
    [" ", ""],
  ];
  for (const [text, expected] of cases) {
    it(`makes ${JSON.stringify(expected)} of ${JSON.stringify(text)}`, () => {
      assert.equal(trimmed(text), expected);
    });
  }

  it("keeps what it is told to", () => {
    assert.equal(trimmed(" \n a \r\t", "\r\n"), "\n a \r");
  });
});

describe("parseJavaInt", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ["0", 0],
    ["-0", 0],
    ["+7", 7],
    [" 12\n", 12],
    ["007", 7],
    ["2147483647", 2_147_483_647],
    ["2147483648", undefined],
    ["-2147483648", -2_147_483_648],
    ["-2147483649", undefined],
    ["", undefined],
    ["-", undefined],
    ["1.0", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    ["1_000", undefined],
    ["1 0", undefined],
    ["٣", undefined],
    ["\u00a01", undefined],
    ["9".repeat(1_000_000), undefined],
  ];
  for (const [text, expected] of cases) {
    it(`reads ${JSON.stringify(text.slice(0, 40))} as ${expected ?? "none"}`, () => {
      const parsed = parseJavaInt(text);
      assert.deepEqual(parsed.kind === "known" ? parsed.value : undefined, expected);
    });
  }
});

describe("parseJavaBoolean", () => {
  const cases: readonly (readonly [string, boolean | undefined])[] = [
    ["true", true],
    [" FALSE\t", false],
    ["True", true],
    ["yes", undefined],
    ["1", undefined],
    ["", undefined],
    ["tru e", undefined],
    ["falſe", undefined],
  ];
  for (const [text, expected] of cases) {
    it(`reads ${JSON.stringify(text)} as ${expected ?? "none"}`, () => {
      const parsed = parseJavaBoolean(text);
      assert.equal(parsed.kind === "known" ? parsed.value : undefined, expected);
    });
  }
});
