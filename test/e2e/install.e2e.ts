// manifests/ as an administrator applies it, and Sparkgate run as the Deployment in it says, with the token of its
// ServiceAccount: from nothing to a driver that is refused, and away again.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { Cluster } from "./cluster.ts";
import { startCluster } from "./cluster.ts";
import { assertExpected } from "./expected-output.ts";
import {
  contentKubectl,
  copyInstallation,
  type Installation,
  pointAtThisMachine,
  startDeployed,
} from "./installation.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { sparkgateKubeconfig } from "./restricted-kubeconfig.ts";
import { createPod, driverPod, executorPod, refusalOf } from "./spark-pods.ts";
import { ROOT, type Sparkgate } from "./sparkgate-process.ts";
import { waitUntilCalled } from "./webhook-configuration.ts";

const ZONE = "topology.kubernetes.io/zone";
const CAPACITY = "karpenter.sh/capacity-type";
const ROOMY = { cpu: "1000", memory: "4000Gi" };
const LESS_WANTED = [{ key: "less-wanted", effect: "PreferNoSchedule" }];
/** Left to itself, the scheduler would put both Pods on demand-a, and of the others rather on spot-c. */
const NODES = [
  { name: "demand-a", labels: { [ZONE]: "a", [CAPACITY]: "on-demand" }, capacity: ROOMY },
  { name: "demand-b", labels: { [ZONE]: "b", [CAPACITY]: "on-demand" }, taints: LESS_WANTED },
  {
    name: "spot-c",
    labels: { [ZONE]: "c", [CAPACITY]: "spot" },
    taints: LESS_WANTED,
    capacity: ROOMY,
  },
];
const EXAMPLE = join(ROOT, "docs/examples/driver.yaml");
const PODS = "/api/v1/namespaces/sparkgate-system/pods";
const LATEST = driverPod({ image: "registry.example.com/spark:latest" });

const MY_POLICY = `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata: { name: pin-in-gold }
spec:
  mode: Enforce
  match: { namespaceSelector: { matchLabels: { tier: gold } } }
  images: {}
`;

