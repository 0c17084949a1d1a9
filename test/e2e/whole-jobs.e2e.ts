// Real PySpark jobs from spark-submit to their result, each twice in one cluster: without Sparkgate, and with the shipped set and
// shuffle on the nodes' disks. Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { SparkLine } from "./assets.ts";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import type { Pod } from "./pod.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import {
  confChanges,
  type JobRun,
  OWN_CONF,
  resultOf,
  runJob,
  type WholeJob,
} from "./whole-job.ts";

const CAPACITY_TYPE = "karpenter.sh/capacity-type";
const SPOT = { [CAPACITY_TYPE]: "spot" };
const ON_DEMAND = { [CAPACITY_TYPE]: "on-demand" };
const WITH_DISK = { "sparkgate.io/local-disk": "host-path" };
const SMALL = { cpu: "4", memory: "16Gi" };
/** Nodes on spot are larger and have more room: where nobody says otherwise the scheduler prefers them. */
const NODES = [
  { name: "spot", labels: SPOT },
  { name: "spot-disk", labels: { ...SPOT, ...WITH_DISK } },
  { name: "on-demand", labels: ON_DEMAND, capacity: SMALL },
  { name: "on-demand-disk", labels: { ...ON_DEMAND, ...WITH_DISK }, capacity: SMALL },
];
/** Of the platform karpenter. */
const DISK = "/mnt/k8s-disks/0";
const SPARK_UID = 185;

const JOBS = {
  shuffle: {
    ...{ args: () => ["200000", "6"], executors: 5, shuffles: true },
    conf: {
      "spark.dynamicAllocation.enabled": "true",
      "spark.dynamicAllocation.initialExecutors": "5",
      "spark.dynamicAllocation.maxExecutors": "5", // the policies' would be 100
    },
  },
  cached: { args: () => ["100000", "4", "3"], executors: 2, shuffles: false, conf: {} },
  streaming: {
    ...{ args: (folder) => [folder, "4", "5000", "2"], executors: 2, shuffles: true, conf: {} },
  },
} satisfies Readonly<Record<string, WholeJob>>;

type JobName = keyof typeof JOBS;

/** What policies add to each job's conf, on Karpenter with its notice of 120 s. */
const ADDED = {
  "spark.decommission.enabled": "true",
  "spark.storage.decommission.enabled": "true",
  "spark.storage.decommission.shuffleBlocks.enabled": "true",
  "spark.storage.decommission.rddBlocks.enabled": "true",
  "spark.storage.decommission.replicationReattemptInterval": "30s",
  "spark.executor.decommission.killInterval": "110s",
  "spark.kubernetes.executor.terminationGracePeriodSeconds": "110s",
  "spark.stage.maxConsecutiveAttempts": "10",
  "spark.stage.ignoreDecommissionFetchFailure": "true",
  "spark.shuffle.io.maxRetries": "6",
  "spark.shuffle.io.retryWait": "10s",
  "spark.eventLog.rolling.enabled": "true",
  "spark.ui.prometheus.enabled": "true",
  "spark.metrics.conf.*.sink.prometheusServlet.class":
    "org.apache.spark.metrics.sink.PrometheusServlet",
  "spark.metrics.conf.*.sink.prometheusServlet.path": "/metrics/prometheus",
  "spark.hadoop.fs.s3a.connection.maximum": "200",
  "spark.hadoop.fs.s3a.threads.max": "96",
  "spark.hadoop.fs.s3a.fast.upload.buffer": "disk",
};
/** Where dynamic allocation is on. */
const ADDED_TO_DYNAMIC = {
  "spark.dynamicAllocation.shuffleTracking.enabled": "true",
  "spark.dynamicAllocation.minExecutors": "0",
  "spark.dynamicAllocation.executorIdleTimeout": "60s",
  "spark.dynamicAllocation.cachedExecutorIdleTimeout": "30min",
};

for (const [line, names] of [
  ["3.5", ["shuffle", "cached"]],
  ["4.1", ["shuffle", "streaming"]],
] as const) {
  describe(`whole jobs of Spark ${line}`, { skip: cannotRunPods }, () => {
    suite(line, names);
  });
}

