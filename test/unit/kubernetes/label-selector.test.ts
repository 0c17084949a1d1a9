import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileLabelSelector } from "../../../src/kubernetes/label-selector.ts";
import type { LabelSelector } from "../../../src/kubernetes/label-selector.ts";
import type { StringMap } from "../../../src/kubernetes/pod.ts";

function expression(key: string, operator: string, values?: readonly string[]): LabelSelector {
  return { matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }] };
}

describe("compileLabelSelector", () => {
  const batch: StringMap = { tier: "batch", team: "risk", empty: "" };
  const cases: readonly (readonly [LabelSelector, StringMap | null | undefined, boolean])[] = [
    [{}, undefined, true],
    [{ matchLabels: null, matchExpressions: null }, null, true],
    [{ matchLabels: { tier: "batch" } }, batch, true],
    [{ matchLabels: { tier: "batch", team: "ads" } }, batch, false],
    [{ matchLabels: { tier: "batch" } }, undefined, false],
    [{ matchLabels: { empty: "" } }, batch, true],
    [{ matchLabels: { absent: "" } }, batch, false],
    [expression("tier", "In", ["web", "batch"]), batch, true],
    [expression("absent", "In", ["batch"]), batch, false],
    [expression("tier", "NotIn", ["batch"]), batch, false],
    [expression("tier", "NotIn", ["web"]), batch, true],
    [expression("absent", "NotIn", ["batch"]), batch, true],
    [expression("absent", "NotIn", ["batch"]), null, true],
    [expression("empty", "Exists"), batch, true],
    [expression("absent", "Exists", []), batch, false],
    [expression("absent", "DoesNotExist"), batch, true],
    [expression("tier", "DoesNotExist"), batch, false],
    [{ matchLabels: { tier: "batch" }, ...expression("team", "In", ["ads"]) }, batch, false],
    [expression("constructor", "Exists"), batch, false],
    [expression("constructor", "DoesNotExist"), batch, true],
    [expression("toString", "NotIn", ["x"]), {}, true],
    [{ matchLabels: { constructor: "x" } }, { constructor: "x" }, true],
    [{ matchLabels: { constructor: "x" } }, {}, false],
    [{ matchLabels: { "acme.com/team": "" } }, { ["__proto__"]: "x", "acme.com/team": "" }, true],
  ];
  for (const [selector, labels, matches] of cases) {
    it(`${JSON.stringify(selector)} on ${JSON.stringify(labels)} is ${matches}`, () => {
      assert.equal(compileLabelSelector(selector)(labels), matches);
    });
  }

  const refused: readonly LabelSelector[] = [
    expression("tier", "in", ["batch"]),
    expression("tier", "Gt", ["1"]),
    expression("tier", "toString"),
    expression("tier", "In"),
    expression("tier", "NotIn", []),
    expression("tier", "Exists", ["batch"]),
    expression("tier", "DoesNotExist", ["batch"]),
  ];
  for (const selector of refused) {
    it(`refuses ${JSON.stringify(selector)} and names the label`, () => {
      assert.throws(() => compileLabelSelector(selector), /TypeError: .*label tier/);
    });
  }

  for (const key of ["__proto__", "a b", "", "/a", "A.com/a", "-a", "a".repeat(64)]) {
    it(`refuses the key '${key}', which no label has`, () => {
      assert.throws(() => compileLabelSelector({ matchLabels: { [key]: "x" } }), /key of a label/);
    });
  }

  for (const value of ["a b", "-a", "a".repeat(64), "ä"]) {
    it(`refuses the value '${value}', which no label has`, () => {
      assert.throws(() => compileLabelSelector(expression("a", "In", [value])), /value of a label/);
    });
  }
});
