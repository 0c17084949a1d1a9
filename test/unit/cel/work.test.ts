import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileExpression } from "../../../src/cel/expression.ts";
import { CelFailure } from "../../../src/cel/failure.ts";
import { compileMessage } from "../../../src/cel/message.ts";

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

  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, "v"]));
  const crowded = {
    object: { map: keys(30_000), args: list, lists: [[keys(30_000)]] },
    namespaceObject: { metadata: { name: "a", labels: keys(30_000) } },
  };
  for (const use of [
    "'k' in object.map",
    "x in object.map",
    "object.map == x",
    "!(object.map != 1)",
    "-object.map == 1",
    "!object.map",
    "object.map - 1 == 1",
    "object.map < 1",
    "type(object.map) == list",
    "object.map.startsWith('a')",
    "!optional.of(object.map).hasValue()",
    "(object.map ? true : false)",
    "(object.map && true)",
    "object.lists[0] == 1",
    "object.lists + [] == []",
    "{'a': object.map} == {}",
    "x in namespaceObject.metadata.labels",
    "timestamp(0).getHours(object.map) == 1",
  ]) {
    it(`${use}, with many keys`, () => {
      const repeated = `${"(USE) || ".repeat(10)}false`.replaceAll("USE", use);
      const within = `object.args.exists(x, object.args.exists(y, ${repeated}) || false) || true`;
      const flat = `object.args.exists(x, ${repeated}) || true`;
      for (const text of [within, flat]) {
        assert.throws(
          () => compileExpression(text, "bool").evaluate(crowded),
          /too much work/,
          text,
        );
      }
    });
  }

  it("do not look at the keys of a map that they ask for one field", () => {
    const text = "object.args.all(x, !has(object.map.owner) && object.map.key1 == 'v')";
    assert.equal(compileExpression(text, "bool").evaluate(crowded), true);
  });

  it("count a body by its parts, and what it builds", () => {
    const short = { object: { list: list.slice(0, 200) } };
    const long = Array.from({ length: 90 }, (_, index) => `"k${index}": [y, y, y]`).join(", ");
    for (const text of [
      `object.list.all(x, object.list.all(y, ${"y != '' && ".repeat(150)}true))`,
      `object.list.map(x, object.list.map(y, {${long}})).size() == 0`,
      `object.list.map(x, object.list.map(y, [${"[{}, {}], ".repeat(80)}[]])).size() == 0`,
    ]) {
      assert.throws(() => compileExpression(text, "bool").evaluate(short), /too much work/, text);
    }
  });

  it("count errors that are swallowed", () => {
    for (const text of [
      "object.list.exists(x, object.list.exists(y, y.a == 1)) || true",
      "object.list.all(x, x.a == 1 || x.b == 1 || x.c == 1 || x.d == 1 || x == 'v' || true)",
      "object.list.all(x, object.list.all(y, !object.list[?90000].hasValue()))",
    ]) {
      assert.throws(() => compileExpression(text, "bool").evaluate(long), /too much work/, text);
    }
  });

  it("make no text of a list that is a key", () => {
    for (const text of [
      `object.map[${doubled}] == ""`,
      `${doubled} in {}`,
      `${doubled} in object.map`,
      `{${doubled}: 1}.size() == 1`,
    ]) {
      assert.throws(
        () => compileExpression(text, "bool").evaluate(crowded),
        /too much work|a key is text/,
      );
    }
  });

  it("are refused a value of too many levels: each is a type of its own", () => {
    const deep = { object: JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`) as unknown };
    const expression = compileExpression("[object] == [1]", "bool");
    assert.throws(() => expression.evaluate(deep), /a value of too many levels/);
  });

  it("share the work of a message", () => {
    const each = "{{object.list.all(x, x != object.list[0] || x.startsWith('v'))}}";
    const known = compileMessage(each).render(long);
    assert.equal(known, "true");
    assert.match(compileMessage(each.repeat(40)).render(long), /^(true){2,}.*\(not known\)$/);
  });

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
