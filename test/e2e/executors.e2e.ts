// The ten executors of a real job, as they were recorded, created once more: the real scheduler puts them where
// the policy wants them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { prepareSpark, SPARK } from "./spark-submit.ts";
import { type Sparkgate, startProtectedCluster } from "./sparkgate.ts";

const CAPACITY_TYPE = "karpenter.sh/capacity-type";
const RECORDED = join(import.meta.dirname, "../../src/commands/demo/recorded");
const PODS = `/api/v1/namespaces/${SPARK}/pods`;
const IDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

describe("ten executors, 20% on demand", () => {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let sparkgate: Sparkgate;

  before(async () => {
    ({ cluster, sparkgate } = await startProtectedCluster({
      controllers: true,
      policies: "baseline",
    }));
    nodes = await startNodes(cluster, [
      { name: "spot", labels: { [CAPACITY_TYPE]: "spot" } },
      { name: "on-demand", labels: { [CAPACITY_TYPE]: "on-demand" } },
      { name: "elsewhere" },
    ]);
    await prepareSpark(cluster);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    nodes.stop();
    await sparkgate.stop();
    await cluster.stop();
  });

  it("are bound by the real scheduler: 5 and 10 on demand, the others on spot", async () => {
    for (const id of IDS) await cluster.api("POST", PODS, recordedExecutor(id));
    const bound = await until("all executors are bound", async () => {
      const { items } = (await cluster.api("GET", PODS)) as { items: readonly Pod[] };
      const where = items.map((pod): readonly [number, string | undefined] => [
        Number(pod.metadata.labels?.["spark-exec-id"]),
        pod.spec.nodeName,
      ]);
      return where.length === IDS.length && where.every(([, node]) => node !== undefined) && where;
    });
    assert.deepEqual(
      new Map(bound.toSorted(([a], [b]) => a - b)),
      new Map(IDS.map((id) => [id, id % 5 === 0 ? "on-demand" : "spot"])),
    );
  });
});

/** Without its owner, which the garbage collector would look for in vain and then delete the Pod. */
function recordedExecutor(id: number): KubernetesObject {
  const text = readFileSync(join(RECORDED, `executor-${id}.json`), "utf8");
  const { object } = (JSON.parse(text) as { request: { object: KubernetesObject } }).request;
  const { name, namespace = SPARK, labels = {} } = object.metadata;
  return { ...object, metadata: { name, namespace, labels } };
}
