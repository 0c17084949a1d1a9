import assert from "node:assert/strict";
import { parseAllDocuments, stringify } from "yaml";
import type { KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { createDriver, createFinished, DAY, DRIVER_CASES } from "./finished-pods.ts";
import { contentKubectl, copyInstallation } from "./installation.ts";
import { driverPod, executorPod } from "./spark-pods.ts";

export const NAMESPACES = ["team-a", "team-b", "team-c"] as const;
export const DRIVERS = 500;

/** How much later than now the sweeps of these Pods are. */
export const LATER = 30 * DAY;

/** As the sets of these tests have it. */
export const nameOf = ({ namespace, name }: { namespace: string; name: string }) =>
  `${namespace}/${name}`;

/** Applies what the component manifests/sweep adds, and nothing else of the installation. */
export async function installSweep(cluster: Cluster): Promise<void> {
  const installation = copyInstallation(cluster, "installation");
  await installation.certs();
  const rendered = async () =>
    parseAllDocuments(await contentKubectl(cluster, ["kustomize", installation.manifests])).map(
      (document) => document.toJS() as KubernetesObject,
    );
  const titleOf = ({ kind = "", metadata }: KubernetesObject) => `${kind} ${metadata.name}`;
  const usual = new Set((await rendered()).map(titleOf));
  installation.edit("manifests/kustomization.yaml", (text) =>
    text.replace("# - sweep\n", "- sweep\n"),
  );
  const added = (await rendered()).filter((object) => !usual.has(titleOf(object)));
  assert.deepEqual(added.map(titleOf).sort(), [
    "ClusterRole sparkgate-sweep",
    "ClusterRoleBinding sparkgate-sweep",
    "CronJob sparkgate-sweep",
    "ServiceAccount sparkgate-sweep",
  ]);
  assert.match(JSON.stringify(added), /"image":"registry\.example\.com\/sparkgate:/);
  await cluster.createNamespace("sparkgate-system");
  const yaml = added.map((object) => stringify(object)).join("---\n");
  await contentKubectl(cluster, ["apply", "--validate=strict", "-f", "-"], yaml);
}

/** 25 of each case, over the namespaces. */
export async function createDrivers(cluster: Cluster, due: Set<string>): Promise<void> {
  const at = Date.now() + LATER;
  const created = Array.from({ length: DRIVERS }, (_none, index) => {
    const one = DRIVER_CASES[index % DRIVER_CASES.length];
    const namespace = NAMESPACES[index % NAMESPACES.length];
    if (one === undefined || namespace === undefined) throw new Error("no case");
    const name = `${one.name}-${index}`;
    if (one.isDue) due.add(`${namespace}/${name}`);
    return createDriver(cluster, namespace, name, one, at);
  });
  await Promise.all(created);
}

/** Pods that no sweep is about: finished for long, all of them. */
export async function createOthers(cluster: Cluster): Promise<void> {
  const status = { phase: "Succeeded" };
  const annotations = { "sparkgate.io/ttl-seconds-after-finished": "0" };
  const nginx = { ...driverPod({ name: "nginx", annotations }) };
  const others: readonly KubernetesObject[] = [
    ...Array.from({ length: 20 }, (_none, index) => executorPod(index, { annotations })),
    { ...nginx, metadata: { ...nginx.metadata, labels: { app: "nginx" } } },
    driverPod({ name: "connect", annotations, labels: { "spark-role": "connect-server" } }),
    driverPod({ name: "role-of-another-case", annotations, labels: { "spark-role": "Driver" } }),
    driverPod({
      name: "placeholder",
      annotations: { ...annotations, "yunikorn.apache.org/placeholder": "true" },
    }),
    driverPod({
      ...{ name: "mirrored", spec: { nodeName: "node-1" } },
      annotations: { ...annotations, "kubernetes.io/config.mirror": "x" },
    }),
  ];
  await Promise.all(others.map((pod) => createFinished(cluster, "team-a", pod, status)));
}

/** `namespace/name` of all Pods that there are. */
export async function podsOf(cluster: Cluster): Promise<ReadonlySet<string>> {
  const { items } = (await cluster.api("GET", "/api/v1/pods")) as {
    items: readonly { metadata: { namespace: string; name: string } }[];
  };
  return new Set(items.map(({ metadata }) => nameOf(metadata)));
}