function suite(line: SparkLine, names: readonly JobName[]): void {
  let jobs: JobCluster;
  const runs = { without: new Map<JobName, JobRun>(), with: new Map<JobName, JobRun>() };

  before(async () => {
    jobs = await startJobCluster({ line, nodes: NODES });
    const { applications, kubelet } = jobs;
    for (const file of names.map((name) => `${name}.py`)) {
      copyFileSync(join(import.meta.dirname, "jobs", file), join(applications, file));
    }
    for (const folder of [
      ...["events", "shared"].map((name) => join(applications, name)),
      // As whoever mounts the nodes' disks has to leave them.
      ...["spot-disk", "on-demand-disk"].map((node) => kubelet.nodeFolder(node, DISK)),
    ]) {
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o1777);
    }
  });

  afterEach((test) => {
    jobs.cluster.keepIfFailed(test);
  });

  after(async () => {
    await jobs.stop();
  });

  const runAll = async (how: keyof typeof runs): Promise<void> => {
    for (const name of names) runs[how].set(name, await runJob(jobs, { name, how, ...JOBS[name] }));
  };

  /** Both runs of each job. */
  const each = (look: (without: JobRun, protectedRun: JobRun, name: JobName) => void): void => {
    for (const name of names) {
      const [without, protectedRun] = [runs.without.get(name), runs.with.get(name)];
      assert.ok(without !== undefined && protectedRun !== undefined, `${name} has not run`);
      look(without, protectedRun, name);
    }
  };

  it("run to their end without Sparkgate", async () => {
    await runAll("without");
  });

  it("run to their end with it, and to the same result", async () => {
    const localDirs = { disk: "host-path" };
    const policies = { "shuffle-on-local-disk": { match: { roles: ["executor"] }, localDirs } };
    await jobs.protect({ sets: ["baseline"], policies });
    await runAll("with");
    each((without, { log }) => {
      assert.equal(resultOf(log), resultOf(without.log));
    });
  });

  it("have drivers on demand and executors on spot with disks, the fifth on demand; without, drivers on spot", () => {
    each((without, { driver, executors }, name) => {
      assert.match(driver.spec.nodeName ?? "", /^on-demand/);
      assert.deepEqual(
        executors.map(({ spec }) => spec.nodeName),
        ["spot-disk", "spot-disk", "spot-disk", "spot-disk", "on-demand-disk"].slice(
          ...[0, JOBS[name].executors],
        ),
      );
      assert.match(without.driver.spec.nodeName ?? "", /^spot/);
      assert.equal(without.executors.length, JOBS[name].executors);
    });
  });

  it("write their shuffle into the disks' folder as uid 185; without, into emptyDirs", () => {
    const disks = NODES.map(({ name }) => `${jobs.kubelet.nodeFolder(name, DISK)}/`);
    const isOnDisk = (path: string) => disks.some((disk) => path.startsWith(disk));
    const localDir = ({ spec }: Pod) =>
      spec.volumes?.find(({ name }) => name === "spark-local-dir-1");
    each((without, { executors, shuffleFiles }, name) => {
      for (const files of [without.shuffleFiles, shuffleFiles]) {
        assert.equal(files.size > 0, JOBS[name].shuffles, name);
        for (const [path, uid] of files) assert.equal(uid, SPARK_UID, path);
      }
      assert.deepEqual(
        [...shuffleFiles.keys()].filter((path) => !isOnDisk(path)),
        [],
      );
      assert.deepEqual([...without.shuffleFiles.keys()].filter(isOnDisk), []);
      for (const executor of executors) {
        assert.deepEqual(localDir(executor)?.hostPath, { path: DISK, type: "Directory" });
      }
      for (const executor of without.executors) {
        assert.deepEqual(localDir(executor)?.emptyDir, {});
      }
    });
  });

  it("see the conf that policies completed, with all that the user said but for too little memory", () => {
    each((without, { conf }, name) => {
      const app = { v: 1, name: `${name}-with`, language: "python", shuffle: "executors" };
      assert.deepEqual(confChanges(without.conf, conf), {
        added: {
          ...ADDED,
          ...("spark.dynamicAllocation.enabled" in JOBS[name].conf ? ADDED_TO_DYNAMIC : {}),
          "spark.kubernetes.executor.annotation.sparkgate.io/app": JSON.stringify(app),
        },
        replaced: { "spark.executor.memoryOverhead": "384m" },
      });
      for (const [key, value] of Object.entries({ ...OWN_CONF, ...JOBS[name].conf })) {
        assert.equal(conf[key], value, key);
      }
    });
  });

  it("give executors room for Python, and time to move their blocks", () => {
    const seen = ({ spec }: Pod) => ({
      memory: spec.containers[0].resources,
      grace: spec.terminationGracePeriodSeconds,
      preStop: spec.containers[0].lifecycle?.preStop,
    });
    const resources = (memory: string) => ({
      requests: { cpu: "200m", memory },
      limits: { memory },
    });
    each((without, { executors }) => {
      for (const executor of without.executors) {
        const memory = resources("704Mi"); // 512 and 192
        assert.deepEqual(seen(executor), { memory, grace: 30, preStop: undefined });
      }
      for (const executor of executors) {
        const preStop = { exec: { command: ["/opt/decom.sh"] } };
        const memory = resources("896Mi"); // 512 and 384
        assert.deepEqual(seen(executor), { memory, grace: 110, preStop });
      }
    });
  });

  if (names.includes("cached")) {
    it("compute what they keep once", () => {
      for (const run of [runs.without, runs.with]) {
        assert.match(run.get("cached")?.log ?? "", /^COMPUTED 4$/m);
      }
    });
  }
  if (names.includes("streaming")) {
    it("sum up in all their batches", () => {
      for (const run of [runs.without, runs.with]) {
        const { log = "" } = run.get("streaming") ?? {};
        assert.deepEqual(log.match(/^BATCH \d+$/gm), ["BATCH 0", "BATCH 1", "BATCH 2", "BATCH 3"]);
        assert.match(log, /^RESULT \(1009, 20000, /m);
      }
    });
  }
}
