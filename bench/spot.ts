/**
 * npm run bench:spot: what it costs a real PySpark job when spot capacity with its executors is taken, without policies and
 * with them. Real API server, scheduler and Spark; Pods as processes (test/e2e/process-kubelet.ts). The figures are from
 * Spark's event log. Fails where a job's result is wrong, never for time. Needs what `npm run e2e` needs, root, and Linux.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { sparkVersions, type SparkLine } from "../test/e2e/assets.ts";
import { cannotRunPods } from "../test/e2e/process-kubelet.ts";
import {
  JobFailedError,
  NothingToLoseError,
  type SpotCluster,
  startSpotCluster,
} from "../test/e2e/spot-cluster.ts";
import {
  CONFIGURATIONS,
  type Configuration,
  isWorthARun,
  type Loss,
  LOSSES,
} from "./spot/configurations.ts";
import { type Recorded, resultsOf, type Run } from "./spot/figures.ts";
import { RECORDED, writePage } from "./spot/page.ts";
import { tableOf } from "./spot/table.ts";

const EXIT_MISSING = 3;
const HELP = `Usage: npm run bench:spot [-- --rounds N] [--spark LINE] [--rows N] [--write]

  --rounds N    interleaved rounds of every configuration and loss (default 3), some 15 minutes each on 2 cores
  --spark LINE  ${Object.keys(sparkVersions).join(", ")} (default 3.5)
  --rows N      of the job's larger table (default 1000000)
  --write       keeps the runs in bench/spot/recorded.json, and writes the table and the chart of docs/spot.md
`;
/** The two tables and the first repartition are written, the join is at work. */
const AFTER_STAGES = 3;
const TRIES = 3;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    spark: { type: "string", default: "3.5" },
    rows: { type: "string", default: "1000000" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const [rounds, rows] = [Number(values.rounds), Number(values.rows)];
if (values.help || !(rounds >= 1 && rows >= 1000) || !(values.spark in sparkVersions)) {
  process.stderr.write(HELP);
  process.exit(values.help ? 0 : 2);
}
if (cannotRunPods !== false) {
  process.stderr.write(`bench:spot: ${cannotRunPods}\n`);
  process.exit(EXIT_MISSING);
}
const line = values.spark as SparkLine;

/** What all jobs must come to; known after the first. */
let result: string | undefined;

async function runOnce(
  spot: SpotCluster,
  round: number,
  { name, policies }: Configuration,
  loss: Loss,
): Promise<Run> {
  const of = { round, configuration: name, loss };
  try {
    const { application, ...run } = await spot.run({
      ...{ policies, application: "shuffle.py", applicationArguments: [String(rows)] },
      ...(loss !== 0 && { interruption: { afterStages: AFTER_STAGES, executors: loss } }),
    });
    result ??= run.result;
    if (run.result !== result) throw new Error(`${name}: ${run.result}, not ${result}`);
    const { seconds = NaN, stagesRunAgain, tasksRunAgain, stagesTriedAgain } = application;
    const { fetchFailures, blocksMoved, bytesMoved } = application;
    return {
      ...{ ...of, seconds, stagesRunAgain, tasksRunAgain, stagesTriedAgain },
      ...{ fetchFailures, blocksMoved, bytesMoved },
    };
  } catch (error) {
    if (!(error instanceof JobFailedError)) throw error;
    const nothing = { stagesRunAgain: 0, tasksRunAgain: 0, stagesTriedAgain: 0, fetchFailures: 0 };
    return { ...of, seconds: null, ...nothing, blocksMoved: 0, bytesMoved: 0 };
  }
}

/** Runs that would have lost nothing do not count, and are done again. */
async function run(...what: Parameters<typeof runOnce>): Promise<Run> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOnce(...what);
    } catch (error) {
      if (!(error instanceof NothingToLoseError) || attempt === TRIES) throw error;
      process.stderr.write(`not counted: ${error.message}\n`);
    }
  }
}

async function runAll(spot: SpotCluster): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const loss of LOSSES) {
      for (const configuration of CONFIGURATIONS) {
        if (!isWorthARun(configuration, loss)) continue;
        const one = await run(spot, round, configuration, loss);
        process.stderr.write(`${JSON.stringify(one)}\n`);
        runs.push(one);
      }
    }
  }
  return runs;
}

const spot = await startSpotCluster(line);
try {
  const runs = await runAll(spot);
  process.stdout.write(tableOf(resultsOf(runs)));
  if (values.write) {
    const recorded: Recorded = {
      date: new Date().toISOString().slice(0, 10),
      spark: sparkVersions[line],
      job: `test/e2e/jobs/shuffle.py, ${rows.toLocaleString("en")} rows`,
      machine: `${cpus().length} cores`,
      runs,
    };
    writeFileSync(RECORDED, `${JSON.stringify(recorded, undefined, 2)}\n`);
    writePage(recorded);
  }
} finally {
  await spot.stop();
}
