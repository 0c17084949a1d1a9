// A real job whose executor is told to go, with the shipped policies: its conf and its Pods agree on how long it has, it moves its
// shuffle blocks within, and the job ends well. Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { sparkHome, type SparkLine } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { cannotRunPods, type ProcessKubelet, startProcessKubelet } from "./process-kubelet.ts";
import { prepareSpark, SPARK, type SparkAccount, sparkSubmit } from "./spark-submit.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

const JOB_TIMEOUT_MS = 180_000;
const CAPACITY_TYPE = "eks.amazonaws.com/capacityType";
/** Of EC2's two minutes. */
const GRACE_SECONDS = 110;

/** Shuffles, waits to be told to go on, and needs the shuffled blocks again. */
const SHUFFLE_TWICE = `
import os, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
pairs = spark.sparkContext.parallelize(range(1000), 4).map(lambda n: (n % 7, 1)).reduceByKey(lambda a, b: a + b, 4)
print("SHUFFLED", pairs.count(), flush=True)
while not os.path.exists("/opt/app/go-on"):
    time.sleep(0.2)
print("TOTAL", sum(count for _, count in pairs.collect()), flush=True)
`;

for (const line of ["3.5", "4.1"] as const) {
  describe(`an executor of Spark ${line} that is told to go`, { skip: cannotRunPods }, () => {
    suite(line);
  });
}

function suite(line: SparkLine): void {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let kubelet: ProcessKubelet;
  let sparkgate: Sparkgate;
  let account: SparkAccount;
  let applications: string;
  const home = sparkHome(line);

  before(async () => {
    cluster = await startCluster({ controllers: true });
    nodes = await startNodes(cluster, [
      { name: "spot", labels: { [CAPACITY_TYPE]: "SPOT" } },
      { name: "on-demand", labels: { [CAPACITY_TYPE]: "ON_DEMAND" } },
    ]);
    const [port = 0, metricsPort = 0] = await freePorts(2);
    sparkgate = await startSparkgate(cluster, {
      ...{ policies: "baseline", platform: "eks", port, metricsPort },
    });
    await registerSparkgate(cluster, port);
    account = await prepareSpark(cluster);
    applications = join(cluster.directory, "applications");
    mkdirSync(applications);
    writeFileSync(join(applications, "etl.py"), SHUFFLE_TWICE);
    kubelet = await startProcessKubelet(cluster, {
      ...{ nodes: ["spot", "on-demand"], sparkHome: home, applications },
    });
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

  const list = async (role: string): Promise<readonly Pod[]> => {
    const path = `/api/v1/namespaces/${SPARK}/pods?labelSelector=spark-role%3D${role}`;
    return ((await cluster.api("GET", path)) as { items: readonly Pod[] }).items;
  };
  const untilPrinted = async (text: RegExp): Promise<Pod> => {
    const [driver] = await list("driver");
    assert.ok(driver !== undefined);
    const { name } = driver.metadata;
    await until(`the job prints ${String(text)}`, () => text.test(kubelet.log(name)), {
      timeoutMs: JOB_TIMEOUT_MS,
    });
    return driver;
  };

  it("has the notice less a margin, by its Pod and by its conf, and may be evicted; its driver may not", async () => {
    const conf = {
      "spark.executor.instances": "2",
      "spark.kubernetes.executor.request.cores": "0.5",
    };
    const { code, stderr } = await sparkSubmit(cluster, account, { sparkHome: home, conf });
    assert.equal(code, 0, stderr);
    const driver = await untilPrinted(/^SHUFFLED 7$/m);
    const executors = await list("executor");
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
    const [first] = await list("executor");
    const { name } = first?.metadata ?? { name: "" };
    await cluster.api("DELETE", `/api/v1/namespaces/${SPARK}/pods/${name}`);
    const deleted = (await list("executor")).find(({ metadata }) => metadata.name === name);
    if (deleted !== undefined) {
      assert.equal(deleted.metadata.deletionGracePeriodSeconds, GRACE_SECONDS);
    }
    await until(
      "the executor is gone",
      async () => (await list("executor")).every(({ metadata }) => metadata.name !== name),
      { timeoutMs: GRACE_SECONDS * 1000 },
    );
    assert.match(kubelet.log(name), /self-exiting due to : Finished decommissioning/);
    writeFileSync(join(applications, "go-on"), "");
    const driver = await untilPrinted(/^TOTAL 1000$/m);
    await until("the driver succeeds", async () => {
      const [ended] = await list("driver");
      return ended?.status?.phase === "Succeeded";
    });
    assert.doesNotMatch(kubelet.log(driver.metadata.name), /FetchFailed|Resubmitted/);
  });
}
