import { median } from "../median.ts";
import type { Loss } from "./configurations.ts";

/** One run of a job, as it is kept. */
export interface Run {
  readonly round: number;
  readonly configuration: string;
  readonly loss: Loss;
  /** From the start of its first job to its end; null where the job failed. */
  readonly seconds: number | null;
  readonly stagesRunAgain: number;
  readonly tasksRunAgain: number;
  readonly stagesTriedAgain: number;
  readonly fetchFailures: number;
  readonly blocksMoved: number;
  readonly bytesMoved: number;
}

/** A run of the whole benchmark: where its figures come from. */
export interface Recorded {
  /** Such as 2026-11-26. */
  readonly date: string;
  readonly spark: string;
  readonly job: string;
  readonly machine: string;
  readonly runs: readonly Run[];
}

/** Median, least and most. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What one configuration had of one loss, over the rounds. */
export interface Result {
  readonly configuration: string;
  readonly loss: Loss;
  readonly runs: number;
  /** Jobs that did not end well; of the rest come the spreads. */
  readonly failed: number;
  readonly seconds: Spread;
  /** To the undisturbed run of the same configuration in the same round. */
  readonly timesUndisturbed: Spread;
  readonly stagesRunAgain: Spread;
  readonly tasksRunAgain: Spread;
  readonly stagesTriedAgain: Spread;
  readonly fetchFailures: Spread;
  readonly blocksMoved: Spread;
  readonly mebibytesMoved: Spread;
}

const MEBIBYTE = 2 ** 20;

/** The figures of each configuration at each loss, in the order in which they ran. */
export function resultsOf(runs: readonly Run[]): readonly Result[] {
  const keys = new Map(runs.map((run) => [`${run.loss} ${run.configuration}`, run]));
  return [...keys.values()].map(({ configuration, loss }) => {
    const all = runs.filter((run) => run.configuration === configuration && run.loss === loss);
    const ended = all.filter(({ seconds }) => seconds !== null);
    const spread = (value: (run: Run) => number) => spreadOf(ended.map(value));
    return {
      configuration,
      loss,
      runs: all.length,
      failed: all.length - ended.length,
      seconds: spread(({ seconds }) => seconds ?? NaN),
      timesUndisturbed: spread((run) => (run.seconds ?? NaN) / undisturbed(runs, run)),
      stagesRunAgain: spread((run) => run.stagesRunAgain),
      tasksRunAgain: spread((run) => run.tasksRunAgain),
      stagesTriedAgain: spread((run) => run.stagesTriedAgain),
      fetchFailures: spread((run) => run.fetchFailures),
      blocksMoved: spread((run) => run.blocksMoved),
      mebibytesMoved: spread((run) => run.bytesMoved / MEBIBYTE),
    };
  });
}

function undisturbed(runs: readonly Run[], { configuration, round }: Run): number {
  const run = runs.find(
    (other) => other.configuration === configuration && other.round === round && other.loss === 0,
  );
  return run?.seconds ?? NaN;
}

function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}
