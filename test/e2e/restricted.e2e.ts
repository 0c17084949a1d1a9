// Real jobs of Spark in a namespace that enforces PodSecurity restricted, with a LimitRange and a ResourceQuota: refused
// without Sparkgate, and with the shipped set they run to their end. Runs Pods as processes: needs root and mount
// namespaces.
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { parseQuantity } from "../../src/kubernetes/quantity.ts";
import type { SparkLine } from "./assets.ts";
import { buildJar } from "./java.ts";
import { type JobCluster, startJobCluster } from "./job-cluster.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { cannotRunPods } from "./process-kubelet.ts";
import { SPARK, sparkSubmit, type Submission } from "./spark-submit.ts";

const CAPACITY_TYPE = "karpenter.sh/capacity-type";
const NAMESPACED = `/api/v1/namespaces/${SPARK}`;

const PYTHON_JOB = `
import os, sys, time
from pyspark.sql import SparkSession
def rights(_=None):
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return " ".join(status[key].split()[0] for key in ("Uid", "NoNewPrivs", "CapBnd"))
spark = SparkSession.builder.getOrCreate()
groups = spark.range(0, 100000, 1, 4).selectExpr("id % 7 as k").groupBy("k").count().collect()
print("GROUPS", len(groups))
print("DRIVER", rights())
print("EXECUTOR", spark.sparkContext.parallelize([0], 1).map(rights).first(), flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.2)
spark.stop()
`;

/** User 185, which may gain no right and have no capability. */
const RIGHTS = "185 1 0000000000000000";

/** A heap of 1 GiB, and Spark's overhead: of the JVM 10%, else 40%, 384 MiB at least (BasicDriverFeatureStep). */
const MEMORY = { jvm: "1408Mi", python: "1433Mi", r: "1433Mi" };

for (const line of ["3.5", "4.1"] as const) {
  describe(`Spark ${line} in a restricted namespace`, { skip: cannotRunPods }, () => {
    inRestrictedNamespace(line);
  });
}

