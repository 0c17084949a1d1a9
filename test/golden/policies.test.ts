// Every shipped policy has cases beside it (NAME.yaml and NAME.test.yaml), they hold, and none of what they expect
// could be another way: each expectation is changed once, and must then fail.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readPolicySources, shippedSets } from "../../src/commands/policy-options.ts";
import { runTests } from "../../src/commands/test.ts";
import { runCase, specOf, type CompileFor } from "../../src/commands/test/run-case.ts";
import { collectDocuments, type NamedDocument } from "../../src/policy/collect.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import { problemText } from "../../src/policy/problem.ts";
import { changedOnce, withChange } from "../fixtures/changed-once.ts";

const folder = join(import.meta.dirname, "../../policies");

for (const set of shippedSets()) {
  describe(`policy set ${set}`, () => {
    it("has cases for every policy", () => {
      const files = readdirSync(join(folder, set));
      const policies = files.filter((file) => !file.endsWith(".test.yaml"));
      assert.ok(policies.length > 0);
      assert.deepEqual(
        files.filter((file) => file.endsWith(".test.yaml")),
        policies.map((file) => file.replace(/\.yaml$/, ".test.yaml")),
      );
    });

    for (const { policy, name, problems } of runTests([set], {})) {
      it(`${policy}: ${name}`, () => {
        assert.deepEqual(problems, []);
      });
    }

    const sources = readPolicySources([set]);
    const { SparkPolicyTest: tests } = collectDocuments(sources, []);
    const compile: CompileFor = (options) => compilePolicies(sources, options).set;
    for (const test of tests) {
      for (const [index, one] of specOf(test).cases.entries()) {
        const changes = changedOnce(one.expect);
        it(`${test.name}: ${one.name}: fails for each of ${changes.length} changes`, () => {
          assert.ok(changes.length >= 2);
          for (const change of changes) {
            const changed = withExpectation(test, index, withChange(one.expect, change));
            const { problems } = runCase(changed, index, compile);
            assert.notDeepEqual(problems, [], `${change.path.join(".")} ${change.what}`);
          }
        });
      }
    }
  });
}

describe("the shipped sets together", () => {
  const others = shippedSets().filter((set) => set !== "baseline" && set !== "strict");
  for (const first of ["baseline", "strict"]) {
    it(`load without an error or a warning: ${[first, ...others].join(", ")}`, () => {
      const sources = readPolicySources([first, ...others]);
      const { problems, notices } = compilePolicies(sources, { platform: "karpenter" });
      const warnings = notices.filter(({ severity }) => severity === "warning");
      assert.deepEqual([...problems, ...warnings].map(problemText), []);
    });
  }
});

function withExpectation(test: NamedDocument, index: number, expect: unknown): NamedDocument {
  const document = structuredClone(test.document.value) as {
    spec: { cases: { expect: unknown }[] };
  };
  const one = document.spec.cases[index];
  assert.ok(one !== undefined);
  one.expect = expect;
  return { ...test, document: { ...test.document, value: document } };
}
