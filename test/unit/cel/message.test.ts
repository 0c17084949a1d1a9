import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CelProblem } from "../../../src/cel/failure.ts";
import { compileMessage } from "../../../src/cel/message.ts";

const variables = {
  object: {
    list: ["a", "b"],
    number: 2,
    map: {},
    long: "x".repeat(500),
    nothing: null,
    nested: [[], ["a", 2], [[]]],
  },
  request: { namespace: "risk" },
};

const CASES: readonly (readonly [string, string])[] = [
  ["plain", "plain"],
  ["'{{request.namespace}}' has no quota", "'risk' has no quota"],
  ["{{ object.list }}: {{object.list.size()}} and {{object.number}}", "a, b: 2 and 2"],
  ["{{object.missing}} {{object.map}} {{object.nothing}}", "(not known) (an object) null"],
  ["{{object.number == 2 ? 'two' : 'other'}}", "two"],
  ["{{object.long}}", `${"x".repeat(117)}...`],
  ["{{[object.long, object.list]}}", `${"x".repeat(117)}...`],
  [`{{['ab']${".map(x, [x, x, x, x])".repeat(12)}}}`, `${"ab, ".repeat(30).slice(0, 117)}...`],
  ["{{object.nested}}", ", a, 2, "],
  ["{{duration('90s')}} {{duration('1.5s')}} {{7u}} {{quantity('4Gi')}}", "90s 1.5s 7 4Gi"],
  ["{{timestamp('2026-01-01T00:00:00+01:00')}}", "2025-12-31T23:00:00Z"],
  ["{{b'ab'}} {{object}} {{{'toString': 1} }}", "(an object) (an object) (an object)"],
  ['{{"{{"}}', "{{"],
];

describe("messages", () => {
  for (const [text, rendered] of CASES) {
    it(text, () => {
      assert.equal(compileMessage(text).render(variables), rendered);
    });
  }

  it("know which variables they name", () => {
    assert.deepEqual([...compileMessage("{{app.name}} {{spark.role}}").names], ["app", "spark"]);
  });

  for (const text of [
    "{{app.name",
    "app.name}}",
    "a }} b {{app.name}}",
    "{{}}",
    "{{app.nam}}",
    "{{a b}}",
  ]) {
    it(`${text} is none`, () => {
      assert.throws(() => compileMessage(text), CelProblem);
    });
  }
});