describe("an installation by hand", () => {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let installation: Installation;
  let sparkgate: Sparkgate | undefined;
  let kubeconfig: string;
  let port = 0;

  before(async () => {
    cluster = await startCluster({ controllers: true });
    nodes = await startNodes(cluster, NODES);
    installation = copyInstallation(cluster, "installation");
    await installation.certs();
    await applied();
    [port = 0] = await freePorts(1);
    await cluster.createNamespace("gold", { tier: "gold" });
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    nodes.stop();
    await sparkgate?.stop();
    await cluster.stop();
  });

  const applied = async () =>
    (await contentKubectl(cluster, ["apply", "-k", installation.manifests])).trimEnd().split("\n");
  const restart = async () => {
    await sparkgate?.stop();
    sparkgate = await startDeployed(cluster, kubeconfig, port);
  };

  it("has two Pods, on nodes of their own, on no spot node", async () => {
    const bound = await until("both Pods have a node", async () => {
      const { items } = (await cluster.api("GET", PODS)) as { items: readonly PodOfOurs[] };
      return items.length === 2 && items.every(({ spec }) => spec.nodeName) && items;
    });
    assert.deepEqual(bound.map(({ spec }) => spec.nodeName).sort(), ["demand-a", "demand-b"]);
    for (const { spec } of bound) {
      assert.equal(spec.priority, 2_000_000_000);
      assert.equal(spec.serviceAccountName, "sparkgate");
    }
  });

  it("is in a namespace that refuses Pods with more rights", async () => {
    const { items } = (await cluster.api("GET", PODS)) as { items: readonly PodOfOurs[] };
    const [pod] = items;
    assert.ok(pod);
    const { containers } = pod.spec;
    const copy = { ...pod, metadata: { name: "copy", namespace: "sparkgate-system" } };
    await cluster.api("POST", `${PODS}?dryRun=All`, copy);
    const [container] = containers;
    const loose = { ...container, securityContext: { readOnlyRootFilesystem: true } };
    await assert.rejects(
      cluster.api("POST", `${PODS}?dryRun=All`, {
        ...copy,
        spec: { ...pod.spec, containers: [loose] },
      }),
      /violates PodSecurity .*restricted/,
    );
  });

  it("runs as its ServiceAccount, which may see namespaces and quotas and nothing else", async () => {
    kubeconfig = await sparkgateKubeconfig(cluster, cluster.port);
    const { code, stdout, stderr } = await cluster.kubectl(
      // Of two --kubeconfig the last one counts.
      ["--kubeconfig", kubeconfig, "auth", "can-i", "--list", "--namespace=gold"],
    );
    assert.equal(code, 0, stderr);
    assertExpected("install/rights.txt", tableOf(stdout));
  });

  it("is called by the API server, which trusts its certificate", async () => {
    await pointAtThisMachine(cluster, installation, port);
    await applied();
    await restart();
    await waitUntilCalled(cluster);
    // It was answered, and not only tried: what failed open would not be counted here.
    await createPod(cluster, "gold", LATEST);
    assert.ok((await answered()) > 0);
  });

  it("refuses and changes nothing on the first day, and counts what it would", async () => {
    // As docs/install.md has it.
    const example = readFileSync(EXAMPLE, "utf8").replace(/^ *namespace:.*\n/m, "");
    await contentKubectl(cluster, ["create", "--dry-run=server", "-f", "-"], example);
    // A dry run would not be counted.
    const pod = { ...LATEST, metadata: { ...LATEST.metadata, name: "stored" } };
    const { metadata, spec } = await createPod(cluster, "gold", pod, { dryRun: false });
    assert.equal(metadata.annotations?.["sparkgate.io/applied"], undefined);
    assert.equal("affinity" in spec, false);
    const metrics = await sparkgate?.get("/metrics");
    const refusals = /findings_total\{policy="pin-images",mode="Audit",action="deny"\} [1-9]/;
    assert.match(metrics ?? "", refusals);
  });

  it("stops no driver on the first day while Sparkgate is away", async () => {
    await sparkgate?.stop();
    sparkgate = undefined;
    assert.equal(await refusalOf(cluster, "gold", LATEST), undefined);
    await restart();
  });

  it("serves a policy of one's own, which asks for labels of namespaces", async () => {
    installation.edit("policies/kustomization.yaml", (text) =>
      text.replace("    files:\n", "    files:\n      - pin-in-gold.yaml\n"),
    );
    installation.edit("policies/pin-in-gold.yaml", () => MY_POLICY);
    const before = await generationOf();
    const lines = await applied();
    assert.ok(lines.includes("deployment.apps/sparkgate configured"), lines.join("\n"));
    assert.equal(await generationOf(), before + 1, "a changed policy starts the replicas anew");
    await restart();
    await until("it is refused", () => refusalOf(cluster, "gold", LATEST));
    assert.match((await refusalOf(cluster, "gold", LATEST)) ?? "", /pin-in-gold/);
    assert.equal(await refusalOf(cluster, "default", LATEST), undefined);
  });

  it("lets no driver in unjudged, and every executor, once day-one.yaml is taken out", async () => {
    installation.edit("manifests/kustomization.yaml", (text) =>
      text.replace("  - path: day-one.yaml\n", "  []\n"),
    );
    await applied();
    await sparkgate?.stop();
    sparkgate = undefined;
    await until("it is refused", () => refusalOf(cluster, "default", driverPod()));
    assert.match(
      (await refusalOf(cluster, "default", driverPod())) ?? "",
      /failed calling webhook.*drivers\.pods/,
    );
    await createPod(cluster, "default", executorPod(1));
  });

  it("is gone in two steps, the registration first, and Spark goes on", async () => {
    const configurations = "mutatingwebhookconfiguration,validatingwebhookconfiguration";
    const first = await cluster.kubectl(["delete", configurations, "sparkgate"]);
    assert.equal(first.code, 0, first.stderr);
    await until(
      "nobody asks for it",
      async () => (await refusalOf(cluster, "gold", LATEST)) === undefined,
    );
    // Without waiting: there is no kubelet here that would end the Pods.
    const { code, stderr } = await cluster.kubectl([
      ...["delete", "--wait=false", "--ignore-not-found", "-k", installation.manifests],
    ]);
    assert.equal(code, 0, stderr);
    const left = await cluster.kubectl([
      ...["get", `clusterrole,clusterrolebinding,${configurations}`, "-o", "name"],
      ...["-l", "app.kubernetes.io/part-of=sparkgate"],
    ]);
    assert.equal(left.stdout, "");
  });

  const generationOf = async () => {
    const path = "/apis/apps/v1/namespaces/sparkgate-system/deployments/sparkgate";
    const { metadata } = (await cluster.api("GET", path)) as { metadata: { generation: number } };
    return metadata.generation;
  };

  const answered = async () =>
    ((await sparkgate?.get("/metrics")) ?? "")
      .split("\n")
      .filter((line) => /^sparkgate_admission_requests_total\{.*role="driver"/.test(line))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
});

type PodOfOurs = Pod & { readonly spec: { readonly priority: number } };

/** Without the blanks that kubectl aligns columns with. */
function tableOf(text: string): string {
  return text.replaceAll(/ {2,}/g, "  ").replaceAll(/ +$/gm, "");
}
