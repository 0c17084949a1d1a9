import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { appendProperties, parseProperties } from "../../../src/spark/properties.ts";

/** Keys and values, or the line that is malformed. */
function read(text: string): Readonly<Record<string, string>> | number {
  const properties = parseProperties(text);
  if (properties.kind === "malformed") return properties.line;
  return Object.fromEntries(Array.from(properties.entries, ([key, { value }]) => [key, value]));
}

describe("parseProperties", () => {
  const cases: readonly (readonly [string, string, Readonly<Record<string, string>> | number])[] = [
    ["nothing", "", {}],
    ["blank lines", "\n \t\f\n\r\n\r", {}],
    ["an entry without a last newline", "a=1", { a: "1" }],
    ["LF, CR and CRLF", "a=1\nb=2\rc=3\r\nd=4", { a: "1", b: "2", c: "3", d: "4" }],
    ["colons and blanks as separators", "a:1\nb 2\nc\t3\nd\f4", { a: "1", b: "2", c: "3", d: "4" }],
    ["blanks around a separator", " \t\fa \t\f=\f\t 1", { a: "1" }],
    [
      "the second separator as part of the value",
      "a==1\nb : :2\nc =:3",
      { a: "=1", b: ":2", c: ":3" },
    ],
    ["blanks at the end of a value", "a=1 \t", { a: "1 \t" }],
    ["a key alone", "a\nb=\nc :", { a: "", b: "", c: "" }],
    ["an empty key", "=1", { "": "1" }],
    ["the last of a key", "a=1\nb=2\na=3", { a: "3", b: "2" }],
    ["comments", "#a=1\n  !b=2\n#c\\\nd=4", { d: "4" }],
    ["# and ! behind the start", "a#=1\nb=!2", { "a#": "1", b: "!2" }],
    ["a line that goes on", "a=1,\\\n  2,\\\r\n\t3,\\\r4", { a: "1,2,3,4" }],
    ["a key that goes on", "sp\\\n  ark\\\n=1", { spark: "1" }],
    ["an even number of backslashes, which ends a line", "a=1\\\\\nb=2", { a: "1\\", b: "2" }],
    ["an odd number of them", "a=1\\\\\\\nb=2", { a: "1\\b=2" }],
    ["a blank line that ends what goes on", "a=1\\\n \t\nb=2", { a: "1", b: "2" }],
    ["a # where a line goes on", "a=1\\\n#2", { a: "1#2" }],
    ["a comment behind a lone backslash", "\\\n#a=1\nb=2", { b: "2" }],
    ["a backslash at the end of the file", "a=1\\", { a: "1" }],
    ["one before the last newline", "a=1\\\n", { a: "1" }],
    ["a lone backslash at the end, an empty entry", "\\", { "": "" }],
    ["a lone backslash before the last newline", "a=1\n\\\n", { a: "1", "": "" }],
    ["a lone backslash before a last CRLF, nothing", "a=1\n\\\r\n", { a: "1" }],
    ["a lone backslash before blanks, nothing", "\\\n ", {}],
    ["escapes", "a=\\t\\n\\r\\f\\\\\\q\\ ", { a: "\t\n\r\f\\q " }],
    ["escaped separators in keys", "a\\=b\\:c\\ d=1\n\\#e=2", { "a=b:c d": "1", "#e": "2" }],
    ["escaped backslashes before a separator", "a\\\\=1", { "a\\": "1" }],
    ["\\uXXXX", "\\u0061=\\u00e9\\u00E9\\ud83d\\ude00", { a: "éé😀" }],
    ["an escaped newline, which separates no keys", "a\\u000ab\\u003d=1", { "a\nb=": "1" }],
    ["\\u across lines", "a=\\u00\\\n  41", { a: "A" }],
    ["\\U, which is no escape", "a=\\U0041", { a: "U0041" }],
    ["other text than ASCII as it is", "é=ü\u2028\u00a0", { é: "ü\u2028\u00a0" }],
    ["a byte order mark as part of the key", "\ufeffa=1", { "\ufeffa": "1" }],
    ["three hex digits", "a=1\nb=\\u123", 2],
    ["what is no hex digit", "\n\na=\\u12g4", 3],
    ["hex digits that end with the key", "a\\u004=1", 1],
    ["the first malformed entry, by the line it begins on", "a=1\\\n2\nb=\\\n\\uX\nc=\\u", 3],
  ];
  for (const [what, text, expected] of cases) {
    it(`reads ${what}`, () => {
      assert.deepEqual(read(text), expected);
    });
  }

  it("reads names of JavaScript's own as keys", () => {
    const properties = parseProperties("__proto__=1\nconstructor=2");
    assert.deepEqual(properties, {
      kind: "read",
      entries: new Map([
        ["__proto__", { value: "1", line: 1 }],
        ["constructor", { value: "2", line: 2 }],
      ]),
    });
  });

  it("tells the line on which the entry that counts begins", () => {
    const properties = parseProperties("# of spark-submit\r\na=1\rb=1,\\\n2\n\\\n  a=3\n\nc=4");
    assert.equal(properties.kind, "read");
    const lines = Array.from(properties.entries, ([key, { line }]) => [key, line]);
    assert.deepEqual(lines, [
      ["a", 6],
      ["b", 3],
      ["c", 8],
    ]);
  });

  const million = 250_000;
  const large: readonly (readonly [string, string])[] = [
    ["backslashes", "\\".repeat(4 * million)],
    ["backslashes and newlines", "\\\n".repeat(2 * million)],
    ["blanks", " ".repeat(4 * million)],
    ["one line in many parts", `a=${"b\\\n".repeat(million)}`],
    ["one line", `a=${"b".repeat(4 * million)}`],
    ["a key without end", "\\=".repeat(2 * million)],
    ["escapes", `a=${"\\u0041".repeat(million)}`],
    ["entries", Array.from({ length: 50_000 }, (_, index) => `spark.a${index}=1`).join("\n")],
    ["the same key", "a=1\n".repeat(million)],
    ["carriage returns", "\r".repeat(4 * million)],
  ];
  for (const [what, text] of large) {
    it(`reads a megabyte of ${what}, and adds to them`, () => {
      const after = parseProperties(appendProperties(text, "p", [["spark.x", "y"]]));
      assert.equal(after.kind, "read");
      assert.equal(after.entries.get("spark.x")?.value, "y");
    });
  }
});

