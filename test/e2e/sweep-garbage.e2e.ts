// What goes with a driver that `sparkgate sweep` deletes, by the real garbage collector; what stays; and the Pod of the
// CronJob in the namespace that it runs in.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { KubernetesObject } from "./api-client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { createFinished } from "./finished-pods.ts";
import { contentKubectl, copyInstallation } from "./installation.ts";
import { until } from "./polling.ts";
import { driverPod, executorPod } from "./spark-pods.ts";
import { runSweep, sweepReport } from "./sweep-process.ts";

const CORE = "/api/v1/namespaces/jobs";
const ENDED = { phase: "Succeeded" };

describe("a driver that is swept", () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster({ controllers: true });
    await cluster.createNamespace("jobs");
    const driver = await job("etl", "spark-7f3a", ENDED);
    await create("configmaps", owned("spark-drv-etl-conf-map", driver), { data: {} });
    await create("services", owned("etl-svc", driver), { spec: { clusterIP: "None" } });
    await claim("etl-exec-1-pvc-0", "spark-7f3a", driver);
    await claim("etl-exec-2-pvc-0", "spark-7f3a");
    // Beside it: one that runs, with all that it owns.
    const other = await job("live", "spark-1111", { phase: "Running" });
    await create("configmaps", owned("spark-drv-live-conf-map", other), { data: {} });
    await claim("live-exec-1-pvc-0", "spark-1111");
    // A notebook's Pod has none of Spark's labels, and owns what its executors use.
    await create("pods", { name: "notebook" }, { spec: driverPod()["spec"] });
    const notebook = (await cluster.api("GET", `${CORE}/pods/notebook`)) as KubernetesObject;
    await claim("notebook-exec-1-pvc-0", "spark-2222", notebook);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(() => cluster.stop());

  const create = (kind: string, metadata: object, rest: object) =>
    cluster.api("POST", `${CORE}/${kind}`, { metadata, ...rest });

  /** A driver with an executor of its own. */
  const job = async (name: string, application: string, status: object) => {
    const labels = { "spark-app-selector": application };
    await createFinished(cluster, "jobs", driverPod({ name: `${name}-driver`, labels }), status);
    const path = `${CORE}/pods/${name}-driver`;
    const driver = (await cluster.api("GET", path)) as KubernetesObject;
    const pod = executorPod(1, { name: `${name}-exec-1`, labels });
    const { ownerReferences } = owned("", driver);
    await createFinished(
      cluster,
      "jobs",
      { ...pod, metadata: { ...pod.metadata, ...{ ownerReferences } } },
      status,
    );
    return driver;
  };

  const claim = (name: string, application: string, driver?: KubernetesObject) => {
    const labels = { "spark-app-selector": application };
    const metadata = driver === undefined ? { name } : owned(name, driver);
    const resources = { requests: { storage: "500Gi" } };
    const spec = { accessModes: ["ReadWriteOnce"], resources };
    return create("persistentvolumeclaims", { ...metadata, labels }, { spec });
  };

  const left = async () => {
    const kinds = ["pods", "configmaps", "services", "persistentvolumeclaims"];
    const lists = await Promise.all(kinds.map((kind) => cluster.api("GET", `${CORE}/${kind}`)));
    return lists
      .flatMap((list) => (list as { items: readonly KubernetesObject[] }).items)
      .map(({ metadata }) => metadata.name)
      .filter((name) => name !== "kube-root-ca.crt")
      .sort();
  };

  const OTHERS = [
    ...["live-driver", "live-exec-1", "live-exec-1-pvc-0", "notebook", "notebook-exec-1-pvc-0"],
    "spark-drv-live-conf-map",
  ];

  it("takes executors, ConfigMap, Service and its claims with it, and nothing else", async () => {
    const args = ["-n", "jobs", "--older-than", "0s", "--delete"];
    const { code, stdout } = await runSweep(args, { kubeconfig: cluster.kubeconfig });
    assert.equal(code, 0);
    assert.match(stdout, /^deleted +jobs +etl-driver /m);
    // Named, and there afterwards: who swept does not know what is in it.
    assert.match(stdout, /^ {2}jobs\/etl-exec-2-pvc-0 +500Gi +spark-7f3a +no owner$/m);
    const wanted = [...OTHERS, "etl-exec-2-pvc-0"].sort();
    await until("the garbage collector is done", async () => {
      const names = await left();
      return JSON.stringify(names) === JSON.stringify(wanted) && names;
    });
  });

  it("leaves claims that no sweep deletes, and that each one names", async () => {
    const { report, code } = await sweepReport(["-A", "--older-than", "0s", "--delete"], {
      kubeconfig: cluster.kubeconfig,
    });
    assert.equal(code, 0);
    assert.deepEqual(report.drivers, []);
    assert.deepEqual(
      report.claims.map(({ name, why }) => `${name}: ${why}`),
      ["etl-exec-2-pvc-0: no owner"],
    );
    assert.deepEqual(await left(), [...OTHERS, "etl-exec-2-pvc-0"].sort());
  });

  it("is swept by a CronJob whose Pod the restricted namespace takes", async () => {
    const installation = copyInstallation(cluster, "installation");
    await installation.certs();
    installation.edit("manifests/kustomization.yaml", (text) =>
      text.replace("# - sweep\n", "- sweep\n"),
    );
    await contentKubectl(cluster, ["apply", "--validate=strict", "-k", installation.manifests]);
    const namespace = ["-n", "sparkgate-system"];
    await contentKubectl(cluster, [
      ...["create", "job", "now", "--from=cronjob/sparkgate-sweep", ...namespace],
    ]);
    const selector = "app.kubernetes.io%2Fname%3Dsparkgate-sweep";
    const pods = `/api/v1/namespaces/sparkgate-system/pods?labelSelector=${selector}`;
    const pod = await until("its Pod is there", async () => {
      const { items } = (await cluster.api("GET", pods)) as { items: readonly KubernetesObject[] };
      return items[0];
    });
    const { serviceAccountName } = pod["spec"] as { serviceAccountName: string };
    assert.equal(serviceAccountName, "sparkgate-sweep");
    // Not one of those that the Service sends reviews to.
    const service = await contentKubectl(cluster, [
      ...["get", "service", "sparkgate", ...namespace, "-o", "jsonpath={.spec.selector}"],
    ]);
    for (const [key, value] of Object.entries(JSON.parse(service) as Record<string, string>)) {
      assert.notEqual(pod.metadata.labels?.[key], value);
    }
  });
});

/** Metadata of what a driver owns, as Spark writes it. */
function owned(name: string, { metadata }: KubernetesObject) {
  const owner = { apiVersion: "v1", kind: "Pod", name: metadata.name, uid: metadata.uid };
  return { name, ownerReferences: [{ ...owner, controller: true }] };
}
