// A real job whose executor is told to go, with the shipped policies: its conf and its Pods agree on how long it has, it moves its
// shuffle blocks within, and the job ends well. Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { SparkLine } from "./assets.ts";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import { until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { SPARK } from "./spark-submit.ts";

const CAPACITY_TYPE = "eks.amazonaws.com/capacityType";
/** Of EC2's two minutes. */
const GRACE_SECONDS = 110;

/** Shuffles, waits to be told to go on, and needs the shuffled blocks again. */
const SHUFFLE_TWICE = `
import os, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
pairs = spark.sparkContext.parallelize(range(1000), 4).map(lambda n: (n % 7, 1)).reduceByKey(lambda a, b: a + b, 4)
print(f"SHUFFLED {pairs.count()}\\n", end="", flush=True)
while not os.path.exists("/opt/app/go-on"):
    time.sleep(0.2)
print(f"TOTAL {sum(count for _, count in pairs.collect())}\\n", end="", flush=True)
`;

for (const line of ["3.5", "4.1"] as const) {
  describe(`an executor of Spark ${line} that is told to go`, { skip: cannotRunPods }, () => {
    suite(line);
  });
}

function suite(line: SparkLine): void {
  let jobs: JobCluster;

  before(async () => {
    jobs = await startJobCluster({
      line,
      nodes: [
        { name: "spot", labels: { [CAPACITY_TYPE]: "SPOT" } },
        { name: "on-demand", labels: { [CAPACITY_TYPE]: "ON_DEMAND" } },
      ],
      files: { "etl.py": SHUFFLE_TWICE },
      sparkgate: { sets: ["baseline"], platform: "eks" },
    });
  });

  afterEach((test) => {
    jobs.cluster.keepIfFailed(test);
  });

  after(async () => {
    await jobs.stop();
  });

  it("has the notice less a margin, by its Pod and by its conf, and may be evicted; its driver may not", async () => {
    const conf = {
      "spark.executor.instances": "2",
      "spark.kubernetes.executor.request.cores": "0.5",
    };
    await jobs.submit({ conf });
    const driver = await jobs.driver();
    await jobs.printed(driver, /^SHUFFLED 7$/m);
    const executors = await jobs.executors();
    assert.equal(executors.length, 2);
    for (const { spec, metadata } of executors) {
      assert.equal(spec.terminationGracePeriodSeconds, GRACE_SECONDS);
      assert.ok(spec.containers[0].lifecycle?.preStop !== undefined);
      const { annotations = {} } = metadata;
      assert.equal(annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"], "true");
      assert.equal(annotations["karpenter.sh/do-not-disrupt"], undefined);
      // 4.1 has the grace from the conf; there was nothing left to do.
      const applied = annotations["sparkgate.io/applied"] ?? "";
      assert.equal(applied.includes("/spec/terminationGracePeriodSeconds"), line === "3.5");
    }
    const { annotations = {} } = driver.metadata;
    assert.equal(annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"], "false");
    assert.equal(annotations["karpenter.sh/do-not-disrupt"], "true");
    assert.equal(annotations["sparkgate.io/ttl-seconds-after-finished"], "604800");
  });

  it("moves its blocks and ends by itself, and the job goes on without another shuffle", async () => {
    const [first] = await jobs.executors();
    const { name } = first?.metadata ?? { name: "" };
    await jobs.cluster.api("DELETE", `/api/v1/namespaces/${SPARK}/pods/${name}`);
    const deleted = (await jobs.executors()).find(({ metadata }) => metadata.name === name);
    if (deleted !== undefined) {
      assert.equal(deleted.metadata.deletionGracePeriodSeconds, GRACE_SECONDS);
    }
    await until(
      "the executor is gone",
      async () => (await jobs.executors()).every(({ metadata }) => metadata.name !== name),
      { timeoutMs: GRACE_SECONDS * 1000 },
    );
    assert.match(jobs.kubelet.log(name), /self-exiting due to : Finished decommissioning/);
    writeFileSync(join(jobs.applications, "go-on"), "");
    const driver = await jobs.driver();
    await jobs.printed(driver, /^TOTAL 1000$/m);
    await jobs.succeeded(driver);
    assert.doesNotMatch(jobs.kubelet.log(driver.metadata.name), /FetchFailed|Resubmitted/);
  });
}
