import { readdirSync } from "node:fs";
import { patchTypes } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import type { RunningNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import type { ProcessKubelet } from "./process-kubelet.ts";

/** What spot nodes are taken from. */
export interface InterruptedCluster {
  readonly cluster: Cluster;
  readonly nodes: RunningNodes;
  readonly kubelet: ProcessKubelet;
}

/** As Karpenter does once it has heard of an interruption (pkg/controllers/node/termination). */
const TAINT = { key: "karpenter.sh/disrupted", effect: "NoSchedule" };
const PODS = "/api/v1/pods?fieldSelector=spec.nodeName%3D";

/**
 * Takes nodes as a cloud takes spot capacity, all at once: they are tainted, their Pods evicted with the grace that is
 * their own, and the machine and its disks are gone when the notice is over, or as soon as it is drained.
 * @returns when the machines are gone
 */
export async function interrupt(
  { cluster, nodes, kubelet }: InterruptedCluster,
  names: readonly string[],
  noticeSeconds: number,
): Promise<void> {
  const deadline = Date.now() + noticeSeconds * 1000;
  await Promise.all(
    names.map(async (node) => {
      const taint = { spec: { taints: [TAINT] } };
      await cluster.api("PATCH", `/api/v1/nodes/${node}`, taint, patchTypes.strategic);
      await Promise.all((await podsOn(cluster, node)).map((pod) => evict(cluster, pod)));
    }),
  );
  await Promise.all(
    names.map(async (node) => {
      await until(`${node} is drained`, async () => (await podsOn(cluster, node)).length === 0, {
        timeoutMs: Math.max(0, deadline - Date.now()),
      }).catch(() => undefined); // the cloud does not wait
      await takeNode({ cluster, nodes, kubelet }, node);
    }),
  );
}

async function takeNode({ cluster, nodes, kubelet }: InterruptedCluster, node: string) {
  nodes.forget(node);
  await kubelet.takeNode(node);
  await cluster.api("DELETE", `/api/v1/nodes/${node}`);
}

async function podsOn(cluster: Cluster, node: string): Promise<readonly Pod[]> {
  return ((await cluster.api("GET", PODS + node)) as { readonly items: readonly Pod[] }).items;
}

async function evict(cluster: Cluster, { metadata }: Pod): Promise<void> {
  const { name, namespace = "" } = metadata;
  await cluster.api("POST", `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
    ...{ apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } },
  });
}

/** The shuffle files that lie on a node. */
export function shuffleFiles(kubelet: ProcessKubelet, node: string): readonly string[] {
  return readdirSync(kubelet.nodeFolder(node, "/"), { recursive: true, encoding: "utf8" }).filter(
    (file) => /blockmgr-.*\/shuffle_\d+_\d+_\d+\.data$/.test(file),
  );
}
