import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { executorIdOf } from "../../../src/spark/executor-id.ts";

const INDEX = "apps.kubernetes.io/pod-index";

describe("executorIdOf", () => {
  const cases: readonly (readonly [
    string,
    Readonly<Record<string, string>>,
    number | undefined,
  ])[] = [
    ["counts from 1", { "spark-exec-id": "1" }, 1],
    ["reads leading zeros as decimal", { "spark-exec-id": "007" }, 7],
    [
      "takes a StatefulSet's ordinal 0 for the first",
      { "spark-exec-id": "EXECID", [INDEX]: "0" },
      1,
    ],
    ["takes a StatefulSet's ordinal plus one", { "spark-exec-id": "EXECID", [INDEX]: "9" }, 10],
    ["prefers Spark's own number to an ordinal", { "spark-exec-id": "3", [INDEX]: "8" }, 3],
    ["knows none for a Deployment's Pod", { "spark-exec-id": "EXECID" }, undefined],
    ["knows none without the label", {}, undefined],
    ["ignores an ordinal that does not come from Spark's StatefulSet", { [INDEX]: "4" }, undefined],
    ["refuses 0, which Spark never hands out", { "spark-exec-id": "0" }, undefined],
    ["refuses a negative number", { "spark-exec-id": "-1" }, undefined],
    ["refuses a word", { "spark-exec-id": "abc" }, undefined],
    ["refuses a number with an exponent", { "spark-exec-id": "1e3" }, undefined],
    ["refuses a hexadecimal number", { "spark-exec-id": "0x10" }, undefined],
    ["refuses a fraction", { "spark-exec-id": "1.5" }, undefined],
    ["refuses spaces and newlines", { "spark-exec-id": "1\n" }, undefined],
    ["refuses digits of other scripts", { "spark-exec-id": "١" }, undefined],
    ["refuses the driver's id", { "spark-exec-id": "driver" }, undefined],
    [
      "refuses an ordinal that is no number",
      { "spark-exec-id": "EXECID", [INDEX]: "x" },
      undefined,
    ],
    [
      "refuses what no counter of Spark's can reach",
      { "spark-exec-id": "9".repeat(40) },
      undefined,
    ],
  ];
  for (const [what, labels, expected] of cases) {
    it(what, () => {
      assert.equal(executorIdOf({ metadata: { labels } }), expected);
    });
  }

  it("knows none of a Pod without labels", () => {
    assert.equal(executorIdOf({}), undefined);
    assert.equal(executorIdOf({ metadata: { labels: null } }), undefined);
  });
});
