// The policy sets for kinds of jobs, beside baseline: real jobs are told apart by what their conf shows, and the real scheduler puts
// their executors where the sets say. Drivers run as processes: needs root and mount namespaces. Executors only get their node.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { createPod, driverPod, executorPod, refusalOf } from "./spark-pods.ts";
import { IMAGE, SPARK, sparkSubmit } from "./spark-submit.ts";

const JOB_TIMEOUT_MS = 180_000;
const CAPACITY_TYPE = "karpenter.sh/capacity-type";

const WAITING = `
import time
from pyspark.sql import SparkSession
SparkSession.builder.getOrCreate()
time.sleep(600)
`;

const WITH_GPU = { limits: { "nvidia.com/gpu": "1" }, requests: { "nvidia.com/gpu": "1" } };

describe("policy sets for kinds of jobs", { skip: cannotRunPods }, () => {
  let jobs: JobCluster;

  before(async () => {
    jobs = await startJobCluster({
      line: "3.5",
      nodes: [
        { name: "drivers", labels: { [CAPACITY_TYPE]: "on-demand", runs: "drivers" } },
        { name: "spot", labels: { [CAPACITY_TYPE]: "spot", runs: "executors" } },
        { name: "on-demand", labels: { [CAPACITY_TYPE]: "on-demand", runs: "executors" } },
      ],
      running: ["drivers"],
      files: { "etl.py": WAITING },
      sparkgate: { sets: ["baseline", "shuffle-heavy", "streaming", "gpu", "notebooks"] },
    });
    await Promise.all(Object.entries(JOBS).map(([job, conf]) => submit(job, conf)));
  });

  afterEach((test) => {
    jobs.cluster.keepIfFailed(test);
  });

  after(async () => {
    await jobs.stop();
  });

  const JOBS = {
    heavy: { "spark.sql.shuffle.partitions": "4000" },
    stream: { "spark.sql.streaming.checkpointLocation": "s3a://state/orders" },
    light: { "spark.sql.shuffle.partitions": "200" },
  };

  /** Three executors, which tell their job by a label. */
  const confOf = (job: string) => ({
    "spark.executor.instances": "3",
    "spark.kubernetes.executor.label.job": job,
    "spark.kubernetes.executor.node.selector.runs": "executors",
  });

  function submit(job: string, conf: Readonly<Record<string, string>>): Promise<void> {
    const own = { "spark.kubernetes.driver.node.selector.runs": "drivers" };
    return jobs.submit({ name: job, conf: { ...confOf(job), ...own, ...conf } });
  }

  /** Where the first executors of a job are bound, in order of their ids. */
  async function nodesOf(job: string, count = 3): Promise<readonly string[]> {
    return until(
      `${count} executors of ${job} are bound`,
      async () => {
        const bound = (await jobs.pods({ job }))
          .toSorted((a, b) => executorId(a) - executorId(b))
          .flatMap(({ spec }) => spec.nodeName ?? []);
        return bound.length >= count && bound.slice(0, count);
      },
      { timeoutMs: JOB_TIMEOUT_MS },
    );
  }

  const executorId = ({ metadata }: Pod) => Number(metadata.labels?.["spark-exec-id"]);

  it("a heavy shuffle, seen by its partitions, has its first two executors on demand", async () => {
    assert.deepEqual(await nodesOf("heavy"), ["on-demand", "on-demand", "spot"]);
  });

  it("a streaming job, seen by its checkpoint, has none on spot", async () => {
    assert.deepEqual(await nodesOf("stream"), ["on-demand", "on-demand", "on-demand"]);
  });

  it("any other job is as baseline has it", async () => {
    assert.deepEqual(await nodesOf("light"), ["spot", "spot", "spot"]);
  });

  it("a notebook, whose conf nobody sees, has all of them on spot", async () => {
    const conf = {
      ...confOf("notebook"),
      "spark.driver.host": "127.0.0.1",
      "spark.kubernetes.authenticate.executor.serviceAccountName": SPARK,
      "spark.executor.instances": "5",
    };
    const application = join(jobs.applications, "etl.py");
    const end = new AbortController();
    const running = sparkSubmit(jobs.cluster, jobs.account, {
      ...{ sparkHome: jobs.sparkHome, name: "notebook", deployMode: "client", conf, application },
      signal: end.signal,
    });
    try {
      assert.deepEqual(await nodesOf("notebook", 5), Array(5).fill("spot"));
    } finally {
      end.abort();
      await running;
    }
  });

  it("an executor with a GPU runs on demand, and a driver gets none", async () => {
    const containers = (role: string) => [
      { name: `spark-kubernetes-${role}`, image: IMAGE, args: [role], resources: WITH_GPU },
    ];
    const executor = executorPod(1, { spec: { containers: containers("executor") } });
    const { spec } = await createPod(jobs.cluster, SPARK, executor);
    assert.match(JSON.stringify(spec), /"karpenter\.sh\/capacity-type",[^}]*"on-demand"/);
    const driver = driverPod({ spec: { containers: containers("driver") } });
    assert.match((await refusalOf(jobs.cluster, SPARK, driver)) ?? "", /\[no-gpu-for-drivers\]/);
  });
});
