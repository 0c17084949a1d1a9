// Executors of real jobs that a policy refuses (`denyExecutors`): who says so, what Spark does, and that the job ends by itself once
// the policy is mended. Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { SparkLine } from "./assets.ts";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import type { Pod } from "./pod.ts";
import { POD_POSTS, podPosts } from "./pod-posts.ts";
import { until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { SPARK } from "./spark-submit.ts";
import { type Policies, SuccessiveSparkgate } from "./successive-sparkgate.ts";

const TIMEOUT_MS = 300_000;
const UNPROCESSABLE = 422;
/** Enough to see how Spark goes about it. */
const REFUSALS = 5;

/** Spark's allocator gives up a round at the first failure (ExecutorPodsAllocator.requestNewExecutors). */
const REFUSED_ROUND =
  "WARN ExecutorPodsSnapshotsStoreImpl: Exception when notifying snapshot subscriber";

const only = (registry: string): Policies => ({
  "our-registry": {
    ...{ mode: "Enforce", denyExecutors: true, match: { roles: ["executor"], surfaces: ["pod"] } },
    images: { registries: [registry] },
  },
});
const APPROVED_ONCE = only("registry.example.com:5000");
const APPROVED_NOW = only("registry.example.com:5000/approved");

describe("executors of Spark 3.5 that are refused in mid-job", { skip: cannotRunPods }, () => {
  suite("3.5", APPROVED_ONCE, async ({ jobs, sparkgate, driver }) => {
    await jobs.printed(driver, /^FIRST HALF 124750$/m);
    await sparkgate.serve(APPROVED_NOW);
    // As spot nodes go: what comes in their place is judged by the new list.
    await jobs.cluster.api(
      "DELETE",
      `/api/v1/namespaces/${SPARK}/pods?labelSelector=spark-role%3Dexecutor&gracePeriodSeconds=0`,
    );
    writeFileSync(join(jobs.applications, "go-on"), "");
  });
});

describe(
  "executors of Spark 4.1 that are refused from the beginning",
  { skip: cannotRunPods },
  () => {
    suite("4.1", APPROVED_NOW, async ({ jobs, driver }) => {
      writeFileSync(join(jobs.applications, "go-on"), "");
      await jobs.printed(
        driver,
        /WARN TaskSchedulerImpl: Initial job has not accepted any resources/,
      );
    });
  },
);

interface Running {
  readonly jobs: JobCluster;
  readonly sparkgate: SuccessiveSparkgate;
  readonly driver: Pod;
}

/** @param refuse waits until the job has come to where its executors are to be refused, and sees to it */
function suite(line: SparkLine, policies: Policies, refuse: (running: Running) => Promise<void>) {
  let jobs: JobCluster;
  let sparkgate: SuccessiveSparkgate;
  let driver: Pod;

  before(async () => {
    jobs = await startJobCluster({
      ...{ line, nodes: [{ name: "node" }], auditPolicy: POD_POSTS },
      files: { "etl.py": readFileSync(join(import.meta.dirname, "jobs/two-halves.py"), "utf8") },
    });
    sparkgate = await SuccessiveSparkgate.start(jobs.cluster, policies);
    const conf = { "spark.kubernetes.executor.request.cores": "0.5" };
    await jobs.submit({ name: "halves", conf });
    driver = await jobs.driver();
    await refuse({ jobs, sparkgate, driver });
    await until("executors are refused", () => refused().length >= REFUSALS, {
      timeoutMs: TIMEOUT_MS,
    });
  });

  afterEach((test) => {
    jobs.cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    await jobs.stop();
  });

  const refused = () => podPosts(jobs.cluster).filter(({ code }) => code === UNPROCESSABLE);

  const driverLog = () => jobs.kubelet.log(driver.metadata.name);

  it("are told in the driver's log, with the policy, while the job waits", async () => {
    const log = driverLog();
    assert.ok(log.includes(REFUSED_ROUND), log);
    assert.match(
      log,
      /admission webhook \\?"executors\.pods\.sparkgate\.io\\?" denied the request: Sparkgate refused executor Pod halves-\S+-exec-\d+: 1 problem \(policy, not RBAC\)\. \(1\) \[our-registry\] /,
    );
    assert.equal((await jobs.driver()).status?.phase, "Running");
  });

  it("are told by Sparkgate's metric and log, and by the API server's audit log", async () => {
    const posts = refused();
    const metrics = await sparkgate.metrics();
    const [, denials] =
      /^sparkgate_executor_denials_total\{policy="our-registry"\} (\d+)$/m.exec(metrics) ?? [];
    assert.ok(Number(denials) >= posts.length, metrics);
    const logged = readFileSync(join(jobs.cluster.directory, "sparkgate.log"), "utf8");
    for (const { name, refusedBy } of posts) {
      assert.deepEqual(refusedBy, ["our-registry"]);
      const line = logged.split("\n").find((each) => each.includes(`"name":"${name}"`));
      assert.match(line ?? "", /"policies":\["our-registry"\],"msg":"denied"/);
    }
  });

  it("come once the policy is mended, and the job ends by itself with the right result", async () => {
    await sparkgate.serve(APPROVED_ONCE);
    await jobs.printed(driver, /^RESULT 499500$/m);
    await jobs.succeeded(driver);
  });

  it("were asked for one in each round, under another name each, though two were missing", () => {
    const names = refused().map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.equal(driverLog().split(REFUSED_ROUND).length - 1, names.length);
  });
}
