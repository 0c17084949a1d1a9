// What is left of a job, and what is seen while it runs: a real Prometheus finds a real driver by what policies wrote onto its Pod
// and into its conf, and its event log is written. Runs Pods as processes: needs root and mount namespaces; Prometheus is Debian's.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { cacheFolder } from "./assets.ts";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import { until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { type Prometheus, prometheusBinary, startPrometheus } from "./prometheus.ts";
import { SPARK } from "./spark-submit.ts";
import { ROOT } from "./sparkgate-process.ts";

const JOB_TIMEOUT_MS = 180_000;

const ETL = `
import os, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("Renamed In Code!").getOrCreate()
print("SUM", spark.range(1000).repartition(4).selectExpr("sum(id)").first()[0], flush=True)
while not os.path.exists("/opt/app/done"):
    time.sleep(0.2)
spark.stop()
`;

const binary = prometheusBinary(join(cacheFolder(), "prometheus"));
const missing =
  cannotRunPods || (binary === undefined && "no Prometheus: apt-get cannot download it here");

describe("a job that is watched", { skip: missing }, () => {
  let jobs: JobCluster;
  let prometheus: Prometheus;

  before(async () => {
    const label = "karpenter.sh/capacity-type";
    jobs = await startJobCluster({
      line: "3.5",
      nodes: [
        { name: "spot", labels: { [label]: "spot" } },
        { name: "on-demand", labels: { [label]: "on-demand" } },
      ],
      files: { "etl.py": ETL },
      sparkgate: { sets: ["baseline"] },
    });
    mkdirSync(join(jobs.applications, "events"));
    // The images' user writes there, whatever the umask.
    chmodSync(join(jobs.applications, "events"), 0o777);
    const file = join(ROOT, "docs/examples/prometheus-scrape.yaml");
    prometheus = await startPrometheus(jobs.cluster, binary ?? "", file, SPARK);
    await jobs.submit({
      conf: {
        "spark.executor.instances": "1",
        "spark.kubernetes.executor.request.cores": "0.5",
        "spark.eventLog.dir": "file:///opt/app/events",
      },
    });
  });

  afterEach((test) => {
    jobs.cluster.keepIfFailed(test);
  });

  after(async () => {
    await prometheus.stop();
    await jobs.stop();
  });

  it("is found by Prometheus, with the metrics of its executors, under the name that was submitted", async () => {
    const series = await until(
      "Prometheus has the driver's and the executor's metrics",
      async () => {
        const found = await prometheus.query("metrics_executor_maxMemory_bytes");
        return found.length === 2 && found;
      },
      { timeoutMs: JOB_TIMEOUT_MS },
    );
    assert.deepEqual(series.map(({ labels }) => labels["executor_id"]).toSorted(), ["1", "driver"]);
    for (const { labels, value } of series) {
      assert.equal(labels["job_name"], "nightly-etl");
      assert.equal(labels["namespace"], SPARK);
      assert.ok(value > 0);
    }
    // Of several targets, one for each port of the Pod, relabelling makes one.
    await until("the one target is up", async () => {
      const targets = await prometheus.query('up{job="spark"}');
      assert.equal(targets.length, 1);
      return targets[0]?.value === 1;
    });
  });

  it("has served its own metrics too, where the conf said", async () => {
    const { status } = await jobs.driver();
    const answer = await fetch(`http://${status?.podIP ?? ""}:4040/metrics/prometheus`);
    assert.match(await answer.text(), /^metrics_.*driver_BlockManager_memory_maxMem_MB/m);
  });

  it("leaves an event log in files that roll", async () => {
    writeFileSync(join(jobs.applications, "done"), "");
    const driver = await jobs.driver();
    await jobs.succeeded(driver);
    assert.match(jobs.kubelet.log(driver.metadata.name), /^SUM 499500$/m);
    const [folder = ""] = readdirSync(join(jobs.applications, "events"));
    assert.match(folder, /^eventlog_v2_spark-/);
    const files = readdirSync(join(jobs.applications, "events", folder));
    assert.ok(
      files.some((file) => /^events_1_.*\.zstd$/.test(file)),
      files.join(" "),
    );
  });
});
