// Real jobs whose executors have too little memory beside their heap: a real driver reads the conf that was raised, and makes
// executors with more; where no conf is seen (client mode, another resource profile) their Pods are raised. And what is
// predicted of executors is what they ask for. Runs drivers as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { ConfigMap } from "../../src/kubernetes/config-map.ts";
import type { Pod } from "../../src/kubernetes/pod.ts";
import { propertiesOf } from "../../src/spark/driver-conf.ts";
import { parseProperties } from "../../src/spark/properties.ts";
import { SparkConf } from "../../src/spark/spark-conf.ts";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import { GiveUpError, until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { SPARK, type Submission, submissionArguments, sparkSubmit } from "./spark-submit.ts";
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
  let jobs: JobCluster;

  before(async () => {
    jobs = await startJobCluster({
      line: LINE,
      nodes: [{ name: "node" }],
      files: { "etl.py": WAITING, "profiles.py": PROFILE },
      sparkgate: {
        policies: {
          memory: { memory: { action: "Raise", overheadFactor: { jvm: 0.2, python: 0.4 } } },
        },
      },
    });
    compileJob();
    await Promise.all(Object.keys(JOBS).map((name) => jobs.submit(jobOf(name))));
  });

  afterEach((test) => {
    jobs.cluster.keepIfFailed(test);
  });

  after(async () => {
    await jobs.stop();
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
    const running = sparkSubmit(jobs.cluster, jobs.account, {
      ...{ sparkHome: jobs.sparkHome, conf, deployMode: "client", name: "client" },
      ...{ application: join(jobs.applications, "etl.py"), signal: end.signal },
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

  const executorOf = (name: string, profile: string): Promise<Pod> =>
    until(
      `an executor of ${name}`,
      async () => {
        // In client mode there is none.
        const [driver] = await jobs.drivers({ job: name });
        if (driver?.status?.phase === "Failed") {
          throw new GiveUpError(jobs.kubelet.log(driver.metadata.name));
        }
        const label = { "spark-exec-resourceprofile-id": profile };
        // Typed as predicted Pods are, which it is compared with.
        const [executor]: readonly unknown[] = await jobs.executors({ job: name, ...label });
        return executor as Pod | undefined;
      },
      { timeoutMs: JOB_TIMEOUT_MS },
    );

  /** As the driver reads it. */
  async function confOf(name: string): Promise<ReadonlyMap<string, string>> {
    const driver = await jobs.driver({ job: name });
    const answer = await jobs.cluster.api("GET", `/api/v1/namespaces/${SPARK}/configmaps`);
    const map = (answer as { readonly items: readonly ConfigMap[] }).items.find(
      ({ metadata }) =>
        metadata?.name?.startsWith("spark-drv-") === true &&
        metadata.ownerReferences?.[0]?.name === driver.metadata.name,
    );
    const read = parseProperties((map && propertiesOf(map)) ?? "");
    assert.ok(read.kind === "read");
    return new Map(Object.entries(SparkConf.ofProperties(read.entries, "").toRecord()));
  }

  async function predictedExecutor(name: string): Promise<Pod> {
    const args = submissionArguments(jobs.cluster.server, jobOf(name));
    const prediction = predicted(args, { version: LINE });
    assert.ok(prediction.kind === "predicted", JSON.stringify(prediction));
    const executor = prediction.executor(prediction.driver, await confOf(name));
    assert.ok(executor.kind === "predicted", JSON.stringify(executor));
    return executor.pod;
  }

  function compileJob(): void {
    const { applications, sparkHome, cluster } = jobs;
    const { directory } = cluster;
    const source = join(directory, "Job.java");
    writeFileSync(source, JOB);
    const classPath = join(sparkHome, "jars", "*");
    for (const [command, args] of [
      ["javac", ["-d", directory, "-cp", classPath, source]],
      ["jar", ["cfe", join(applications, "job.jar"), "Job", "-C", directory, "Job.class"]],
    ] as const) {
      const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
      assert.equal(status, 0, `${command}: ${stderr}`);
    }
  }
});
