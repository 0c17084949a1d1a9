// A job whose Python takes memory beside the heap: with the overhead of a JVM's job its executor is killed, with the shipped policies
// it lives. What a user sees is what docs/troubleshooting.md says. Runs Pods as processes: needs root and mount namespaces, and to
// enforce the limit a memory cgroup.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import { memoryEnforcement } from "./kubelet/memory-limit.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { assertShown } from "./troubleshooting.ts";

const CAPACITY_TYPE = "karpenter.sh/capacity-type";

/** A heap of 2 GiB that is in use, as it is after a while; 300 MiB of Python's fit into 40% beside it, and not into 10%. */
const CONF = {
  "spark.executor.memory": "2g",
  "spark.executor.extraJavaOptions": "-XX:+AlwaysPreTouch",
  "spark.executor.instances": "1",
  "spark.kubernetes.executor.request.cores": "0.5",
  // Copied from a job of the JVM: Spark itself would give Python 0.4.
  "spark.kubernetes.memoryOverheadFactor": "0.1",
  "spark.task.maxFailures": "1",
  "spark.kubernetes.executor.deleteOnTermination": "false",
};
const HELD_MIB = "300";

const missing =
  cannotRunPods || (memoryEnforcement === "ulimit" && "no memory cgroup here: nobody is killed");

describe("a Python job that takes memory beside the heap", { skip: missing }, () => {
  let jobs: JobCluster;

  before(async () => {
    const udf = readFileSync(join(import.meta.dirname, "jobs", "udf.py"), "utf8");
    jobs = await startJobCluster({
      line: "3.5", // 4.1 says the same, as was seen by hand
      nodes: [
        { name: "spot", labels: { [CAPACITY_TYPE]: "spot" } },
        { name: "on-demand", labels: { [CAPACITY_TYPE]: "on-demand" } },
      ],
      files: { "etl.py": udf },
    });
  });

  afterEach((test) => {
    jobs.cluster.keepIfFailed(test);
  });

  after(async () => {
    await jobs.stop();
  });

  const submit = (job: string) =>
    jobs.submit({
      name: job,
      applicationArguments: [HELD_MIB],
      conf: {
        ...CONF,
        "spark.kubernetes.driver.label.job": job,
        "spark.kubernetes.executor.label.job": job,
      },
    });

  it("loses its executor, killed by the kernel, with 10% overhead", async () => {
    const job = "without";
    await submit(job);
    const driver = await jobs.ended(await jobs.driver({ job }));
    assert.equal(driver.status?.phase, "Failed");
    const [executor] = await jobs.executors({ job, "spark-exec-id": "1" });
    assert.ok(executor !== undefined);
    assert.equal(executor.spec.containers[0].resources?.limits?.["memory"], "2432Mi");
    assertShown("Executors are OOMKilled: exit code 137", {
      driver: jobs.kubelet.log(driver.metadata.name),
      describe: await jobs.describe(executor),
    });
  });

  it("runs to its result with the shipped policies, which raise the overhead in its conf", async () => {
    await jobs.protect({ sets: ["baseline"] });
    const job = "with";
    await submit(job);
    const driver = await jobs.driver({ job });
    await jobs.printed(driver, /^RESULT 999000$/m);
    await jobs.succeeded(driver);
    const executors = await jobs.executors({ job });
    assert.deepEqual(
      executors.map(({ spec }) => spec.containers[0].resources?.limits?.["memory"]),
      ["2867Mi"],
    );
  });
});
