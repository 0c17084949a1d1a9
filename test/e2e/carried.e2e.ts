// What a driver's conf carries to its executors, on a real job whose code renames itself: its executors are placed by
// language and by the name that was submitted. Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { sparkHome } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { cannotRunPods, type ProcessKubelet, startProcessKubelet } from "./process-kubelet.ts";
import { writePolicies } from "./spark-pods.ts";
import { prepareSpark, SPARK, type SparkAccount, sparkSubmit } from "./spark-submit.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

const JOB_TIMEOUT_MS = 180_000;

const RENAMED = `
import time
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("Renamed In Code!").getOrCreate()
print("CONF", spark.conf.get("spark.task.maxFailures"), flush=True)
time.sleep(600)
`;

describe("what a conf carries", { skip: cannotRunPods }, () => {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let kubelet: ProcessKubelet;
  let sparkgate: Sparkgate;
  let account: SparkAccount;
  const home = sparkHome("3.5");

  before(async () => {
    cluster = await startCluster({ controllers: true });
    const label = "karpenter.sh/capacity-type";
    nodes = await startNodes(cluster, [
      { name: "spot", labels: { [label]: "spot" } },
      { name: "on-demand", labels: { [label]: "on-demand" } },
    ]);
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const when = (name: string, expression: string) => ({
      roles: ["executor"],
      matchConditions: [{ name, expression }],
    });
    const policies = writePolicies(cluster, {
      spot: { match: { roles: ["executor"] }, placement: { capacity: "spot" } },
      "python-on-demand": {
        priority: 1,
        match: when("python", 'has(app.language) && app.language == "python"'),
        placement: { capacity: "on-demand" },
      },
      "by-name": {
        match: when("submitted-name", 'app.name == "nightly-etl"'),
        metadata: { labels: { "acme.com/job": "nightly" } },
      },
      retries: { sparkConf: { set: { "spark.task.maxFailures": "9" } } },
    });
    sparkgate = await startSparkgate(cluster, { policies, port, metricsPort });
    await registerSparkgate(cluster, port);
    account = await prepareSpark(cluster);
    const applications = join(cluster.directory, "applications");
    mkdirSync(applications);
    writeFileSync(join(applications, "etl.py"), RENAMED);
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

  it("is not to be forged by a job, whose driver is gone then", async () => {
    const conf = {
      "spark.kubernetes.executor.annotation.sparkgate.io/app": '{"v":1,"language":"jvm"}',
    };
    const { code, stderr } = await sparkSubmit(cluster, account, { sparkHome: home, conf });
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /line \d+ sets spark\.kubernetes\.executor\.annotation\.sparkgate\.io\/app/,
    );
    await until("Spark has deleted its driver", async () => (await list("driver")).length === 0);
  });

  it("is on each executor, and places it, whatever the job calls itself", async () => {
    const conf = {
      "spark.executor.instances": "1",
      "spark.kubernetes.executor.request.cores": "0.5",
      "spark.kubernetes.driver.label.sparkgate.io/workload": "batch",
    };
    const { code, stderr } = await sparkSubmit(cluster, account, { sparkHome: home, conf });
    assert.equal(code, 0, stderr);
    const executor = await until(
      "an executor is bound",
      async () => (await list("executor")).find(({ spec }) => spec.nodeName !== undefined),
      { timeoutMs: JOB_TIMEOUT_MS },
    );
    const { labels, annotations } = executor.metadata;
    assert.equal(labels?.["spark-app-name"], "renamed-in-code");
    assert.deepEqual(JSON.parse(annotations?.["sparkgate.io/app"] ?? "null"), {
      ...{ v: 1, name: "nightly-etl", language: "python", shuffle: "executors" },
      workload: "batch",
    });
    assert.equal(executor.spec.nodeName, "on-demand");
    assert.equal(labels["acme.com/job"], "nightly");
  });

  it("beside it the driver runs with the conf as policies left it", async () => {
    const [driver] = await list("driver");
    const name = driver?.metadata.name ?? "";
    await until("the job says its conf", () => /^CONF 9$/m.test(kubelet.log(name)), {
      timeoutMs: JOB_TIMEOUT_MS,
    });
  });
});
