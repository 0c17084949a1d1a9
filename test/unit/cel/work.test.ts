import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileExpression } from "../../../src/cel/expression.ts";
import { CelFailure } from "../../../src/cel/failure.ts";

describe("expressions that take long", () => {
  const list = Array.from({ length: 3000 }, (_, index) => `v${index}`);
  const long = { object: { list, huge: Array.from({ length: 10_001 }, () => "a") } };
  for (const text of [
    "object.list.all(x, object.list.all(y, x != 'z' && y != 'z'))",
    "object.list.exists(x, object.list.exists(y, y == 'z')) || true",
    "object.list.exists(x, x in object.list && x == 'z')",
    "object.list.map(x, object.list).size() > 0",
    "object.list.map(x, object.list.filter(y, true)).size() > 0",
  ]) {
    it(text, () => {
      assert.throws(() => compileExpression(text, "bool").evaluate(long), /too much work/);
    });
  }

  const annotation = `${"a@example.com,".repeat(5000)}${"x".repeat(1_430_000)}`;
  const containers = Array.from({ length: 1000 }, (_, index) => ({
    name: `c${index}`,
    env: [{ name: "A", value: "b" }],
  }));
  const spacious = { object: { annotation, copy: `${annotation}.`.slice(0, -1), containers } };
  const doubled = `[0]${".map(x, [x, x])".repeat(27)}`;
  for (const text of [
    'object.containers.all(c, object.annotation.matches("^([a-z@.]+,)+$") || true)',
    'object.containers.exists(c, c.name in object.annotation.split(",") && c.name == "")',
    "object.containers.all(c, object.containers.exists_one(d, d == c))",
    "object.containers.all(c, object.containers.exists(d, d in [c]) || true)",
    "object.containers.all(c, c in object.containers.map(d, d))",
    `${doubled} == ${doubled}`,
    `${doubled} in [${doubled}]`,
    `["a"]${".map(x, x + x)".repeat(24)}.size() == 1`,
    `["a"]${".map(x, x + x)".repeat(24)} == []`,
    `[[1]]${".map(x, x + x)".repeat(24)}.size() == 1`,
    "object.containers.all(c, object.annotation == object.copy)",
    "object.containers.all(c, object.annotation <= object.copy)",
    "object.containers.all(c, !object.annotation.contains(c.name))",
    "object.annotation.contains(object.annotation.substring(1) + 'b')",
    "object.containers.all(c, object.annotation.indexOf(c.name) < 0)",
    "object.containers.all(c, object.annotation.lastIndexOf(c.name, 5) < 0)",
    "object.containers.all(c, object.annotation.lowerAscii() != '')",
    "object.containers.all(c, object.annotation.upperAscii().trim() != '')",
    "object.containers.all(c, object.annotation.size() > 1 && size(object.annotation) > 1)",
    "object.containers.all(c, !object.annotation.endsWith(object.copy + c.name))",
    "object.containers.all(c, object.annotation.substring(1).startsWith('@'))",
    "object.containers.map(c, object.annotation).join(',') == ''",
    "object.containers.map(c, c.name).join(object.annotation) == ''",
    "object.annotation.split('').size() > 0",
    "object.containers.all(c, bytes(object.annotation).size() > 0)",
  ]) {
    it(`${text.slice(0, 90)}, with much in the object`, () => {
      assert.throws(
        () => compileExpression(text, "bool").evaluate(spacious),
        (error) => {
          assert.ok(error instanceof CelFailure, String(error));
          assert.match(error.message, /^too much work/);
          return true;
        },
      );
    });
  }

  it("are refused a duration that is long: reading it takes cubic time", () => {
    const expression = compileExpression("duration(object.text) > duration('1s')", "bool");
    assert.throws(() => expression.evaluate({ object: { text: "1".repeat(100_000) } }), /duration/);
  });

  it("cost nothing where they look at what is short", () => {
    const pod = { containers: containers.slice(0, 100), list: list.slice(0, 100) };
    for (const text of [
      "object.containers.all(c, object.containers.exists(d, d == c))",
      "object.containers.all(c, object.list.all(l, l + c.name != c.name.lowerAscii()))",
    ]) {
      assert.equal(compileExpression(text, "bool").evaluate({ object: pod }), true, text);
    }
  });

  it("are refused a list that is too long", () => {
    for (const text of ["object.huge.all(x, x == 'a')", "'b' in object.huge"]) {
      assert.throws(
        () => compileExpression(text, "bool").evaluate(long),
        /a list of 10001 entries/,
      );
    }
  });

  it("do not spoil the next one", () => {
    const exploding = compileExpression("object.list.all(x, object.list.all(y, true))", "bool");
    assert.throws(() => exploding.evaluate(long), CelFailure);
    const sound = compileExpression("object.list.all(x, x != '')", "bool");
    assert.equal(sound.evaluate(long), true);
  });

  it("have regular expressions that are linear in the text", () => {
    const text = "a".repeat(50_000);
    const expression = compileExpression('object.text.matches("^(a+)+$")', "bool");
    assert.equal(expression.evaluate({ object: { text: `${text}b` } }), false);
    assert.equal(expression.evaluate({ object: { text } }), true);
  });
});