describe("appendProperties", () => {
  it("adds a block with a comment", () => {
    assert.equal(
      appendProperties("spark.a=1\n", "safe-shuffle", [
        ["spark.b", "2"],
        ["spark.c", "3"],
      ]),
      "spark.a=1\n\n\n# sparkgate: safe-shuffle\nspark.b=2\nspark.c=3\n",
    );
  });

  it("adds nothing where there is nothing to add", () => {
    assert.equal(appendProperties("a=1\\", "p", []), "a=1\\");
  });

  it("keeps a policy's name in its comment", () => {
    const text = appendProperties("", "p\nspark.evil=1\\", [["a", "1"]]);
    assert.equal(text, "\n\n# sparkgate: p\\nspark.evil=1\\\\\na=1\n");
    assert.deepEqual(read(text), { a: "1" });
  });

  const ends = ["", "\n", "\r", "\r\n", "\\", "\\\\", "\\\n", "\\\r", "\\\r\n", "\\\n ", " ", "#"];
  for (const start of ["", "a=1", "a=1\n", "# b", "a=1\n\\\n", "a"]) {
    for (const end of ends) {
      const text = start + end;
      it(`adds to ${JSON.stringify(text)} without changing what it says`, () => {
        const before = read(text);
        assert.ok(typeof before === "object");
        assert.deepEqual(read(appendProperties(text, "p", [["spark.x", "y"]])), {
          ...before,
          "spark.x": "y",
        });
      });
    }
  }

  const values: readonly (readonly [string, string, string])[] = [
    ["a", "1", "a=1"],
    ["a", "", "a="],
    ["", "1", "=1"],
    ["a b\t", " 1 ", "a\\ b\\t=\\ 1 "],
    ["a=:", "=:1", "a\\=\\:==:1"],
    ["#a!", "#!", "\\#a\\!=#!"],
    ["a\\", "\\1\\", "a\\\\=\\\\1\\\\"],
    ["a\n\r\f", "\n\r\f", "a\\n\\r\\f=\\n\\r\\f"],
    ["é", "😀\ud800\0\x7f", "\\u00E9=\\uD83D\\uDE00\\uD800\\u0000\\u007F"],
    ["\\u0041", "\\u0041", "\\\\u0041=\\\\u0041"],
  ];
  for (const [key, value, written] of values) {
    it(`writes ${written}`, () => {
      const text = appendProperties("", "p", [[key, value]]);
      assert.equal(text, `\n\n# sparkgate: p\n${written}\n`);
      assert.deepEqual(read(text), { [key]: value });
    });
  }
});
