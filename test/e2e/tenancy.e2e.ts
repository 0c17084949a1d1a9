// Namespaces that teams share, on the real API server: the set tenancy, with real quotas, labels and spark-submits; one team
// has nodes of its own (docs/cookbook.md).
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { patchTypes } from "./api-client.ts";
import { sparkHome } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { restrictedKubeconfig } from "./restricted-kubeconfig.ts";
import { createPod, driverPod, executorPod, refusalOf } from "./spark-pods.ts";
import { prepareSpark, SPARK, type SparkAccount, sparkSubmit } from "./spark-submit.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";
import { ROOT } from "./sparkgate-process.ts";

const MERGE = patchTypes.merge;
const QUOTAS = `/api/v1/namespaces/${SPARK}/resourcequotas`;

/** The recipe of a team that has nodes of its own, as it stands in the cookbook. */
function poolRecipe(): string {
  const cookbook = readFileSync(join(ROOT, "docs/cookbook.md"), "utf8");
  const blocks = cookbook.matchAll(/^```yaml\n([^]*?)^```$/gm);
  const [recipe] = [...blocks].filter(([, text]) => text?.includes("name: risk-on-its-pool"));
  assert.ok(recipe?.[1] !== undefined);
  return recipe[1];
}

/** A quota for memory takes no Pod that asks for none. */
const SIZED = {
  name: "spark-kubernetes-executor",
  image: "registry.example.com:5000/spark-py:3.5.9-r1",
  args: ["executor"],
  resources: { requests: { memory: "1Gi" } },
};

interface Resourced {
  readonly resources: { readonly requests: Readonly<Record<string, string>> };
}

describe("namespaces that teams share", () => {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let sparkgate: Sparkgate;
  let account: SparkAccount;

  before(async () => {
    cluster = await startCluster({ controllers: true });
    nodes = await startNodes(cluster, [
      { name: "spot", labels: { "karpenter.sh/capacity-type": "spot" } },
      { name: "on-demand", labels: { "karpenter.sh/capacity-type": "on-demand" } },
      {
        name: "risk",
        labels: { "karpenter.sh/capacity-type": "on-demand", "acme.com/pool": "risk" },
        taints: [{ key: "acme.com/pool", value: "risk", effect: "NoSchedule" }],
      },
    ]);
    const recipe = join(cluster.directory, "pool.yaml");
    writeFileSync(recipe, poolRecipe());
    const [port = 0, metricsPort = 0] = await freePorts(2);
    sparkgate = await startSparkgate(cluster, {
      policies: ["baseline", "tenancy", recipe],
      kubeconfig: await restrictedKubeconfig(cluster, cluster.port),
      ...{ port, metricsPort },
    });
    await registerSparkgate(cluster, port);
    account = await prepareSpark(cluster);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    nodes.stop();
    await sparkgate.stop();
    await cluster.stop();
  });

  const submit = (name: string, conf: Readonly<Record<string, string>> = {}) =>
    sparkSubmit(cluster, account, { sparkHome: sparkHome("3.5"), name, conf });

  const driverOf = async (name: string): Promise<Pod | undefined> => {
    const selector = `spark-role%3Ddriver,spark-app-name%3D${name}`;
    const path = `/api/v1/namespaces/${SPARK}/pods?labelSelector=${selector}`;
    return ((await cluster.api("GET", path)) as { items: readonly Pod[] }).items[0];
  };

  it("run no job without a quota: whom to ask is told to who submits", async () => {
    const { code, stdout, stderr } = await submit("boundless", {
      "spark.kubernetes.driver.label.team": "risk",
    });
    assert.equal(code, 1);
    assert.match(
      stdout + stderr,
      /\[namespace-has-quota\] metadata\.namespace: 'spark' has no ResourceQuota for memory\. You cannot fix this in the job: ask the platform team for a ResourceQuota with requests\.memory/,
    );
  });

  it("run one as soon as there is a quota, which counts the Pod as it was admitted", async () => {
    await cluster.api("POST", QUOTAS, {
      metadata: { name: "memory" },
      spec: { hard: { "requests.memory": "20Gi" } },
    });
    await until(
      "the quota is known",
      async () => !/has-quota/.test((await refusalOf(cluster, SPARK, driverPod())) ?? ""),
    );
    const { code, stderr } = await submit("bounded", {
      "spark.kubernetes.driver.label.team": "ads",
    });
    assert.equal(code, 0, stderr);
    const driver = await driverOf("bounded");
    assert.equal(driver?.metadata.labels?.["team"], "ads");
    const [{ resources }] = driver.spec.containers as unknown as readonly [Resourced];
    await until("the quota counts it", async () => {
      const quota = (await cluster.api("GET", `${QUOTAS}/memory`)) as {
        readonly status?: { readonly used?: Readonly<Record<string, string>> };
      };
      return quota.status?.used?.["requests.memory"] === resources.requests["memory"];
    });
  });

  it("are asked whose a job is: by the job, unless the namespace says it", async () => {
    const { code, stdout, stderr } = await submit("nobodys");
    assert.equal(code, 1);
    assert.match(
      stdout + stderr,
      /\[names-its-team\] metadata\.labels\[team\]: is missing\. Fix: --conf spark\.kubernetes\.driver\.label\.team=VALUE/,
    );
    const labels = { labels: { team: "risk", "cost-center": "c-42" } };
    await cluster.api("PATCH", `/api/v1/namespaces/${SPARK}`, { metadata: labels }, MERGE);
    const executor = executorPod(1, { spec: { containers: [SIZED] } });
    const pod = await until("the labels are known", async () => {
      const created = await createPod(cluster, SPARK, executor);
      return created.metadata.labels?.["team"] === "risk" && created;
    });
    assert.equal(pod.metadata.labels?.["cost-center"], "c-42");
  });

  it("run no job as the default ServiceAccount", async () => {
    const { code, stdout, stderr } = await submit("default", {
      "spark.kubernetes.authenticate.driver.serviceAccountName": "default",
    });
    assert.equal(code, 1);
    assert.match(
      stdout + stderr,
      /the job runs as the default ServiceAccount of spark\. Fix: --conf/,
    );
  });

  it("have nodes of their own where a policy says so: the real scheduler puts the job there", async () => {
    const { code, stderr } = await submit("var", {
      "spark.kubernetes.node.selector.karpenter.sh/capacity-type": "spot",
    });
    assert.equal(code, 0, stderr);
    const driver = await until("the driver is bound", async () => {
      const found = await driverOf("var");
      return found?.spec.nodeName !== undefined && found;
    });
    assert.equal(driver.spec.nodeName, "risk");
    assert.equal(driver.metadata.labels?.["team"], "risk");
  });
});
