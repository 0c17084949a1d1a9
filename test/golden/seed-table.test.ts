// docs/seed-table.md: every policy that it names is shipped in the set that it says, and every test that it names is there.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { shippedSets } from "../../src/commands/policy-options.ts";

const ROOT = join(import.meta.dirname, "../..");

const rows = readFileSync(join(ROOT, "docs/seed-table.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(2)
  .map((line) => line.split("|").map((cell) => cell.trim()));

const named = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? "");

describe("docs/seed-table.md", () => {
  it("has a row for each piece of advice", () => {
    assert.ok(rows.length >= 20);
  });

  for (const [, advice = "", policies, , tests] of rows) {
    it(`tells the truth: ${advice}`, () => {
      const words = named(policies).filter((word) => !word.includes(" "));
      const sets = words.filter((word) => shippedSets().includes(word));
      const set = sets[0] ?? "baseline";
      for (const name of words.filter((word) => !sets.includes(word))) {
        assert.ok(existsSync(join(ROOT, "policies", set, `${name}.yaml`)), `${set}/${name}`);
      }
      assert.ok(named(tests).length > 0);
      for (const file of named(tests)) assert.ok(existsSync(join(ROOT, "test", file)), file);
    });
  }
});