function inRestrictedNamespace(line: SparkLine): void {
  let jobs: JobCluster;

  before(async () => {
    jobs = await startJobCluster({
      line,
      nodes: [
        { name: "spot", labels: { [CAPACITY_TYPE]: "spot" } },
        { name: "on-demand", labels: { [CAPACITY_TYPE]: "on-demand" } },
      ],
      files: { "etl.py": PYTHON_JOB },
      namespaceLabels: { "pod-security.kubernetes.io/enforce": "restricted" },
    });
    const { cluster, applications, sparkHome } = jobs;
    await cluster.api("POST", `${NAMESPACED}/limitranges`, {
      metadata: { name: "defaults" },
      spec: { limits: [{ type: "Container", default: { cpu: "4" } }] },
    });
    await cluster.api("POST", `${NAMESPACED}/resourcequotas`, {
      metadata: { name: "team" },
      spec: {
        hard: {
          ...{ pods: "20", "requests.cpu": "20", "limits.cpu": "40" },
          ...{ "requests.memory": "40Gi", "limits.memory": "40Gi" },
          // Nothing of Spark asks for it: whoever does not is refused by this quota.
          "requests.ephemeral-storage": "100Gi",
        },
      },
    });
    chmodSync(cluster.directory, 0o755); // user 185 reads the job's files
    await buildJar("ShuffleJob", join(sparkHome, "jars"), join(applications, "etl.jar"));
  });

  afterEach(async (test) => {
    jobs.cluster.keepIfFailed(test);
    await jobs.cluster.api("DELETE", `${NAMESPACED}/pods?gracePeriodSeconds=0`);
  });

  after(async () => {
    await jobs.stop();
  });

  const submit = (name: string, file: string, job: Partial<Submission> = {}) =>
    sparkSubmit(jobs.cluster, jobs.account, {
      ...{ sparkHome: jobs.sparkHome, name, application: `local:///opt/app/${file}`, ...job },
      applicationArguments: [`/opt/app/end-${name}`],
      conf: {
        "spark.driver.memory": "1g",
        "spark.executor.memory": "1g",
        "spark.executor.instances": "1",
        "spark.kubernetes.executor.request.cores": "0.5",
        "spark.kubernetes.driver.request.cores": "0.5",
      },
    });

  it("is refused without Sparkgate", async () => {
    const { code, stdout, stderr } = await submit("refused", "etl.py");
    assert.equal(code, 1);
    assert.match(stdout + stderr, /violates PodSecurity \\?"restricted:latest\\?": allowPriv/);
    assert.deepEqual(await jobs.pods(), []);
  });

  it("with it comes in with what is added", async () => {
    const storage = { diskNodes: "Off", ephemeralStorage: { request: "1Gi" } };
    await jobs.protect({
      sets: ["baseline"],
      policies: { "room-for-shuffle": { priority: 1, localDirs: storage } },
    });
    // R itself is not there to run it.
    const { code, stderr } = await submit("r-job", "etl.R");
    assert.equal(code, 0, stderr);
    const driver = await jobs.driver();
    assert.ok(driver.spec.containers[0].args?.includes("org.apache.spark.deploy.RRunner"));
    assertRestricted(driver, MEMORY.r);
  });

  const JOBS = [
    ["python", "etl.py", {}],
    ["jvm", "etl.jar", { mainClass: "ShuffleJob" }],
  ] as const;
  for (const [language, file, job] of JOBS) {
    it(`of ${language} runs to its end, driver and executor, and is counted as it runs`, async () => {
      const name = `${language}-job`;
      const { code, stderr } = await submit(name, file, job);
      assert.equal(code, 0, stderr);
      const driver = await jobs.driver();
      await jobs.printed(driver, /^EXECUTOR .*$/m);
      const log = jobs.kubelet.log(driver.metadata.name);
      assert.match(log, /^GROUPS 7$/m);
      assert.ok(log.includes(`\nDRIVER ${RIGHTS}\n`), log);
      assert.ok(log.includes(`\nEXECUTOR ${RIGHTS}\n`), log);

      const running = await jobs.pods();
      assert.deepEqual(running.map(({ metadata }) => metadata.labels?.["spark-role"]).sort(), [
        "driver",
        "executor",
      ]);
      for (const pod of running) assertRestricted(pod, MEMORY[language]);
      await until("the quota counts what the policies made of them", async () => {
        const { status } = (await jobs.cluster.api("GET", `${NAMESPACED}/resourcequotas/team`)) as {
          status: { used: Readonly<Record<string, string>> };
        };
        return ["requests.memory", "limits.memory", "requests.cpu", "requests.ephemeral-storage"]
          .map((key) => [parseQuantity(status.used[key] ?? ""), sumOf(running, key)])
          .every(([used, asked]) => used === asked);
      });

      writeFileSync(join(jobs.applications, `end-${name}`), "");
      await jobs.succeeded(driver);
    });
  }
}

/** What the policies added to a Pod, and what they left. */
function assertRestricted({ spec, metadata }: Pod, memory: string): void {
  assert.deepEqual(spec.securityContext, {
    ...{ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  });
  const [container] = spec.containers;
  assert.deepEqual(container.securityContext, {
    ...{ runAsUser: 185, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  });
  const { requests, limits } = container.resources ?? {};
  assert.equal(requests?.["memory"], memory);
  assert.equal(limits?.["memory"], memory);
  assert.equal(limits["cpu"], "4", "the LimitRange's");
  assert.equal(requests["ephemeral-storage"], "1Gi", "of localDirs");
  assert.equal(spec.priority, 0, "of the plugin Priority");
  const volume = spec.volumes?.find(({ name }) => name === "spark-local-dir-1");
  assert.deepEqual(volume, { name: "spark-local-dir-1", emptyDir: {} });
  const mount = container.volumeMounts?.find(({ name }) => name === "spark-local-dir-1");
  const dirs = container.env?.find(({ name }) => name === "SPARK_LOCAL_DIRS");
  assert.equal(mount?.mountPath, dirs?.value);
  assert.match(metadata.annotations?.["sparkgate.io/applied"] ?? "", /pass-pod-security/);
}

/** What Pods ask for of one resource, such as `requests.memory`. */
function sumOf(pods: readonly Pod[], key: string): number {
  const [kind = "", ...resource] = key.split(".");
  return pods
    .flatMap(({ spec }) => spec.containers)
    .map(({ resources }) => resources?.[kind as "requests" | "limits"]?.[resource.join(".")])
    .reduce((sum, amount) => sum + (parseQuantity(amount ?? "0") ?? 0), 0);
}
