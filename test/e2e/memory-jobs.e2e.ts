// Real jobs whose executors have too little memory beside their heap: a real driver reads the conf that was raised, and makes
// executors with more; where no conf is seen (client mode, another resource profile) their Pods are raised. And what is
// predicted of executors is what they ask for. Runs drivers as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { ConfigMap } from "../../src/kubernetes/config-map.ts";
import type { Pod } from "../../src/kubernetes/pod.ts";
import { propertiesOf } from "../../src/spark/driver-conf.ts";
import { parseProperties } from "../../src/spark/properties.ts";
import { SparkConf } from "../../src/spark/spark-conf.ts";
import { sparkHome } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import { GiveUpError, until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { cannotRunPods, type ProcessKubelet, startProcessKubelet } from "./process-kubelet.ts";
import { writePolicies } from "./spark-pods.ts";
import {
  prepareSpark,
  SPARK,
  type SparkAccount,
  type Submission,
  submissionArguments,
  sparkSubmit,
} from "./spark-submit.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";
import { memoryOf } from "./submissions/memory-of.ts";
import { predicted } from "./submissions/predicted.ts";

const LINE = "4.1";
const JOB_TIMEOUT_MS = 180_000;

const WAITING = `
import time
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate()
time.sleep(600)
`;

/** Asks for executors with a heap of its own, beside those of the conf. */
const PROFILE = `
from pyspark.resource import ExecutorResourceRequests, ResourceProfileBuilder, TaskResourceRequests
from pyspark.sql import SparkSession
context = SparkSession.builder.getOrCreate().sparkContext
executor = ExecutorResourceRequests().memory("12g").cores(1)
profile = ResourceProfileBuilder().require(executor).require(TaskResourceRequests().cpus(1)).build
context.parallelize([1], 1).withResources(profile).map(lambda x: x).collect()
`;

const JOB = `
public class Job {
  public static void main(String[] arguments) throws Exception {
    org.apache.spark.sql.SparkSession.builder().getOrCreate();
    Thread.sleep(600_000);
  }
}
`;

/** Executors are made, and never run: no node is theirs. */
const BASE = {
  "spark.kubernetes.executor.node.selector.runs": "nowhere",
  "spark.executor.instances": "1",
};

describe("memory of real executors", { skip: cannotRunPods }, () => {
  const home = sparkHome(LINE);
  let cluster: Cluster;
  let nodes: RunningNodes;
  let kubelet: ProcessKubelet;
  let sparkgate: Sparkgate;
  let account: SparkAccount;
  let applications: string;

  before(async () => {
    cluster = await startCluster({ controllers: true });
    nodes = await startNodes(cluster, [{ name: "node" }]);
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const policies = writePolicies(cluster, {
      memory: { memory: { action: "Raise", overheadFactor: { jvm: 0.2, python: 0.4 } } },
    });
    sparkgate = await startSparkgate(cluster, { policies, port, metricsPort });
    await registerSparkgate(cluster, port);
    account = await prepareSpark(cluster);
    applications = join(cluster.directory, "applications");
    mkdirSync(applications);
    writeFileSync(join(applications, "etl.py"), WAITING);
    writeFileSync(join(applications, "profiles.py"), PROFILE);
    compileJob();
    kubelet = await startProcessKubelet(cluster, {
      ...{ nodes: ["node"], sparkHome: home, applications },
    });
    await Promise.all(Object.keys(JOBS).map(submit));
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await kubelet.stop();
    nodes.stop();
    await sparkgate.stop();
    await cluster.stop();
  });

  const JOBS: Readonly<Record<string, Omit<Submission, "sparkHome" | "name">>> = {
    // An amount that is too small, and executors of another profile.
    python: {
      application: "local:///opt/app/profiles.py",
      conf: {
        ...BASE,
        "spark.executor.memory": "8g",
        "spark.executor.memoryOverhead": "512m",
        "spark.dynamicAllocation.enabled": "true",
        "spark.dynamicAllocation.initialExecutors": "1",
      },
    },
    // Memory of its own for all that has some.
    workers: {
      conf: {
        ...BASE,
        "spark.executor.memory": "4g",
        "spark.executor.memoryOverheadFactor": "0.3",
        "spark.executor.pyspark.memory": "1g",
        "spark.memory.offHeap.enabled": "true",
        "spark.memory.offHeap.size": "2g",
      },
    },
    jvm: {
      application: "local:///opt/app/job.jar",
      mainClass: "Job",
      conf: { ...BASE, "spark.executor.memory": "4g" },
    },
  };

  it("an amount is raised in the conf, and the driver makes executors with it", async () => {
    const executor = await executorOf("python", "0");
    assert.equal((await confOf("python")).get("spark.executor.memoryOverhead"), "3276m");
    assert.deepEqual(memoryOf(executor), { request: 8192 + 3276, limit: 8192 + 3276 });
    assert.deepEqual(memoryOf(executor), memoryOf(await predictedExecutor("python")));
  });

  it("executors of another profile are raised in their Pods: Spark gives them the conf's overhead", async () => {
    // Before: 12288 and 3276, which is what the conf's heap of 8 GiB needs.
    const executor = await executorOf("python", "1");
    assert.deepEqual(memoryOf(executor), { request: 12_288 + 4915, limit: 12_288 + 4915 });
    const applied = executor.metadata?.annotations?.["sparkgate.io/applied"] ?? "";
    assert.match(applied, /limits\/memory","was":"15564Mi"/);
  });

  it("a share is raised where the heap counts alone, and workers' memory comes on top", async () => {
    const executor = await executorOf("workers", "0");
    assert.equal((await confOf("workers")).get("spark.executor.memoryOverheadFactor"), "0.3");
    const total = 4096 + 1228 + 1024 + 2048;
    assert.deepEqual(memoryOf(executor), { request: total, limit: total });
    assert.deepEqual(memoryOf(executor), memoryOf(await predictedExecutor("workers")));
  });

  it("of the JVM the policy asks more than Spark gives by itself", async () => {
    const executor = await executorOf("jvm", "0");
    assert.equal((await confOf("jvm")).get("spark.executor.memoryOverheadFactor"), "0.2");
    assert.deepEqual(memoryOf(executor), { request: 4096 + 819, limit: 4096 + 819 });
    assert.deepEqual(memoryOf(executor), memoryOf(await predictedExecutor("jvm")));
  });

  it("in client mode executors are raised in their Pods", async () => {
    const end = new AbortController();
    const conf = {
      ...BASE,
      "spark.driver.host": "127.0.0.1",
      "spark.kubernetes.authenticate.executor.serviceAccountName": SPARK,
      "spark.kubernetes.executor.label.job": "client",
      "spark.executor.memory": "8g",
      "spark.executor.memoryOverhead": "384m",
    };
    const running = sparkSubmit(cluster, account, {
      ...{ sparkHome: home, conf, deployMode: "client", name: "client" },
      ...{ application: join(applications, "etl.py"), signal: end.signal },
    });
    try {
      const executor = await executorOf("client", "0");
      assert.deepEqual(memoryOf(executor), { request: 8192 + 1638, limit: 8192 + 1638 });
    } finally {
      end.abort();
      await running;
    }
  });

  function jobOf(name: string) {
    const { conf, ...job } = JOBS[name] ?? {};
    const label = { "spark.kubernetes.executor.label.job": name };
    const own = { "spark.kubernetes.driver.label.job": name, ...label };
    return { ...job, name, conf: { ...conf, ...own } };
  }

  async function submit(name: string): Promise<void> {
    const { code, stderr } = await sparkSubmit(cluster, account, {
      ...jobOf(name),
      sparkHome: home,
    });
    assert.equal(code, 0, stderr);
  }

  async function list<T>(path: string): Promise<readonly T[]> {
    const answer = await cluster.api("GET", `/api/v1/namespaces/${SPARK}/${path}`);
    return (answer as { readonly items: readonly T[] }).items;
  }

  const podsOf = (name: string, role: string) =>
    list<Pod & { readonly status?: { readonly phase?: string } }>(
      `pods?labelSelector=job%3D${name},spark-role%3D${role}`,
    );

  const executorOf = (name: string, profile: string): Promise<Pod> =>
    until(
      `an executor of ${name}`,
      async () => {
        const [driver] = await podsOf(name, "driver");
        const { phase } = driver?.status ?? {};
        if (phase === "Failed") throw new GiveUpError(kubelet.log(driver?.metadata?.name ?? ""));
        return (await podsOf(name, "executor")).find(
          ({ metadata }) => metadata?.labels?.["spark-exec-resourceprofile-id"] === profile,
        );
      },
      { timeoutMs: JOB_TIMEOUT_MS },
    );

  /** As the driver reads it. */
  async function confOf(name: string): Promise<ReadonlyMap<string, string>> {
    const [driver] = await podsOf(name, "driver");
    const map = (await list<ConfigMap>("configmaps")).find(
      ({ metadata }) =>
        metadata?.name?.startsWith("spark-drv-") === true &&
        metadata.ownerReferences?.[0]?.name === driver?.metadata?.name,
    );
    const read = parseProperties((map && propertiesOf(map)) ?? "");
    assert.ok(read.kind === "read");
    return new Map(Object.entries(SparkConf.ofProperties(read.entries, "").toRecord()));
  }

  async function predictedExecutor(name: string): Promise<Pod> {
    const args = submissionArguments(cluster.server, jobOf(name));
    const prediction = predicted(args, { version: LINE });
    assert.ok(prediction.kind === "predicted", JSON.stringify(prediction));
    const executor = prediction.executor(prediction.driver, await confOf(name));
    assert.ok(executor.kind === "predicted", JSON.stringify(executor));
    return executor.pod;
  }

  function compileJob(): void {
    const source = join(cluster.directory, "Job.java");
    writeFileSync(source, JOB);
    const classPath = join(home, "jars", "*");
    for (const [command, args] of [
      ["javac", ["-d", cluster.directory, "-cp", classPath, source]],
      ["jar", ["cfe", join(applications, "job.jar"), "Job", "-C", cluster.directory, "Job.class"]],
    ] as const) {
      const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
      assert.equal(status, 0, `${command}: ${stderr}`);
    }
  }
});
