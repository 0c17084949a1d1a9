import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chartOf } from "./chart.ts";
import { type Recorded, resultsOf } from "./figures.ts";
import { tableOf } from "./table.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/spot.md");
const CHART = join(ROOT, "docs/spot.svg");
/** Where the runs are kept from which docs/spot.md comes. */
export const RECORDED = join(import.meta.dirname, "recorded.json");

const BEGIN = "<!-- prettier-ignore-start -->\n<!-- Written by npm run bench:spot -- --write -->";
const END = "<!-- prettier-ignore-end -->";

/** The page with the table of these runs in it, and the chart. */
export function pageOf(page: string, recorded: Recorded): { page: string; chart: string } {
  const results = resultsOf(recorded.runs);
  const rounds = new Set(recorded.runs.map(({ round }) => round)).size;
  const source = `${recorded.date}, Spark ${recorded.spark}, ${recorded.job}, ${recorded.machine}; medians of ${rounds} rounds, and their ranges`;
  const [before, rest] = split(page, BEGIN);
  const [, after] = split(rest, END);
  return {
    page: `${before}${BEGIN}\n\n${source}.\n\n${tableOf(results)}\n${END}${after}`,
    chart: chartOf(results, source),
  };
}

/** Writes the table and the chart of docs/spot.md. */
export function writePage(recorded: Recorded): void {
  const { page, chart } = pageOf(readFileSync(PAGE, "utf8"), recorded);
  writeFileSync(PAGE, page);
  writeFileSync(CHART, chart);
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`docs/spot.md lacks the line ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
