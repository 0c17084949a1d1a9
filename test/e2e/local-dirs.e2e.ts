// Real Spark on local dirs of all kinds: an executor writes its shuffle to the node's own disk as the images' user. And what a user
// sees where that goes wrong (a folder that is not prepared, a disk that is full, a limit, a claim of root's, a class that is not
// there) is what docs/troubleshooting.md says. Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { type Provisioner, startProvisioner, STORAGE_CLASS } from "./provisioner.ts";
import { SPARK } from "./spark-submit.ts";
import { assertShown } from "./troubleshooting.ts";

const DISK = "/mnt/disks/ssd0";
const SPARK_UID = 185;
/** EXCEED_MAX_EXECUTOR_FAILURES (org.apache.spark.util.SparkExitCode). */
const TOO_MANY_FAILURES = 11;
const WRITABLE_BY_ALL = 0o1777;
const AS_KUBELETS_MAKE_IT = 0o755;
const JOB_TIMEOUT_MS = 180_000;
/** Of shuffle.py: some 40 MB, which is more than any of the disks here takes, and some 2 MB. */
const ROWS = { many: "1000000", few: "50000" };

/** Shuffles little, and stays. */
const STAYING = `
import time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
groups = spark.range(0, 100000, 1, 4).selectExpr("id % 7 as k").groupBy("k").count().collect()
print("GROUPS", len(groups), flush=True)
time.sleep(600)
`;

/** A volume of the job's own: a claim for each executor, which Spark makes. */
const claimOf = (storageClass: string) => {
  const volume = "spark.kubernetes.executor.volumes.persistentVolumeClaim.spark-local-dir-1";
  return {
    [`${volume}.mount.path`]: "/data",
    [`${volume}.options.claimName`]: "OnDemand",
    [`${volume}.options.storageClass`]: storageClass,
    [`${volume}.options.sizeLimit`]: "1Gi",
  };
};

/** Whom a policy speaks of: executors by their label `disk`. */
const ofExecutorsOn = (disk: string) => ({
  match: { roles: ["executor"], objectSelector: { matchLabels: { disk } } },
});

describe("local dirs", { skip: cannotRunPods }, () => {
  let jobs: JobCluster;
  let provisioner: Provisioner;

  before(async () => {
    const ephemeralStorage = { request: "1Mi", limit: "8Mi" };
    jobs = await startJobCluster({
      line: "3.5",
      nodes: [
        { name: "plain", capacity: { cpu: "2" } },
        { name: "disk", labels: { "sparkgate.io/local-disk": "host-path" } },
      ],
      diskSizes: { disk: "24Mi" },
      files: {
        "etl.py": STAYING,
        "shuffle.py": readFileSync(join(import.meta.dirname, "jobs", "shuffle.py"), "utf8"),
      },
      sparkgate: {
        platform: "node-pool",
        policies: {
          disks: { ...ofExecutorsOn("host-path"), localDirs: { disk: "host-path" } },
          limits: {
            ...ofExecutorsOn("limited"),
            localDirs: { diskNodes: "Off", ephemeralStorage },
          },
          groups: { ...ofExecutorsOn("claim-of-a-group"), security: { profile: "Restricted" } },
        },
      },
    });
    provisioner = await startProvisioner(jobs.cluster);
  });

  const deletePods = () =>
    jobs.cluster.api("DELETE", `/api/v1/namespaces/${SPARK}/pods?gracePeriodSeconds=0`);

  afterEach(async (test) => {
    jobs.cluster.keepIfFailed(test);
    await deletePods();
  });

  after(async () => {
    provisioner.stop();
    await jobs.stop();
  });

  /** An empty folder on the disk. */
  const folder = (mode: number): string => {
    const path = jobs.kubelet.nodeFolder("disk", DISK);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
    return path;
  };

  /** Submits the job that shuffles so many rows, or none: that stays. Its executors' label says what policies do; its driver. */
  const submit = async (
    disk: string,
    rows?: keyof typeof ROWS,
    conf: Readonly<Record<string, string>> = {},
  ): Promise<Pod> => {
    await jobs.submit({
      name: disk,
      conf: {
        "spark.executor.instances": "1",
        "spark.kubernetes.executor.request.cores": "0.5",
        "spark.kubernetes.executor.label.disk": disk,
        // It all ends at the first failure, and what has failed can still be looked at.
        "spark.task.maxFailures": "1",
        "spark.executor.maxNumFailures": "1",
        "spark.kubernetes.executor.deleteOnTermination": "false",
        ...conf,
      },
      ...(rows === undefined
        ? {}
        : { application: "local:///opt/app/shuffle.py", applicationArguments: [ROWS[rows]] }),
    });
    return jobs.driver();
  };

  /** Holds a section of docs/troubleshooting.md against a driver and its first executor. */
  const assertShownBy = async (heading: string, driver: Pod): Promise<void> => {
    const [executor] = await jobs.executors({ "spark-exec-id": "1" });
    assert.ok(executor !== undefined);
    const hasRun = executor.status?.phase !== "Pending";
    assertShown(heading, {
      driver: jobs.kubelet.log(driver.metadata.name),
      ...(hasRun ? { executor: jobs.kubelet.log(executor.metadata.name) } : {}),
      describe: await jobs.describe(executor),
    });
  };

  it("on a node's disk hold the shuffle of a real job, written as uid 185", async () => {
    const path = folder(WRITABLE_BY_ALL);
    await submit("host-path");
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
    const driver = await submit("host-path");
    const { status } = await jobs.ended(driver);
    assert.equal(status?.containerStatuses?.[0]?.state.terminated?.exitCode, TOO_MANY_FAILURES);
    await assertShownBy("Executors end with exit code 53", driver);
  });

  it("fail their tasks, and not their executors, where the disk is full", async () => {
    folder(WRITABLE_BY_ALL);
    const driver = await submit("host-path", "many");
    await jobs.ended(driver);
    await assertShownBy("No space left on device", driver);
    const [executor] = await jobs.executors();
    assert.doesNotMatch(executor?.status?.phase ?? "", /Failed/);
  });

  it("have their executors evicted where they take more than a limit of ephemeral storage", async () => {
    const driver = await submit("limited", "many");
    await jobs.ended(driver);
    await assertShownBy("Executors are evicted", driver);
  });

  it("on claims are root's, unless the Pod has a group, which security gives it", async () => {
    const failed = await submit("claim", undefined, claimOf(STORAGE_CLASS));
    await jobs.ended(failed);
    await assertShownBy("Executors end with exit code 53", failed);
    await deletePods();

    await jobs.succeeded(await submit("claim-of-a-group", "few", claimOf(STORAGE_CLASS)));
    const [executor] = await jobs.executors();
    assert.equal(executor?.spec.securityContext?.fsGroup, SPARK_UID);
  });

  it("on claims of a class that is not there let the job wait without end", async () => {
    const driver = await submit("claim", undefined, claimOf("nowhere"));
    await jobs.printed(driver, /has not accepted any resources/);
    await assertShownBy("The job waits, and its executors are Pending", driver);
  });
});
