// Every recipe of docs/cookbook.md does what it says: its policies load without a warning, and the cases beside them hold.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readPolicySources } from "../../src/commands/policy-options.ts";
import { runCase, specOf, type CompileFor } from "../../src/commands/test/run-case.ts";
import { collectDocuments } from "../../src/policy/collect.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import type { Source } from "../../src/policy/document.ts";

interface Recipe {
  readonly number: number;
  readonly title: string;
  /** Texts of its fenced blocks. */
  readonly blocks: readonly Source[];
  readonly fences: number;
}

const file = "docs/cookbook.md";
const text = readFileSync(join(import.meta.dirname, "../..", file), "utf8");
const shippedPlatforms = readPolicySources([]);

/** The numbered sections. A block keeps its place in the file, so that problems name the right line. */
function readRecipes(): readonly Recipe[] {
  const headings = [...text.matchAll(/^## (.+)$/gm)];
  return headings.flatMap(({ index: start, 1: heading = "" }, at) => {
    const [, number, title] = /^(\d+)\. (.+)$/.exec(heading) ?? [];
    if (number === undefined || title === undefined) return [];
    const section = text.slice(start, headings[at + 1]?.index);
    const blocks = [...section.matchAll(/^```yaml\n([^]*?)^```$/gm)].map((block) => {
      const linesBefore = text.slice(0, start + block.index).split("\n").length;
      return { file, text: "\n".repeat(linesBefore) + (block[1] ?? "") };
    });
    const fences = section.match(/^```/gm)?.length ?? 0;
    return [{ number: Number(number), title, blocks, fences }];
  });
}

const recipes = readRecipes();

describe("cookbook", () => {
  it("has 20 recipes with one block each", () => {
    assert.deepEqual(
      recipes.map(({ number, blocks, fences }) => [number, blocks.length, fences]),
      Array.from({ length: 20 }, (_, index) => [index + 1, 1, 2]),
    );
  });

  for (const { number, title, blocks } of recipes) {
    describe(`${number}. ${title}`, () => {
      const sources = [...shippedPlatforms, ...blocks];
      const named = collectDocuments(sources, []);
      const tests = named.SparkPolicyTest;
      const compile: CompileFor = (options) => {
        const { set, problems } = compilePolicies(sources, options);
        assert.deepEqual(problems, []);
        return set;
      };

      it("loads without a warning, and has cases for every policy", () => {
        const platform = tests.map((test) => specOf(test).platform).find((name) => name);
        const { problems, notices } = compilePolicies(sources, { platform });
        const warnings = notices.filter(({ severity }) => severity === "warning");
        assert.deepEqual([...problems, ...warnings], []);
        assert.deepEqual(
          tests.map(({ name }) => name),
          named.SparkPolicy.map(({ name }) => name),
        );
      });

      it("changes or refuses something", () => {
        const verdicts = tests.flatMap((test) =>
          specOf(test).cases.map(({ expect }) => expect.verdict),
        );
        assert.ok(verdicts.some((verdict) => verdict === "changed" || verdict === "denied"));
      });

      for (const test of tests) {
        for (const [index, { name }] of specOf(test).cases.entries()) {
          it(`${test.name}: ${name}`, () => {
            assert.deepEqual(runCase(test, index, compile).problems, []);
          });
        }
      }
    });
  }
});
