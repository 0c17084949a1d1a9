// Every shipped policy has cases beside it, and they hold: NAME.yaml and NAME.test.yaml.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { compileFrom, shippedSets } from "../../src/commands/policy-options.ts";
import { decide } from "../../src/engine/decide.ts";
import { reportEntry } from "../../src/report/report.ts";
import { NO_FACTS } from "../fixtures/facts.ts";

interface PolicyCase {
  readonly name: string;
  readonly object: unknown;
  readonly expect: {
    readonly verdict: string;
    /** All findings of the policy under test. */
    readonly findings: readonly { action: string; field: string; text: string }[];
    /** A fragment of the object as admitted. */
    readonly object?: Readonly<Record<string, unknown>>;
    /** Fields of the object as admitted, whole. */
    readonly exactly?: Readonly<Record<string, unknown>>;
  };
}

interface PolicyTest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly platform: string; readonly cases: readonly PolicyCase[] };
}

const folder = join(import.meta.dirname, "../../policies");

for (const set of shippedSets()) {
  describe(`policy set ${set}`, () => {
    const files = readdirSync(join(folder, set));
    const policies = files.filter((file) => !file.endsWith(".test.yaml"));

    it("is not empty, and every file of cases belongs to a policy", () => {
      const cases = files.filter((file) => file.endsWith(".test.yaml"));
      assert.ok(policies.length > 0);
      assert.deepEqual(
        cases,
        policies.map((file) => file.replace(/\.yaml$/, ".test.yaml")),
      );
    });

    for (const file of policies) {
      const name = file.replace(/\.yaml$/, "");
      const text = readFileSync(join(folder, set, `${name}.test.yaml`), "utf8");
      const test = parse(text, { merge: true }) as PolicyTest;
      describe(name, () => {
        assert.equal(test.kind, "SparkPolicyTest");
        assert.equal(test.metadata.name, name);
        assert.ok(test.spec.cases.length > 0);
        for (const example of test.spec.cases) {
          it(example.name, () => {
            runCase(set, name, test.spec.platform, example);
          });
        }
      });
    }
  });
}

function runCase(set: string, policy: string, platform: string, { object, expect }: PolicyCase) {
  const compiled = compileFrom([set], { platform, mode: "Enforce" });
  assert.deepEqual(compiled.problems, []);
  const decision = decide(
    compiled.set,
    {
      ...{
        group: "",
        version: "v1",
        kind: "Pod",
        subResource: "",
        operation: "CREATE",
        admission: "mutating",
      },
      namespace: "spark",
      object,
    },
    NO_FACTS,
  );
  const place = {
    file: "case",
    line: 1,
    kind: "Pod",
    namespace: "spark",
    name: "case",
    prefix: "",
  };
  const entry = reportEntry(place, decision);
  assert.equal(entry.verdict, expect.verdict);
  assert.deepEqual(
    entry.findings
      .filter((finding) => finding.policy === policy)
      .map(({ action, field, text }) => ({ action, field, text })),
    expect.findings,
  );
  assert.ok(decision.kind === "decided");
  const { pod } = decision.enforced;
  if (expect.object !== undefined) assert.partialDeepStrictEqual(pod, expect.object);
  for (const [path, value] of Object.entries(expect.exactly ?? {})) {
    const found = path
      .split(".")
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], pod);
    assert.deepEqual(found, value, path);
  }
}
