import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type SparkLine, sparkHome } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import type { CommandResult } from "./command.ts";
import { type FakeNode, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { POD_POSTS } from "./pod-posts.ts";
import { freePorts } from "./ports.ts";
import { type ProcessKubelet, startProcessKubelet } from "./process-kubelet.ts";
import { writePolicies } from "./spark-pods.ts";
import { prepareSpark, SPARK, type Submission, sparkSubmit } from "./spark-submit.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

/** Specs of policies by name. */
export type Policies = Readonly<Record<string, object>>;

/** How {@link startJobCluster} runs jobs. */
export interface JobClusterOptions {
  readonly line: SparkLine;
  readonly nodes: readonly FakeNode[];
  /** Served first, in the modes that they say themselves. */
  readonly policies: Policies;
}

/** A cluster that runs jobs, with a Sparkgate that comes and goes, and an audit log of Pods that were posted. */
export interface JobCluster {
  readonly cluster: Cluster;
  readonly kubelet: ProcessKubelet;
  /** What Pods see as `/opt/app`. */
  readonly applications: string;
  readonly ports: { readonly port: number; readonly metricsPort: number };
  /** The Sparkgate that was started last. */
  readonly sparkgate: () => Sparkgate;
  /** Takes Sparkgate away, as a node that dies does. */
  readonly stopSparkgate: () => Promise<void>;
  /** Starts another one in its place, with these policies alone. */
  readonly serve: (policies: Policies) => Promise<void>;
  readonly submit: (submission: Omit<Submission, "sparkHome">) => Promise<CommandResult>;
  readonly pods: (role: "driver" | "executor") => Promise<readonly Pod[]>;
  readonly stop: () => Promise<void>;
}

/** Starts all of it; jobs are submitted to it as whole confs. */
export async function startJobCluster(options: JobClusterOptions): Promise<JobCluster> {
  const home = sparkHome(options.line);
  const cluster = await startCluster({ controllers: true, auditPolicy: POD_POSTS });
  const nodes = await startNodes(cluster, options.nodes);
  const [port = 0, metricsPort = 0] = await freePorts(2);
  const ports = { port, metricsPort };
  let generation = 0;
  const start = (policies: Policies) => {
    const folder = join(cluster.directory, `policies-${generation++}`);
    return startSparkgate(cluster, {
      ...{ policies: writePolicies({ directory: folder }, policies), mode: "own", ...ports },
    });
  };
  let sparkgate = await start(options.policies);
  await registerSparkgate(cluster, port);
  const account = await prepareSpark(cluster);
  const applications = join(cluster.directory, "applications");
  mkdirSync(applications);
  const kubelet = await startProcessKubelet(cluster, {
    ...{ nodes: nodes.names, sparkHome: home, applications },
  });
  const stopSparkgate = async () => {
    await sparkgate.stop("SIGKILL");
  };
  return {
    ...{ cluster, kubelet, applications, ports, stopSparkgate },
    sparkgate: () => sparkgate,
    serve: async (policies) => {
      await stopSparkgate();
      sparkgate = await start(policies);
    },
    submit: (submission) => sparkSubmit(cluster, account, { ...submission, sparkHome: home }),
    pods: async (role) => {
      const path = `/api/v1/namespaces/${SPARK}/pods?labelSelector=spark-role%3D${role}`;
      return ((await cluster.api("GET", path)) as { items: readonly Pod[] }).items;
    },
    stop: async () => {
      await kubelet.stop();
      nodes.stop();
      await stopSparkgate();
      await cluster.stop();
    },
  };
}
