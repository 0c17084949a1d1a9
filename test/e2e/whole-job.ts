import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { readEventLog, sparkProperties } from "./event-log.ts";
import type { JobCluster } from "./job-cluster.ts";
import type { Pod } from "./pod.ts";
import { START_FAST } from "./spark-submit.ts";

/** A job of `jobs/`, and how it is submitted. */
export interface WholeJob {
  readonly executors: number;
  /** Beside {@link OWN_CONF}. */
  readonly conf: Readonly<Record<string, string>>;
  /** @param folder - one which is not there yet, and which all Pods share */
  readonly args: (folder: string) => readonly string[];
  /** Whether its executors write files of shuffle data. */
  readonly shuffles: boolean;
}

/** How a job went. */
export interface JobRun {
  readonly driver: Pod;
  /** In order of their ids. */
  readonly executors: readonly Pod[];
  /** As the running driver had it. */
  readonly conf: Readonly<Record<string, string>>;
  /** Of the driver. */
  readonly log: string;
  /** Who owned each file of shuffle data that was there at any time, by path. */
  readonly shuffleFiles: ReadonlyMap<string, number>;
}

/** What a user says in each job, of which policies would say something else. */
export const OWN_CONF = {
  "spark.task.maxFailures": "5",
  "spark.eventLog.compress": "false",
};

const CONF = {
  ...OWN_CONF,
  // Half of what Spark itself gives Python beside so small a heap.
  "spark.executor.memoryOverhead": "192m",
  "spark.kubernetes.executor.request.cores": "0.2",
  // Executors are there to be looked at when the job has ended.
  "spark.kubernetes.executor.deleteOnTermination": "false",
  "spark.eventLog.enabled": "true",
  "spark.eventLog.dir": "file:///opt/app/events",
  "spark.driver.extraJavaOptions": START_FAST,
  "spark.executor.extraJavaOptions": START_FAST,
};
const LOOK_EVERY_MS = 200;

/** Runs a job of the folder `jobs/`, which is in the cluster's applications, to its end, which must be a good one. */
export async function runJob(
  jobs: JobCluster,
  { name, how, executors, conf, args }: WholeJob & { readonly name: string; readonly how: string },
): Promise<JobRun> {
  const application = `${name}-${how}`;
  await jobs.submit({
    name: application,
    application: `local:///opt/app/${name}.py`,
    applicationArguments: args(`/opt/app/shared/${application}`),
    conf: { ...CONF, "spark.executor.instances": String(executors), ...conf },
  });
  const driver = await jobs.driver({ "spark-app-name": application });
  const shuffleFiles = new Map<string, number>();
  const looking = setInterval(() => {
    for (const { path, uid } of shuffleFilesIn(jobs.cluster.directory)) shuffleFiles.set(path, uid);
  }, LOOK_EVERY_MS);
  try {
    await jobs.succeeded(driver);
  } finally {
    clearInterval(looking);
  }
  const id = driver.metadata.labels?.["spark-app-selector"] ?? "";
  const pods = await jobs.executors({ "spark-app-selector": id });
  return {
    driver: await jobs.driver({ "spark-app-selector": id }),
    executors: pods.toSorted((a, b) => executorId(a) - executorId(b)),
    conf: sparkProperties(readEventLog(join(jobs.applications, "events"), id)),
    log: jobs.kubelet.log(driver.metadata.name),
    shuffleFiles,
  };
}

/** The line that a job ends with. */
export function resultOf(log: string): string {
  const [result] = /^RESULT .*$/m.exec(log) ?? [];
  assert.ok(result !== undefined, "no result");
  return result;
}

/** Keys that are another application's with each run. */
const OF_A_RUN = new Set([
  ...["spark.app.id", "spark.app.name", "spark.app.startTime", "spark.app.submitTime"],
  ...["spark.driver.bindAddress", "spark.driver.host", "spark.executorEnv.SPARK_DRIVER_POD_IP"],
  ...["spark.kubernetes.driver.pod.name", "spark.kubernetes.executor.podNamePrefix"],
]);

/** What is not in the first conf but in the second, and what is another there: undefined where it is gone. */
export function confChanges(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Readonly<Record<"added" | "replaced", Readonly<Record<string, string | undefined>>>> {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = keys.filter((key) => !OF_A_RUN.has(key) && before[key] !== after[key]);
  const valuesOf = (some: readonly string[]) =>
    Object.fromEntries(some.map((key) => [key, after[key]]));
  return {
    added: valuesOf(changed.filter((key) => !(key in before))),
    replaced: valuesOf(changed.filter((key) => key in before)),
  };
}

function executorId({ metadata }: Pod): number {
  return Number(metadata.labels?.["spark-exec-id"]);
}

/** `find` does not mind what vanishes meanwhile. */
function shuffleFilesIn(
  folder: string,
): readonly { readonly path: string; readonly uid: number }[] {
  const args = [folder, "-name", "shuffle_*.data", "-printf", "%U %p\\n"];
  const { stdout } = spawnSync("find", args, { encoding: "utf8" });
  return [...stdout.matchAll(/^(\d+) (.*)$/gm)].map(([, uid, path = ""]) => ({
    ...{ path, uid: Number(uid) },
  }));
}
