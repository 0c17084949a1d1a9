import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Cluster } from "../cluster.ts";
import type { Pod, Volume } from "../pod.ts";
import { until } from "../polling.ts";
import { requestToken } from "../spark-submit.ts";

/** The process kubelet's own folder and what it serves from it. */
export interface KubeletContext {
  cluster: Cluster;
  /** Holds a folder for each Pod (`pods/`) and for each node's disks (`node/`). */
  root: string;
  /** The installed Spark that stands in for the image's `/opt/spark`. */
  sparkHome: string;
  /** The folder which every Pod sees as `/opt/app`. */
  applications: string;
}

/** Fills a folder with what a volume of a Pod has, and answers its path. */
export async function prepareVolume(
  context: KubeletContext,
  pod: Pod,
  volume: Volume,
): Promise<string> {
  if (volume.hostPath) return hostFolder(context, pod, volume.hostPath);
  const directory = join(podFolder(context, pod), "volumes", volume.name);
  mkdirSync(directory, { recursive: true });
  if (volume.emptyDir) chmodSync(directory, 0o777);
  else if (volume.configMap) await writeConfigMap(context, pod, volume.configMap, directory);
  else if (volume.projected) await writeServiceAccount(context, pod, directory);
  else throw new Error(`volume ${volume.name} is of a kind that the process kubelet lacks`);
  return directory;
}

/** The folder of one Pod: its volumes, its script and its log. */
export function podFolder(context: KubeletContext, pod: Pod): string {
  return join(context.root, "pods", pod.metadata.name);
}

/** The folder which stands for a path on a node's own disk. */
export function nodeFolder(context: KubeletContext, node: string, path: string): string {
  return join(context.root, "node", node, path);
}

function hostFolder(
  context: KubeletContext,
  pod: Pod,
  { path, type }: NonNullable<Volume["hostPath"]>,
): string {
  const directory = nodeFolder(context, pod.spec.nodeName ?? "", path);
  if (type === "Directory" && !existsSync(directory)) {
    throw new Error(`hostPath type check failed: ${path} is not a directory`);
  }
  mkdirSync(directory, { recursive: true }); // root's with mode 0755, as the real kubelet makes it
  return directory;
}

async function writeConfigMap(
  { cluster }: KubeletContext,
  pod: Pod,
  { name, items }: NonNullable<Volume["configMap"]>,
  directory: string,
): Promise<void> {
  const path = `/api/v1/namespaces/${pod.metadata.namespace ?? ""}/configmaps/${name}`;
  // As the real kubelet, wait for it: Spark creates it after the Pod.
  const map = await until(`ConfigMap ${name}`, () => cluster.api("GET", path));
  const { data = {} } = map as { data?: Record<string, string> };
  const files = items ?? Object.keys(data).map((key) => ({ key, path: key }));
  for (const file of files) {
    const target = join(directory, file.path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, data[file.key] ?? "");
  }
}

async function writeServiceAccount(
  { cluster }: KubeletContext,
  pod: Pod,
  directory: string,
): Promise<void> {
  const { namespace = "" } = pod.metadata;
  const token = await requestToken(cluster, namespace, pod.spec.serviceAccountName ?? "default");
  writeFileSync(join(directory, "token"), token);
  copyFileSync(cluster.certificates.ca, join(directory, "ca.crt"));
  writeFileSync(join(directory, "namespace"), namespace);
}
