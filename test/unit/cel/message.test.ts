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

  for (const text of ["{{app.name", "app.name}}", "{{}}", "{{app.nam}}", "{{a b}}"]) {
    it(`${text} is none`, () => {
      assert.throws(() => compileMessage(text), CelProblem);
    });
  }
});
