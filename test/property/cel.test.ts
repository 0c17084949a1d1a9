// Expressions of a policy are written by people, what they look at by anybody.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compileExpression } from "../../src/cel/expression.ts";
import { CelFailure, CelProblem } from "../../src/cel/failure.ts";
import { compileMessage } from "../../src/cel/message.ts";

const EXPRESSIONS = [
  "has(object.a.b) && object.a.b == 'x'",
  "object.a.all(x, x.b > 1)",
  "object.a.exists(x, x in object.b)",
  "object.a.filter(x, has(x.a)).map(x, x.a).size() > 0",
  "'a' in object && object['a'] == object.b",
  "object.?a.?b.orValue('') == ''",
  "object.a.matches('^(a|b)+$')",
  "quantity(object.a).isGreaterThan(quantity(object.b))",
  "object.a + 1 == 2 || object.b.startsWith('a')",
  "string(object.a) == '1' || int(object.b) == 1 || bool(object.a)",
].map((text) => compileExpression(text, "bool"));

/** Keys that mean something to JavaScript, and those that the expressions ask for. */
const key = fc.constantFrom(
  "a",
  "b",
  "constructor",
  "__proto__",
  "toString",
  "length",
  "prototype",
);
const SECRET = "hunter2";
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 1.5, "", "x", "4Gi", SECRET, "a".repeat(300)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries) => {
      // As JSON.parse makes them: `__proto__` is a key as any other.
      const text = entries.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`);
      return JSON.parse(`{${text.join(",")}}`) as unknown;
    }),
  ),
})).value;

describe("expressions", () => {
  it("have a value or fail with one line that quotes nothing of the object", () => {
    fc.assert(
      fc.property(fc.constantFrom(...EXPRESSIONS), value, (expression, object) => {
        try {
          assert.equal(typeof expression.evaluate({ object }), "boolean");
        } catch (error) {
          assert.ok(error instanceof CelFailure, String(error));
          assert.doesNotMatch(error.message, new RegExp(`\\n|${SECRET}`));
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("see an object with a key `constructor` as any other", () => {
    const harmless = compileExpression("has(object.a) && object.a == 'x'", "bool");
    fc.assert(
      fc.property(value, fc.constantFrom("x", "y"), (inner, a) => {
        const object = { a, constructor: inner };
        assert.equal(harmless.evaluate({ object }), a === "x");
      }),
    );
  });

  it("are compiled, or refused with one line, whatever their text", () => {
    const word = fc.constantFrom(
      ...["object", "spark", "app", ".", ".", "a", "role", "name", "(", ")", "[", "]", "{", "}"],
      ...["'x'", '"', "1", "2u", "1.5", "==", "&&", "||", "!", "?", ":", ",", "in", "has", "all"],
      ...[
        "exists",
        "map",
        "x",
        "matches",
        "cel",
        "bind",
        "__step",
        "\n",
        "\u0000",
        "+",
        "-",
        "null",
      ],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), fc.constantFrom("", " "), (words, between) => {
        const text = words.join(between);
        for (const compile of [
          () => compileExpression(text, "any"),
          () => compileMessage(`a {{${text}}} b`),
        ]) {
          try {
            compile();
          } catch (error) {
            assert.ok(error instanceof CelProblem, `${text}: ${String(error)}`);
          }
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("make a message of anything", () => {
    const message = compileMessage("{{object.a}} {{object.b.map(x, x)}}");
    fc.assert(
      fc.property(value, (object) => {
        assert.equal(typeof message.render({ object }), "string");
      }),
      { numRuns: 2000 },
    );
  });
});
