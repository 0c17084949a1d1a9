// What a driver's conf carries to its executors, on a real job whose code renames itself: its executors are placed by
// language and by the name that was submitted. Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import { until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { sparkSubmit } from "./spark-submit.ts";

const JOB_TIMEOUT_MS = 180_000;

const RENAMED = `
import time
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("Renamed In Code!").getOrCreate()
failures = spark.conf.get("spark.task.maxFailures")
print(f"CONF {failures}\\n", end="", flush=True)
time.sleep(600)
`;

describe("what a conf carries", { skip: cannotRunPods }, () => {
  let jobs: JobCluster;

  before(async () => {
    const label = "karpenter.sh/capacity-type";
    const when = (name: string, expression: string) => ({
      roles: ["executor"],
      matchConditions: [{ name, expression }],
    });
    const policies = {
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
    };
    jobs = await startJobCluster({
      line: "3.5",
      nodes: [
        { name: "spot", labels: { [label]: "spot" } },
        { name: "on-demand", labels: { [label]: "on-demand" } },
      ],
      files: { "etl.py": RENAMED },
      sparkgate: { policies },
    });
  });

  afterEach((test) => {
    jobs.cluster.keepIfFailed(test);
  });

  after(async () => {
    await jobs.stop();
  });

  it("is not to be forged by a job, whose driver is gone then", async () => {
    const conf = {
      "spark.kubernetes.executor.annotation.sparkgate.io/app": '{"v":1,"language":"jvm"}',
    };
    const { code, stderr } = await sparkSubmit(jobs.cluster, jobs.account, {
      ...{ sparkHome: jobs.sparkHome, conf },
    });
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /line \d+ sets spark\.kubernetes\.executor\.annotation\.sparkgate\.io\/app/,
    );
    await until("Spark has deleted its driver", async () => (await jobs.drivers()).length === 0);
  });

  it("is on each executor, and places it, whatever the job calls itself", async () => {
    const conf = {
      "spark.executor.instances": "1",
      "spark.kubernetes.executor.request.cores": "0.5",
      "spark.kubernetes.driver.label.sparkgate.io/workload": "batch",
    };
    await jobs.submit({ conf });
    const executor = await until(
      "an executor is bound",
      async () => (await jobs.executors()).find(({ spec }) => spec.nodeName !== undefined),
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
    await jobs.printed(await jobs.driver(), /^CONF 9$/m);
  });
});
