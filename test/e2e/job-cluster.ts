import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sparkHome, type SparkLine } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type FakeNode, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { GiveUpError, until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { type ProcessKubelet, startProcessKubelet } from "./process-kubelet.ts";
import { writePolicies } from "./spark-pods.ts";
import {
  prepareSpark,
  SPARK,
  type SparkAccount,
  sparkSubmit,
  type Submission,
} from "./spark-submit.ts";
import {
  registerSparkgate,
  type Sparkgate,
  type SparkgateOptions,
  startSparkgate,
} from "./sparkgate.ts";

/** What {@link startJobCluster} starts. */
export interface JobClusterOptions {
  /** The Spark that submits, and that is in the Pods. */
  readonly line: SparkLine;
  readonly nodes: readonly FakeNode[];
  /** Only here Pods run; elsewhere they are bound and no more. On all nodes unless told. */
  readonly running?: readonly string[];
  /** How much fits on a node's disk. */
  readonly diskSizes?: Readonly<Record<string, string>>;
  /** What each Pod sees below `/opt/app`, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of the namespace of Spark's. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** An `audit.k8s.io/v1` Policy, as of {@link startCluster}. */
  readonly auditPolicy?: object;
  /** None: jobs run without, until {@link JobCluster.protect}. */
  readonly sparkgate?: Protection;
}

/** The Sparkgate of a {@link JobCluster}, which knows the cluster's namespaces. */
export interface Protection extends Pick<SparkgateOptions, "platform" | "mode"> {
  /** Shipped sets. */
  readonly sets?: readonly string[];
  /** The specs of others, by name. */
  readonly policies?: Readonly<Record<string, object>>;
}

/** How long a job may take to the next thing that it prints. */
const JOB_TIMEOUT_MS = 600_000;
const ENDED: ReadonlySet<string> = new Set(["Succeeded", "Failed"]);

/** Starts a cluster in which whole jobs run. Needs what the process kubelet needs. */
export async function startJobCluster(options: JobClusterOptions): Promise<JobCluster> {
  const { line, nodes, files = {}, diskSizes = {}, auditPolicy } = options;
  const cluster = await startCluster({
    controllers: true,
    ...(auditPolicy === undefined ? {} : { auditPolicy }),
  });
  const stops: (() => unknown)[] = [() => cluster.stop()];
  try {
    const kept = await startNodes(cluster, nodes);
    stops.push(() => {
      kept.stop();
    });
    const account = await prepareSpark(cluster, options.namespaceLabels);
    const applications = join(cluster.directory, "applications");
    mkdirSync(applications);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(applications, name), text);
    const home = sparkHome(line);
    const kubelet = await startProcessKubelet(cluster, {
      nodes: options.running ?? kept.names,
      ...{ sparkHome: home, applications, diskSizes },
    });
    stops.push(() => kubelet.stop());
    const started = new JobCluster(
      { cluster, account, kubelet, applications, sparkHome: home },
      stops,
    );
    if (options.sparkgate !== undefined) await started.protect(options.sparkgate);
    return started;
  } catch (error) {
    for (const stop of stops.toReversed()) await stop();
    throw error;
  }
}

interface Parts {
  readonly cluster: Cluster;
  readonly account: SparkAccount;
  readonly kubelet: ProcessKubelet;
  readonly applications: string;
  readonly sparkHome: string;
}

/** A cluster in which whole jobs run, from spark-submit to their result. */
export class JobCluster {
  readonly cluster: Cluster;
  readonly account: SparkAccount;
  readonly kubelet: ProcessKubelet;
  /** The folder which every Pod sees as `/opt/app`. */
  readonly applications: string;
  readonly sparkHome: string;
  readonly #stops: (() => unknown)[];

  constructor(
    { cluster, account, kubelet, applications, sparkHome }: Parts,
    stops: (() => unknown)[],
  ) {
    this.cluster = cluster;
    this.account = account;
    this.kubelet = kubelet;
    this.applications = applications;
    this.sparkHome = sparkHome;
    this.#stops = stops;
  }

