// docs/spot.md has the figures of a run that is kept, and no others.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import type { Recorded } from "../../bench/spot/figures.ts";
import { pageOf, RECORDED } from "../../bench/spot/page.ts";

const DOCS = join(import.meta.dirname, "../../docs");

it("docs/spot.md and its chart are of the runs in bench/spot/recorded.json", () => {
  const recorded = JSON.parse(readFileSync(RECORDED, "utf8")) as Recorded;
  const page = readFileSync(join(DOCS, "spot.md"), "utf8");
  const made = pageOf(page, recorded);
  assert.equal(page, made.page, "npm run bench:spot -- --write wrote another");
  assert.equal(readFileSync(join(DOCS, "spot.svg"), "utf8"), made.chart);
});
