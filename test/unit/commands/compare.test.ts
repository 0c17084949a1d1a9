import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { differences, type Expectation, type Result } from "../../../src/commands/test/compare.ts";

const findings: Result["findings"] = [
  { policy: "p", mode: "Enforce", action: "change", field: "", text: "runs on spot nodes" },
];

const result: Result = {
  verdict: "changed",
  findings,
  all: findings,
  object: {
    metadata: { labels: { "acme.com/team": "risk" } },
    spec: { nodeSelector: {}, tolerations: [{ key: "a", operator: "Exists" }, { key: "b" }] },
  },
};

const told = (expect: Partial<Expectation>) =>
  differences({ verdict: "changed", ...expect }, result).map(
    ({ path, message }) => `${path.join(" ")}: ${message}`,
  );

describe("what a case expects, compared with what came of it", () => {
  it("is nothing to tell where all is as expected", () => {
    assert.deepEqual(
      told({
        findings: [{ action: "change", field: "", text: "runs on spot nodes", contains: "spot" }],
        object: { spec: { tolerations: [{ key: "a" }, {}] } },
        exactly: { "metadata.labels[acme.com/team]": "risk", "spec.tolerations[1]": { key: "b" } },
      }),
      [],
    );
    assert.deepEqual(told({ findings: [{ action: "change" }] }), []);
  });

  const CASES: readonly (readonly [Partial<Expectation>, readonly string[]])[] = [
    [{ verdict: "denied" }, ['verdict: expected denied, is changed: "[p] runs on spot nodes"']],
    [
      { findings: [] },
      ['findings: not expected: {"action":"change","field":"","text":"runs on spot nodes"}'],
    ],
    [
      { findings: [{ action: "deny", text: "x", contains: "y" }] },
      [
        'findings 0 action: expected "deny", is "change"',
        'findings 0 text: expected "x", is "runs on spot nodes"',
        'findings 0 contains: expected "y" in "runs on spot nodes"',
      ],
    ],
    [
      { findings: [{ action: "change" }, { action: "deny" }] },
      ["findings 1: there is no such finding"],
    ],
    [
      { object: { spec: { nodeSelecter: {} } } },
      ["object spec nodeSelecter: there is no such field, expected {}"],
    ],
    [
      { object: { spec: { tolerations: [{ key: "a" }] } } },
      [
        'object spec tolerations: expected [{"key":"a"}], is [{"key":"a","operator":"Exists"},{"key":"b"}]',
      ],
    ],
    [
      { object: { spec: { tolerations: [{ key: "z" }, {}] } } },
      ['object spec tolerations 0 key: expected "z", is "a"'],
    ],
    [
      { exactly: { "spec.nodeSelecter": {} } },
      ["exactly spec.nodeSelecter: there is no such field"],
    ],
    [
      { exactly: { "spec.nodeSelector": { a: "b" } } },
      ['exactly spec.nodeSelector: expected {"a":"b"}, is {}'],
    ],
    [{ exactly: { "spec.toString": "x" } }, ["exactly spec.toString: there is no such field"]],
  ];
  for (const [expect, expected] of CASES) {
    it(JSON.stringify(expect), () => {
      assert.deepEqual(told(expect), expected);
    });
  }
});
