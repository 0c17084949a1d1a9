// A real job whose executors come and go while Sparkgate is away, cannot load its policies, has one that fails and has a rollout
// raised: it ends well, asks for no executor twice, and where it began to run it stays. Drivers of other jobs meanwhile are refused, or
// let in and counted. Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import type { Pod as SparkPod } from "../../src/kubernetes/pod.ts";
import { patchTypes } from "./api-client.ts";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import type { Pod } from "./pod.ts";
import { POD_POSTS, type PodPost, podPosts } from "./pod-posts.ts";
import { until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { createPod, driverPod, executorPod, refusalOf } from "./spark-pods.ts";
import { SPARK, sparkSubmit, START_FAST } from "./spark-submit.ts";
import { ROOT } from "./sparkgate-process.ts";
import { type Policies, SuccessiveSparkgate } from "./successive-sparkgate.ts";
import { countFailedOpen } from "./webhook-configuration.ts";

const CAPACITY_TYPE = "karpenter.sh/capacity-type";
const OUTAGE_MS = 60_000;
/** In all, and as many at least in each state of Sparkgate. */
const EXECUTORS = 40;
const EXECUTORS_EACH = 8;
/** At a time, those that wait for a node too. */
const MOST_EXECUTORS = 4;
const TIMEOUT_MS = 600_000;
const CREATED = 201;
/** Spark's client tries a 5xx again three times (SparkKubernetesClientFactory, fabric8's StandardHttpClient). */
const SUBMISSION_ATTEMPTS = [500, 500, 500, 500];
const EXECUTORS_WEBHOOK = "executors.pods.sparkgate.io";
/** That are called when spark-submit makes a driver. */
const DRIVER_WEBHOOKS = [
  "drivers.pods.sparkgate.io",
  "final-drivers.pods.sparkgate.io",
  "driver-conf.sparkgate.io",
];
/** What a burst of jobs/bursts.py adds up: 0 to 7. */
const BURST = 28;

const CONF = {
  "spark.dynamicAllocation.enabled": "true",
  "spark.dynamicAllocation.maxExecutors": String(MOST_EXECUTORS),
  "spark.dynamicAllocation.executorIdleTimeout": "1s",
  "spark.kubernetes.executor.request.cores": "0.5",
  "spark.driver.extraJavaOptions": START_FAST,
  "spark.executor.extraJavaOptions": START_FAST,
};

/** On spot; once the rollout has come to an application, on demand. */
const policiesAt = (percent: number): Policies => ({
  driver: { mode: "Enforce", match: { roles: ["driver"] }, placement: { capacity: "on-demand" } },
  spot: { mode: "Enforce", match: { roles: ["executor"] }, placement: { capacity: "spot" } },
  "on-demand-next": {
    ...{ mode: "Enforce", rollout: { percent }, priority: 1 },
    ...{ match: { roles: ["executor"] }, placement: { capacity: "on-demand" } },
  },
});
const DOES_NOT_LOAD: Policies = { typo: { placment: { capacity: "spot" } } };
/** Pods without a priority class are none that it can judge. */
const FAILS: Policies = {
  "no-urgent-jobs": {
    ...{ mode: "Enforce", onError: "Deny" },
    deny: { when: 'object.spec.priorityClassName == "urgent"', message: "not for Spark" },
  },
};

describe("a job with dynamic allocation", { skip: cannotRunPods }, () => {
  let jobs: JobCluster;
  let sparkgate: SuccessiveSparkgate;
  let stopWatch: () => void;
  /** By name, as last seen: Spark deletes executors that have ended. */
  const seen = new Map<string, Pod>();

  before(async () => {
    jobs = await startJobCluster({
      line: "3.5",
      nodes: [
        // Room for two executors, and beside the driver for another one. The others wait until they are no longer needed.
        { name: "spot", labels: { [CAPACITY_TYPE]: "spot" }, capacity: { cpu: "1" } },
        { name: "on-demand", labels: { [CAPACITY_TYPE]: "on-demand" }, capacity: { cpu: "1.5" } },
      ],
      files: { "etl.py": readFileSync(join(import.meta.dirname, "jobs/bursts.py"), "utf8") },
      auditPolicy: POD_POSTS,
    });
    const { cluster } = jobs;
    sparkgate = await SuccessiveSparkgate.start(cluster, policiesAt(0));
    const path = `/api/v1/namespaces/${SPARK}/pods`;
    const { metadata } = (await cluster.api("GET", path)) as Pod;
    stopWatch = cluster.watch(path, metadata.resourceVersion ?? "", ({ type, object }) => {
      if (type !== "ERROR") seen.set(object.metadata.name, object as Pod);
    }).stop;
    await jobs.submit({ name: "bursts", conf: CONF });
    await untilExecutors(EXECUTORS_EACH);
  });

  afterEach((test) => {
    jobs.cluster.keepIfFailed(test);
  });

  after(async () => {
    stopWatch();
    await sparkgate.stop();
    await jobs.stop();
  });

  const postsOf = (job: string): readonly PodPost[] =>
    podPosts(jobs.cluster).filter(({ name }) => name.startsWith(`${job}-`));

  const executorPosts = () => postsOf("bursts").filter(({ name }) => /-exec-\d+$/.test(name));

  const untilExecutors = (count: number) =>
    until(`the job has asked for ${count} executors`, () => executorPosts().length >= count, {
      timeoutMs: TIMEOUT_MS,
    });

  const moreExecutors = () => untilExecutors(executorPosts().length + EXECUTORS_EACH);

  it("goes on for a minute without Sparkgate, while other jobs' drivers are refused, or let in and counted", async () => {
    await sparkgate.stop();
    const over = sleep(OUTAGE_MS);
    await assert.rejects(sparkgate.serve(DOES_NOT_LOAD), /ended with exit code 2/);

    const { cluster, account, sparkHome } = jobs;
    const refused = await sparkSubmit(cluster, account, { sparkHome, name: "refused" });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /failed calling webhook \\?"drivers\.pods\.sparkgate\.io\\?"/);
    assert.deepEqual(
      postsOf("refused").map(({ code }) => code),
      SUBMISSION_ATTEMPTS,
    );

    await setFailurePolicy("Ignore");
    await until(
      "drivers are let in",
      async () => (await refusalOf(jobs.cluster, SPARK, driverPod())) === undefined,
    );
    const before = await failedOpen();
    const conf = { "spark.kubernetes.driver.node.selector.runs": "nowhere" };
    await jobs.submit({ name: "unjudged", conf });
    assert.deepEqual(
      await failedOpen(),
      before.map((count) => count + 1),
    );
    assert.deepEqual(postsOf("unjudged")[0]?.failedOpen, DRIVER_WEBHOOKS.slice(0, 2));
    await setFailurePolicy("Fail");
    await moreExecutors();
    await over;
  });

  it("is not stopped by a policy that fails, which keeps other jobs' drivers out", async () => {
    await sparkgate.serve({ ...policiesAt(0), ...FAILS });
    assert.match((await refusalOf(jobs.cluster, SPARK, driverPod())) ?? "", /Not your job's fault/);
    await moreExecutors();
    const metrics = await sparkgate.metrics();
    const [, failures] =
      /^sparkgate_policy_errors_total\{policy="no-urgent-jobs",outcome="allowed"\} (\d+)$/m.exec(
        metrics,
      ) ?? [];
    assert.ok(Number(failures) >= EXECUTORS_EACH, metrics);
  });

  it("stays what it was when a rollout is raised, which other jobs follow", async () => {
    await sparkgate.serve(policiesAt(100));
    const other = await createPod(jobs.cluster, SPARK, executorPod(1));
    assert.deepEqual(capacitiesOf(other), ["on-demand"]);
    await moreExecutors();
    await untilExecutors(EXECUTORS);
  });

  it("ends well, with the right result", async () => {
    writeFileSync(join(jobs.applications, "enough"), "");
    await jobs.succeeded(await driverOfJob());
    const { bursts, total } = await result();
    assert.equal(total, bursts * BURST);
  });

  it("asked for each executor once, and for no more than its bursts need", async () => {
    const posts = executorPosts();
    assert.deepEqual(
      posts.map(({ name, code }) => [name.slice(name.lastIndexOf("-") + 1), code]),
      posts.map((_post, index) => [String(index + 1), CREATED]),
    );
    // One that went when there was nothing left for it, and then there was, is asked for anew.
    const bound = (MOST_EXECUTORS + 1) * (await result()).bursts;
    assert.ok(posts.length <= bound, `${posts.length} executors, ${bound} at most`);
  });

  it("ran on spot as it began, but for executors that nobody judged, which the audit log and a metric tell", async () => {
    const away = new Set(
      executorPosts()
        .filter(({ failedOpen }) => failedOpen.includes(EXECUTORS_WEBHOOK))
        .map(({ name }) => name),
    );
    assert.equal(await countFailedOpen(jobs.cluster, EXECUTORS_WEBHOOK), away.size);
    assert.ok(away.size >= EXECUTORS_EACH);
    for (const { name } of executorPosts()) {
      const pod = seen.get(name);
      assert.ok(pod !== undefined, name);
      const { annotations = {} } = pod.metadata;
      // Spark puts it there, whoever is away.
      assert.match(annotations["sparkgate.io/app"] ?? "", /"rollouts":\{"on-demand-next":0\}/);
      assert.equal("sparkgate.io/applied" in annotations, !away.has(name), name);
      assert.deepEqual(capacitiesOf(pod), away.has(name) ? [] : ["spot"], name);
      if (!away.has(name)) assert.ok([undefined, "spot"].includes(pod.spec.nodeName), name);
    }
  });

  const driverOfJob = () => jobs.driver({ "spark-app-name": "bursts" });

  async function result(): Promise<{ bursts: number; total: number }> {
    const [, bursts, total] = await jobs.printed(await driverOfJob(), /^RESULT (\d+) (\d+)$/m);
    return { bursts: Number(bursts), total: Number(total) };
  }

  const failedOpen = () =>
    Promise.all(DRIVER_WEBHOOKS.map((webhook) => countFailedOpen(jobs.cluster, webhook)));

  /** As day-one.yaml has it, or the other way. */
  async function setFailurePolicy(failurePolicy: "Fail" | "Ignore"): Promise<void> {
    const file = join(ROOT, "manifests/day-one.yaml");
    for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
      const { kind, webhooks } = document.toJS() as {
        kind: string;
        webhooks: readonly { name: string }[];
      };
      const path = `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s/sparkgate`;
      const patch = { webhooks: webhooks.map(({ name }) => ({ name, failurePolicy })) };
      await jobs.cluster.api("PATCH", path, patch, patchTypes.strategic);
    }
  }
});

/** To which it is bound by its affinity. */
function capacitiesOf(pod: object): readonly string[] {
  const { affinity } = (pod as SparkPod).spec ?? {};
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (required?.nodeSelectorTerms ?? []).flatMap(({ matchExpressions }) =>
    (matchExpressions ?? []).flatMap(({ key, values }) =>
      key === CAPACITY_TYPE ? (values ?? []) : [],
    ),
  );
}
