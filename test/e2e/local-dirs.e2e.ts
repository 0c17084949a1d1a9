// Real Spark on a swapped local dir: an executor writes its shuffle to the node's own disk as the images' user, and what
// comes of a folder that is not prepared is seen. Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import { until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { SPARK } from "./spark-submit.ts";

const DISK = "/mnt/disks/ssd0";
const SPARK_UID = 185;
/** DISK_STORE_FAILED_TO_CREATE_DIR (org.apache.spark.util.SparkExitCode). */
const NO_LOCAL_DIR = 53;
const WRITABLE_BY_ALL = 0o1777;
const AS_KUBELETS_MAKE_IT = 0o755;
const JOB_TIMEOUT_MS = 180_000;

const SHUFFLE = `
import time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
groups = spark.range(0, 100000, 1, 4).selectExpr("id % 7 as k").groupBy("k").count().collect()
print("GROUPS", len(groups), flush=True)
time.sleep(600)
`;

describe("local dirs on a node's disk", { skip: cannotRunPods }, () => {
  let jobs: JobCluster;

  before(async () => {
    const disks = { match: { roles: ["executor"] }, localDirs: { disk: "host-path" } };
    jobs = await startJobCluster({
      line: "3.5",
      nodes: [
        { name: "plain", capacity: { cpu: "2" } },
        { name: "disk", labels: { "sparkgate.io/local-disk": "host-path" } },
      ],
      files: { "etl.py": SHUFFLE },
      sparkgate: { policies: { disks }, platform: "node-pool" },
    });
  });

  afterEach(async (test) => {
    jobs.cluster.keepIfFailed(test);
    await jobs.cluster.api("DELETE", `/api/v1/namespaces/${SPARK}/pods?gracePeriodSeconds=0`);
  });

  after(async () => {
    await jobs.stop();
  });

  const folder = (mode: number): string => {
    const path = jobs.kubelet.nodeFolder("disk", DISK);
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
    return path;
  };

  const submit = (name: string) =>
    jobs.submit({
      name,
      conf: {
        "spark.executor.instances": "1",
        "spark.kubernetes.executor.request.cores": "0.5",
      },
    });

  it("hold the shuffle of a real job, written as uid 185", async () => {
    const path = folder(WRITABLE_BY_ALL);
    await submit("shuffle");
    const files = await until(
      "shuffle files are on the disk",
      () => {
        const found = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((file) =>
          /blockmgr-.*shuffle_.*\.data$/.test(file),
        );
        return found.length > 0 && found;
      },
      { timeoutMs: JOB_TIMEOUT_MS },
    );
    for (const file of files) assert.equal(statSync(join(path, file)).uid, SPARK_UID, file);
    const [executor] = await jobs.executors();
    assert.equal(executor?.spec.nodeName, "disk");
    const mount = executor.spec.containers[0].volumeMounts?.find(
      ({ name }) => name === "spark-local-dir-1",
    );
    const dirs = executor.spec.containers[0].env?.find(({ name }) => name === "SPARK_LOCAL_DIRS");
    assert.equal(mount?.mountPath, dirs?.value, "Spark's own path, which was not touched");
  });

  it("fail at once, and say why, where the folder is as kubelets make it: root's, mode 755", async () => {
    folder(AS_KUBELETS_MAKE_IT);
    await submit("not-prepared");
    const failed = await until(
      "an executor has failed",
      async () => (await jobs.executors()).find(({ status }) => status?.phase === "Failed"),
      { timeoutMs: JOB_TIMEOUT_MS },
    );
    const { containerStatuses } = failed.status as unknown as {
      containerStatuses: readonly { state: { terminated?: { exitCode: number } } }[];
    };
    assert.equal(containerStatuses[0]?.state.terminated?.exitCode, NO_LOCAL_DIR);
    assert.match(
      jobs.kubelet.log(failed.metadata.name),
      /Failed to create local dir in .*Ignoring this directory/,
    );
  });
});
