// Every recorded Pod of real Spark runs, created once more through the webhook: the real scheduler puts it where the policies
// want it, on nodes that are labelled and tainted as AKS does.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { ApiError, type KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { createPod } from "./spark-pods.ts";
import { prepareSpark, SPARK } from "./spark-submit.ts";
import { type Sparkgate, startProtectedCluster } from "./sparkgate.ts";

const RECORDED = join(import.meta.dirname, "../golden/recorded");
const SPOT = "kubernetes.azure.com/scalesetpriority";
const ROOMY = { cpu: "500", memory: "2000Gi", pods: "500" };

interface Recording {
  readonly scenario: string;
  readonly pod: KubernetesObject;
}

const recordings: readonly Recording[] = readdirSync(RECORDED, {
  recursive: true,
  encoding: "utf8",
})
  .filter((file) => file.endsWith(".json"))
  .toSorted()
  .map((file) => {
    const text = readFileSync(join(RECORDED, file), "utf8");
    const { object } = (JSON.parse(text) as { request: { object: KubernetesObject } }).request;
    const name = file.replace(/\.json$/, "").replaceAll(/[^a-z0-9]+/g, "-");
    // Without its owner, which the garbage collector would look for in vain and then delete the Pod.
    const { labels = {}, annotations = {} } = object.metadata;
    return {
      scenario: file,
      pod: { ...object, metadata: { name, namespace: SPARK, labels, annotations } },
    };
  });

/** Where a Pod must run: executors by their number, counted from 1; of a Deployment's Pod nobody knows it. */
function expectedNode({ metadata }: KubernetesObject): "spot" | "regular" {
  const { labels = {} } = metadata;
  if (labels["spark-role"] !== "executor") return "regular";
  const id = Number(labels["spark-exec-id"] ?? "");
  const ordinal = labels["apps.kubernetes.io/pod-index"];
  const number = Number.isNaN(id) ? Number(ordinal ?? 0) + (ordinal === undefined ? 0 : 1) : id;
  return number > 0 && number % 5 === 0 ? "regular" : "spot";
}

/** Why a recording is not let in. */
function expectedRefusal({ scenario, pod }: Recording): RegExp | undefined {
  if (scenario.includes("latest")) return /\[pin-images\]/;
  const { nodeName } = pod["spec"] as { nodeName?: string };
  return nodeName === undefined ? undefined : /spec\.nodeName.*goes around the scheduler/;
}

const localVolumes = (pod: KubernetesObject) =>
  (pod as Pod).spec.volumes?.filter(({ name }) => name.startsWith("spark-local-dir-"));

/** An executor without any local dir gets one, on the disk of its node; all others keep what they have. */
function expectedVolumes(pod: KubernetesObject): unknown {
  const own = localVolumes(pod);
  const isExecutor = pod.metadata.labels?.["spark-role"] === "executor";
  return own?.length === 0 && isExecutor ? [{ name: "spark-local-dir-1", emptyDir: {} }] : own;
}

describe("recorded Spark Pods", () => {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let sparkgate: Sparkgate;

  before(async () => {
    ({ cluster, sparkgate } = await startProtectedCluster({
      ...{ controllers: true, policies: "baseline", platform: "aks" },
    }));
    const zone = { "topology.kubernetes.io/zone": "eu-central-1a" };
    // The label that one recording selects by is not one of this platform's: it must be left to the job.
    const own = { "karpenter.sh/capacity-type": "on-demand" };
    nodes = await startNodes(cluster, [
      {
        name: "spot",
        labels: { [SPOT]: "spot", "kubernetes.azure.com/priority": "spot", ...zone, ...own },
        taints: [{ key: SPOT, value: "spot", effect: "NoSchedule" }],
        capacity: ROOMY,
      },
      {
        name: "regular",
        labels: { "kubernetes.azure.com/priority": "regular", ...zone, ...own },
        capacity: ROOMY,
      },
    ]);
    await prepareSpark(cluster);
    await cluster.api("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {
      ...{ metadata: { name: "spark-high" }, value: 1000 },
    });
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    nodes.stop();
    await sparkgate.stop();
    await cluster.stop();
  });

  it("are there in every shape", () => {
    assert.ok(recordings.length > 40, `${recordings.length} recordings`);
  });

  for (const recording of recordings) {
    const { scenario, pod } = recording;
    const refusal = expectedRefusal(recording);
    if (refusal !== undefined) {
      it(`${scenario}: refused`, async () => {
        const created = createPod(cluster, SPARK, pod, { dryRun: false });
        await assert.rejects(
          created,
          (error) => error instanceof ApiError && refusal.test(error.message),
        );
      });
      continue;
    }
    it(`${scenario}: runs on ${expectedNode(pod)}, its volumes as Spark made them`, async () => {
      const created = await createPod(cluster, SPARK, pod, { dryRun: false });
      assert.deepEqual(localVolumes(created), expectedVolumes(pod));
      const path = `/api/v1/namespaces/${SPARK}/pods/${pod.metadata.name}`;
      const judged = await until("the scheduler has judged it", async () => {
        const { spec, status } = (await cluster.api("GET", path)) as Pod & {
          status: { conditions?: readonly { type: string; message?: string }[] };
        };
        const message = status.conditions?.find(({ type }) => type === "PodScheduled")?.message;
        return spec.nodeName ?? message;
      });
      const claims = localVolumes(pod)?.some((volume) => "persistentVolumeClaim" in volume);
      // Spark makes the claim after the Pod; here nobody does.
      if (claims === true) assert.match(judged, /persistentvolumeclaim .* not found/);
      else assert.equal(judged, expectedNode(pod));
    });
  }
});
