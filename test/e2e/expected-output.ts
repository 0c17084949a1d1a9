import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FOLDER = join(import.meta.dirname, "expected");

/** Compares a text with a file below test/e2e/expected; UPDATE_GOLDEN=1 writes the file anew. */
export function assertExpected(name: string, text: string): void {
  const file = join(FOLDER, name);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `no expected/${name}: see CONTRIBUTING.md`);
  assert.equal(text, readFileSync(file, "utf8"));
}
