// Expressions of a policy are written by people, what they look at by anybody.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createCheckingEnvironment } from "../../src/cel/environment.ts";
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

/** A string of CEL with whatever characters. */
const text = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 6 }),
    fc.constantFrom("a", "b", "aXb", "x".repeat(80)),
  )
  .filter((each) => each.isWellFormed())
  .map((each) => `"${each.replace(/["\\\n\r]/g, (character) => `\\${ESCAPES[character] ?? ""}`)}"`);
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", "\n": "n", "\r": "r" };

const double = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: 0 })
  .map((each) => (Number.isInteger(each) && each < 1e21 ? `${each}.0` : String(each)));

const call = (template: string, ...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts)
    .map((words) => words.reduce((said, word) => said.replace("@", () => word), template));
const any = (...templates: readonly fc.Arbitrary<string>[]) =>
  fc.oneof({ maxDepth: 5, depthSize: "medium" }, ...templates);

/** Expressions whose types mostly go together. Words with `@` in them are no parts: `@` is where a part goes. */
const written = fc.letrec<Record<"int" | "double" | "bool" | "string" | "list", string>>((tie) => {
  const [int, bool, string, list] = [tie("int"), tie("bool"), tie("string"), tie("list")];
  const number = tie("double");
  const one = (...words: readonly string[]) => fc.constantFrom(...words);
  const withAll = (templates: readonly string[], ...parts: readonly fc.Arbitrary<string>[]) =>
    templates.map((template) => call(template, ...parts));
  return {
    int: any(
      one("0", "1", "2", "7", "0x1F", "spark.executorId"),
      ...withAll(["(@ - @)", "@ - (@)", "@ + @", "@ * @", "@ / (@)", "(@) % @"], int, int),
      ...withAll(["-@", "-(@)", "(-@)"], int),
      call("(@ ? @ : @)", bool, int, int),
      call("@ ? @ : (@)", bool, int, int),
      ...withAll(["size(@)", "(@).size()"], string),
      call("(@).size()", list),
      call("(@).indexOf(@)", string, string),
    ),
    double: any(
      double,
      one("object.n", "object.m"),
      ...withAll(["@ - (@)", "(@) / @", "@ * @", "@ + @", "-(@) - @"], number, number),
      call("(@) + (@)", number, int),
    ),
    bool: any(
      one("true", "false", "object.yes", "app.id == app.name"),
      ...withAll(
        ["@ && (@)", "@ || @", "(@ || @)", "(@) == (@)", "@ && @", "@ || (@ )"],
        bool,
        bool,
      ),
      ...withAll(["!@", "!(@)", "!(!@)"], bool),
      ...withAll(["@ < @", "(@) == @", "@ >= (@)", "@ != @", "(@) in [@]"], int, int),
      ...withAll(["@ < @", "(@) == (@)", "@ >= @"], number, number),
      ...withAll(["@ == @", "@ < @", "(@).startsWith(@)", "(@).contains(@)"], string, string),
      ...withAll(["@ in @", "(@) in (@)"], string, list),
      ...withAll(["@ == @", "(@) != (@)"], list, list),
      ...withAll(
        ["(@).all(x, x == @)", "(@).exists(x, @ in [x])", "(@).exists_one(x, x < @)"],
        list,
        string,
      ),
      call("(@ ? @ : @)", bool, bool, bool),
    ),
    string: any(
      text,
      one("app.id", "object.s", "object['s']", "object.missing", "object.?s.orValue('')", "r'\\d'"),
      ...withAll(["@ + @", "(@ + @)", "{'k': @}['k'] + @"], string, string),
      ...withAll(["string(@)", "(@ == 1 ? 'a' : 'b')"], int),
      ...withAll(["(@).lowerAscii()", "(@).trim()", "(@).substring(1)"], string),
      call("(@).join(@)", list, string),
      call("(@)[@]", list, int),
      call("@ ? @ : @", bool, string, string),
    ),
    list: any(
      one("object.l", "[]", "request.userInfo.groups"),
      ...withAll(["[@, @]", "(@).split(@)"], string, string),
      ...withAll(["@ + @", "(@) + (@)"], list, list),
      ...withAll(
        ["(@).map(x, x + @)", "(@).filter(x, x != @)", "(@).map(y, y < 'm', y + @)"],
        list,
        string,
      ),
    ),
  };
});

const VALUES = {
  object: { n: 1.5, m: -3, yes: true, s: "aXb", l: ["a", "b", "\u{1f600}"] },
  app: { id: "a", name: "b" },
  spark: { executorId: 3n },
  request: { userInfo: { username: "u", groups: ["a", "devs"] } },
};

describe("expressions", () => {
  it("have the value that the library gives to what is written", () => {
    const library = createCheckingEnvironment();
    const outcome = (evaluate: () => unknown): readonly unknown[] => {
      try {
        return [evaluate()];
      } catch {
        return [];
      }
    };
    let valued = 0;
    fc.assert(
      fc.property(
        fc.oneof(written.bool, written.int, written.double, written.string, written.list),
        (said) => {
          fc.pre(said.length <= 4096);
          const checked = library.check(said);
          if (!checked.valid) {
            assert.throws(() => compileExpression(said, "any"), CelProblem);
            return;
          }
          let ours: ReturnType<typeof compileExpression>;
          try {
            ours = compileExpression(said, "any");
          } catch (error) {
            assert.match(String(error), /at most 2 levels/, said);
            return;
          }
          const expected = outcome(() => library.parse(said)(VALUES));
          if (expected.length > 0) valued++;
          assert.deepEqual(
            outcome(() => ours.evaluate(VALUES)),
            expected,
            said,
          );
        },
      ),
      { numRuns: 5000 },
    );
    assert.ok(valued > 2000, `${valued} of them have a value`);
  });

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
