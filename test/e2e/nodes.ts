import { ApiError, patchTypes } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";

/** A Node without a machine. */
export interface FakeNode {
  name: string;
  labels?: Record<string, string>;
  taints?: { key: string; value?: string; effect: string }[];
  /** Replaces single entries of the default capacity, which is roomy. */
  capacity?: Record<string, string>;
}

/** Nodes which are kept Ready. */
export interface RunningNodes {
  readonly names: readonly string[];
  /** No longer renews one: its Node is to be deleted, or to be lost to the cluster after 40 s. */
  forget(name: string): void;
  /** No longer renews them; the Nodes stay and are lost to the cluster after 40 s. */
  stop(): void;
}

const CAPACITY = { cpu: "16", memory: "64Gi", pods: "110", "ephemeral-storage": "300Gi" };
/** As of a real kubelet: the node lifecycle controller taints a node whose lease is older. */
const LEASE_SECONDS = 40;
const RENEW_EVERY_MS = 10_000;
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const HTTP_NOT_FOUND = 404;

/** Creates Nodes and renews their leases and Ready conditions, as their kubelets would. */
export async function startNodes(
  cluster: Cluster,
  nodes: readonly FakeNode[],
): Promise<RunningNodes> {
  const since = new Date().toISOString();
  const names = nodes.map((node) => node.name);
  await Promise.all(
    nodes.map(async (node) => {
      await cluster.api("POST", "/api/v1/nodes", nodeObject(node));
      await renew(cluster, node.name, since);
    }),
  );
  const renewed = new Set(names);
  const timer = setInterval(() => {
    for (const name of renewed) {
      renew(cluster, name, since).catch((error: unknown) => {
        if (!renewed.has(name)) return;
        process.stderr.write(`node ${name}: ${String(error)}\n`);
      });
    }
  }, RENEW_EVERY_MS);
  timer.unref();
  return {
    names,
    forget(name) {
      renewed.delete(name);
    },
    stop() {
      clearInterval(timer);
    },
  };
}

function nodeObject({ name, labels, taints = [], capacity }: FakeNode): object {
  const resources = { ...CAPACITY, ...capacity };
  const standardLabels = {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
  };
  return {
    metadata: { name, labels: { ...standardLabels, ...labels } },
    spec: { taints },
    status: { capacity: resources, allocatable: resources },
  };
}

async function renew(cluster: Cluster, name: string, since: string): Promise<void> {
  const now = new Date().toISOString();
  const ready = {
    type: "Ready",
    status: "True",
    reason: "KubeletReady",
    message: "kept by the end-to-end tests",
    lastHeartbeatTime: now,
    lastTransitionTime: since,
  };
  await cluster.api(
    "PATCH",
    `/api/v1/nodes/${name}/status`,
    { status: { conditions: [ready] } },
    patchTypes.strategic,
  );
  const spec = {
    holderIdentity: name,
    leaseDurationSeconds: LEASE_SECONDS,
    renewTime: now.replace("Z", "000Z"), // microseconds, or the API server refuses it
  };
  try {
    await cluster.api("PATCH", `${LEASES}/${name}`, { spec }, patchTypes.merge);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === HTTP_NOT_FOUND)) throw error;
    await cluster.api("POST", LEASES, { metadata: { name }, spec });
  }
}