  /** Starts and registers a Sparkgate. */
  async protect({ sets = [], policies = {}, ...options }: Protection): Promise<Sparkgate> {
    const { cluster } = this;
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const own = Object.keys(policies).length === 0 ? [] : [writePolicies(cluster, policies)];
    const sparkgate = await startSparkgate(cluster, {
      ...options,
      ...{ policies: [...sets, ...own], kubeconfig: cluster.kubeconfig, port, metricsPort },
    });
    this.#stops.push(() => sparkgate.stop());
    await registerSparkgate(cluster, port);
    return sparkgate;
  }

  /** Submits a job, which must not be refused. */
  async submit(submission: Omit<Submission, "sparkHome"> = {}): Promise<void> {
    const { code, stderr } = await sparkSubmit(this.cluster, this.account, {
      ...{ ...submission, sparkHome: this.sparkHome },
    });
    assert.equal(code, 0, stderr);
  }

  /** Pods of Spark's that have these labels. */
  async pods(labels: Readonly<Record<string, string>> = {}): Promise<readonly Pod[]> {
    const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const query = `labelSelector=${encodeURIComponent(selector.join(","))}`;
    const path = `/api/v1/namespaces/${SPARK}/pods?${query}`;
    return ((await this.cluster.api("GET", path)) as { items: readonly Pod[] }).items;
  }

  drivers(labels: Readonly<Record<string, string>> = {}): Promise<readonly Pod[]> {
    return this.pods({ ...labels, "spark-role": "driver" });
  }

  executors(labels: Readonly<Record<string, string>> = {}): Promise<readonly Pod[]> {
    return this.pods({ ...labels, "spark-role": "executor" });
  }

  /** The one driver that has these labels. */
  async driver(labels: Readonly<Record<string, string>> = {}): Promise<Pod> {
    const [driver, ...others] = await this.drivers(labels);
    assert.ok(driver !== undefined && others.length === 0, "not one driver");
    return driver;
  }

  /** What `kubectl describe` prints of a Pod. */
  async describe({ metadata }: Pod): Promise<string> {
    const args = ["describe", "pod", "-n", SPARK, metadata.name];
    const { code, stdout, stderr } = await this.cluster.kubectl(args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  /** Waits until a driver has printed a line; its match. */
  printed(driver: Pod, line: RegExp): Promise<RegExpExecArray> {
    const { name } = driver.metadata;
    return until(
      `${name} prints ${String(line)}`,
      async () => {
        const phase = (await this.#read(name)).status?.phase ?? "";
        const log = this.kubelet.log(name);
        const found = line.exec(log);
        if (found === null && ENDED.has(phase)) {
          throw new GiveUpError(`${name} has ended without ${String(line)}: ${log.slice(-4000)}`);
        }
        return found ?? undefined;
      },
      { timeoutMs: JOB_TIMEOUT_MS },
    );
  }

  /** Waits until a driver has ended well. */
  async succeeded(driver: Pod): Promise<void> {
    const { status, metadata } = await this.ended(driver);
    assert.equal(status?.phase, "Succeeded", this.kubelet.log(metadata.name).slice(-4000));
  }

  /** Waits until a driver has ended, well or not; what has become of it. */
  ended(driver: Pod): Promise<Pod> {
    const { name } = driver.metadata;
    return until(
      `${name} has ended`,
      async () => {
        const pod = await this.#read(name);
        return ENDED.has(pod.status?.phase ?? "") && pod;
      },
      { timeoutMs: JOB_TIMEOUT_MS },
    );
  }

  async #read(pod: string): Promise<Pod> {
    return (await this.cluster.api("GET", `/api/v1/namespaces/${SPARK}/pods/${pod}`)) as Pod;
  }

  /** Ends all of it. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.toReversed()) await stop();
  }
}
