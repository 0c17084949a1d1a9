import { chmodSync, cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type SparkLine, sparkHome } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type ApplicationRun, applicationRun, EVENT_LOG_CONF } from "./application-run.ts";
import { readEventLog } from "./event-log.ts";
import { interrupt, shuffleFiles } from "./interruption.ts";
import { type FakeNode, type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { type ProcessKubelet, startProcessKubelet } from "./process-kubelet.ts";
import { writePolicies } from "./spark-pods.ts";
import { prepareSpark, SPARK, type SparkAccount, sparkSubmit, START_FAST } from "./spark-submit.ts";
import {
  registerSparkgate,
  type Sparkgate,
  startSparkgate,
  unregisterSparkgate,
} from "./sparkgate.ts";

/** A job on a cluster whose spot nodes may be taken. */
export interface SpotJob {
  /** All that Sparkgate has: a shipped set, or specs by name; undefined: there is no Sparkgate. */
  readonly policies: string | Readonly<Record<string, object>> | undefined;
  /** A file of test/e2e/jobs. */
  readonly application: string;
  readonly applicationArguments?: readonly string[];
  readonly conf?: Readonly<Record<string, string>>;
  readonly interruption?: SpotInterruption;
}

/** When what is taken. */
export interface SpotInterruption {
  /** As soon as so many stages have ended, with the next one at work. */
  readonly afterStages: number;
  /** So many of the spot nodes with executors, at once. */
  readonly executors: number | "all";
}

/** How a job went. */
export interface SpotJobRun {
  readonly application: ApplicationRun;
  /** What it printed behind RESULT. */
  readonly result: string;
  /** The nodes that were taken. */
  readonly taken: readonly string[];
}

/** The interruption would have cost nothing, since no shuffle block lay on a node that was to be taken. */
export class NothingToLoseError extends Error {
  override readonly name = "NothingToLoseError";
}

/** The job did not end well, or before it could be interrupted. */
export class JobFailedError extends Error {
  override readonly name = "JobFailedError";
}

const CAPACITY_TYPE = "karpenter.sh/capacity-type";
/** EC2's. */
const NOTICE_SECONDS = 120;
const JOB_TIMEOUT_MS = 300_000;
const EXECUTORS = 4;
const JOBS = join(import.meta.dirname, "jobs");

/** One for the driver and two for executors on demand; twice as many spot nodes as there are executors at a time. */
const NODES: readonly FakeNode[] = [
  ...["driver", "on-demand-1", "on-demand-2"].map((name) => node(name, "on-demand")),
  ...Array.from({ length: 2 * EXECUTORS }, (_, index) => node(`spot-${index + 1}`, "spot")),
];

/** With room for one Pod of Spark's. */
function node(name: string, capacity: "on-demand" | "spot"): FakeNode {
  return { name, labels: { [CAPACITY_TYPE]: capacity }, capacity: { cpu: "1" } };
}

/** What a careful team says by itself: where which Pods run. */
const CONF = {
  ...EVENT_LOG_CONF,
  "spark.eventLog.dir": "file:///opt/app/events",
  [`spark.kubernetes.driver.node.selector.${CAPACITY_TYPE}`]: "on-demand",
  [`spark.kubernetes.executor.node.selector.${CAPACITY_TYPE}`]: "spot",
  "spark.executor.instances": String(EXECUTORS),
  "spark.driver.memory": "768m",
  "spark.executor.memory": "512m",
  "spark.driver.extraJavaOptions": START_FAST,
  "spark.executor.extraJavaOptions": START_FAST,
};

/** A cluster on which jobs run one after the other, each on nodes of its own. */
export interface SpotCluster {
  readonly cluster: Cluster;
  /** @throws NothingToLoseError, JobFailedError */
  run: (job: SpotJob) => Promise<SpotJobRun>;
  stop: () => Promise<void>;
}

/** Starts a cluster for jobs of one line of Spark. */
export async function startSpotCluster(line: SparkLine): Promise<SpotCluster> {
  const cluster = await startCluster({ controllers: true });
  const account = await prepareSpark(cluster);
  const applications = join(cluster.directory, "applications");
  cpSync(JOBS, applications, { recursive: true });
  return {
    cluster,
    run: async (job) => {
      const events = join(applications, "events");
      rmSync(events, { recursive: true, force: true });
      mkdirSync(events);
      chmodSync(events, 0o1777);
      const nodes = await startNodes(cluster, NODES);
      const kubelet = await startProcessKubelet(cluster, {
        ...{ nodes: nodes.names, sparkHome: sparkHome(line), applications },
      });
      const sparkgate = await withPolicies(cluster, job.policies);
      try {
        return await runJob({ cluster, account, nodes, kubelet, events, line }, job);
      } finally {
        await kubelet.stop();
        nodes.stop();
        await cluster.api("DELETE", `/api/v1/namespaces/${SPARK}/pods?gracePeriodSeconds=0`);
        await cluster.api("DELETE", "/api/v1/nodes");
        if (sparkgate !== undefined) await unregisterSparkgate(cluster);
        await sparkgate?.stop();
      }
    },
    stop: () => cluster.stop(),
  };
}

async function withPolicies(
  cluster: Cluster,
  wanted: SpotJob["policies"],
): Promise<Sparkgate | undefined> {
  if (wanted === undefined) return undefined;
  rmSync(join(cluster.directory, "policies"), { recursive: true, force: true });
  const policies = typeof wanted === "string" ? wanted : writePolicies(cluster, wanted);
  const [port = 0, metricsPort = 0] = await freePorts(2);
  const sparkgate = await startSparkgate(cluster, { policies, port, metricsPort });
  await registerSparkgate(cluster, port);
  return sparkgate;
}

interface Place {
  readonly cluster: Cluster;
  readonly account: SparkAccount;
  readonly nodes: RunningNodes;
  readonly kubelet: ProcessKubelet;
  /** The folder of the event log. */
  readonly events: string;
  readonly line: SparkLine;
}

async function runJob(place: Place, job: SpotJob): Promise<SpotJobRun> {
  const { cluster, account, kubelet, events } = place;
  const { code, stderr } = await sparkSubmit(cluster, account, {
    sparkHome: sparkHome(place.line),
    application: `local:///opt/app/${job.application}`,
    ...(job.applicationArguments && { applicationArguments: job.applicationArguments }),
    conf: { ...CONF, ...job.conf },
  });
  if (code !== 0) throw new Error(stderr);
  const taken = job.interruption === undefined ? [] : await toTake(place, job.interruption);
  const [driver] = await Promise.all([untilEnded(place), interrupt(place, taken, NOTICE_SECONDS)]);
  const log = kubelet.log(driver.metadata.name);
  if (driver.status?.phase !== "Succeeded") throw new JobFailedError(log);
  const result = /^RESULT (.*)$/m.exec(log)?.[1] ?? "";
  return { application: applicationRun(readEventLog(events)), result, taken };
}

/** Waits until it is time, and tells which nodes go. */
async function toTake(
  place: Place,
  { afterStages, executors: wanted }: SpotInterruption,
): Promise<readonly string[]> {
  const ended = await until(
    `${afterStages} stages have ended`,
    async () =>
      (await endedDriver(place)) ??
      applicationRun(readEventLog(place.events)).stagesCompleted >= afterStages,
    { timeoutMs: JOB_TIMEOUT_MS },
  );
  if (ended !== true) throw new JobFailedError(place.kubelet.log(ended.metadata.name));
  const executors = await podsOf(place.cluster, "executor");
  const running = executors.filter(({ status }) => status?.phase === "Running");
  const spot = running.map(({ spec }) => spec.nodeName ?? "").filter((name) => /^spot/.test(name));
  const taken = spot.sort().slice(0, wanted === "all" ? spot.length : wanted);
  const empty = taken.filter((name) => shuffleFiles(place.kubelet, name).length === 0);
  const enough = wanted === "all" ? taken.length > 0 : taken.length === wanted;
  if (!enough || empty.length > 0) {
    throw new NothingToLoseError(`executors on ${spot.join()}; without shuffle: ${empty.join()}`);
  }
  return taken;
}

async function untilEnded(place: Place): Promise<Pod> {
  const driver = await until("the job ends", () => endedDriver(place), {
    timeoutMs: JOB_TIMEOUT_MS,
  });
  // The rest of the notice is nothing to a job that has ended.
  await place.cluster.api("DELETE", `/api/v1/namespaces/${SPARK}/pods?gracePeriodSeconds=0`);
  return driver;
}

async function endedDriver({ cluster }: Place): Promise<Pod | undefined> {
  const [driver] = await podsOf(cluster, "driver");
  const { phase = "" } = driver?.status ?? {};
  return ["Succeeded", "Failed"].includes(phase) ? driver : undefined;
}

async function podsOf(cluster: Cluster, role: string): Promise<readonly Pod[]> {
  const path = `/api/v1/namespaces/${SPARK}/pods?labelSelector=spark-role%3D${role}`;
  return ((await cluster.api("GET", path)) as { readonly items: readonly Pod[] }).items;
}
