/**
 * npm run bench:gate: fails where this commit lost more than a fifth of what bench/committed.json says. It compares
 * ratios to JSON.parse of the same review in the same rounds, takes the best of some runs, and looks again before it
 * fails: a busy machine makes a run worse, never better.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HELP = `Usage: npm run bench:gate [-- --write]

Runs npm run bench:decide, and compares its ratios with bench/committed.json.

  --write  writes this commit's ratios there
`;
/** Of speed: what took 1 may take 1.25. */
const GREATEST_LOSS = 0.2;
const LEAST_RUNS = 2;
const MOST_RUNS = 5;
const COMMITTED = new URL("committed.json", import.meta.url);

const { values } = parseArgs({
  options: { write: { type: "boolean" }, help: { type: "boolean" } },
});
if (values.help === true) {
  process.stdout.write(HELP);
  process.exit();
}

type Ratios = Readonly<Record<string, number>>;

function measure(): Ratios {
  const script = fileURLToPath(new URL("decide.ts", import.meta.url));
  const output = execFileSync(process.execPath, [script, "-o", "json"], { encoding: "utf8" });
  const { results } = JSON.parse(output) as {
    readonly results: readonly { readonly name: string; readonly ratio: number }[];
  };
  return Object.fromEntries(results.map(({ name, ratio }) => [name, ratio]));
}

function best(runs: readonly Ratios[], name: string): number {
  return Math.min(...runs.map((run) => run[name] ?? Infinity));
}

const committed = JSON.parse(readFileSync(COMMITTED, "utf8")) as Ratios;
const runs: Ratios[] = [];
const isLost = (name: string) => best(runs, name) * (1 - GREATEST_LOSS) > (committed[name] ?? 0);
while (
  runs.length < LEAST_RUNS ||
  (runs.length < MOST_RUNS && Object.keys(committed).some(isLost))
) {
  runs.push(measure());
}

const names = Object.keys(runs[0] ?? {});
if (values.write === true) {
  const ratios = names.map((name) => [name, Number(best(runs, name).toFixed(3))]);
  writeFileSync(COMMITTED, `${JSON.stringify(Object.fromEntries(ratios), undefined, 2)}\n`);
}
for (const name of new Set([...names, ...Object.keys(committed)])) {
  const now = best(runs, name).toFixed(3);
  const lost = values.write !== true && isLost(name);
  const was = committed[name]?.toFixed(3) ?? "new";
  process.stdout.write(`${name.padEnd(32)} committed ${was}  now ${now}${lost ? "  LOST" : ""}\n`);
  if (lost) process.exitCode = 1;
}
if (process.exitCode === 1) {
  process.stdout.write(
    `more than ${GREATEST_LOSS * 100} % of speed lost, best of ${runs.length} runs; where that is meant: npm run bench:gate -- --write\n`,
  );
}
