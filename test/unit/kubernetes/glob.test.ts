import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileGlobs } from "../../../src/kubernetes/glob.ts";

describe("compileGlobs", () => {
  const cases: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
    ["team-*", "team-risk", true],
    ["team-*", "team-", true],
    ["team-*", "my-team-risk", false],
    ["*-SNAPSHOT", "3.5.1-SNAPSHOT", true],
    ["*-SNAPSHOT", "3.5.1-snapshot", false],
    ["*-SNAPSHOT", "3.5.1-SNAPSHOT-2", false],
    ["a*b*c", "abbc", true],
    ["a*b*c", "acb", false],
    ["*ab", "aab", true],
    ["*", "", true],
    ["**", "x/y", true],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["?", "", false],
    ["?", "😀", true],
    ["*?", "", false],
    ["spark.hadoop.*.key", "sparkXhadoop.fs.key", false],
    ["a.c", "abc", false],
    ["[ab]", "a", false],
    ["[ab]*", "[ab]c", true],
    ["", "", true],
    ["", "x", false],
    ["__proto__", "__proto__", true],
    ["$&*", "$&x", true],
  ];
  for (const [pattern, text, matches] of cases) {
    it(`${JSON.stringify(pattern)} ${matches ? "matches" : "does not match"} ${JSON.stringify(text)}`, () => {
      assert.equal(compileGlobs([pattern])(text), matches);
    });
  }

  it("matches where one of several patterns does, and nothing without patterns", () => {
    const matches = compileGlobs(["latest", "*-rc?"]);
    assert.deepEqual(["latest", "4.0-rc1", "4.0"].map(matches), [true, true, false]);
    assert.equal(compileGlobs([])(""), false);
  });

  it("ignores case in pattern and text on demand", () => {
    const matches = compileGlobs(["Latest", "*-SNAPSHOT"], { ignoreCase: true });
    assert.deepEqual(["LATEST", "1-snapshot", "1"].map(matches), [true, true, false]);
  });

  it("is not exponential in stars", () => {
    assert.equal(compileGlobs(["*a".repeat(50) + "b"])("a".repeat(10_000)), false);
  });
});
