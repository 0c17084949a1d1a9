import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parseQuantity } from "../../../src/kubernetes/quantity.ts";
import type { Cluster } from "../cluster.ts";
import type { Pod, Volume } from "../pod.ts";
import { requestToken } from "../spark-submit.ts";
import { mountTmpfs } from "./disks.ts";

/** The process kubelet's own folder and what it serves from it. */
export interface KubeletContext {
  cluster: Cluster;
  /** Holds logs and scripts of each Pod (`pods/`), and a folder for each node's disk (`node/`). */
  root: string;
  /** The installed Spark that stands in for the image's `/opt/spark`. */
  sparkHome: string;
  /** The folder which every container sees as `/opt/app`. */
  applications: string;
}

const OF_ALL = 0o777;
/** What the kubelet gives a volume's group (pkg/volume/volume_linux.go: rw-rw----, x of folders, setgid). */
const OF_GROUP = 0o2775;

/**
 * Adds a folder for each volume of a Pod that has none yet, with what belongs into it.
 * @throws Error where something is not there yet
 */
export async function prepareVolumes(
  context: KubeletContext,
  pod: Pod,
  folders: Map<string, string>,
): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    if (folders.has(volume.name)) continue;
    folders.set(volume.name, await prepareVolume(context, pod, volume));
  }
}

/** The folder which stands for a path on a node's own disk. */
export function nodeFolder(context: KubeletContext, node: string, path: string): string {
  return join(context.root, "node", node, path);
}

/** Where a Pod's volumes lie on its node, but for those that outlive it. */
export function volumesFolder(context: KubeletContext, { metadata, spec }: Pod): string {
  const path = `/var/lib/kubelet/pods/${metadata.uid ?? ""}/volumes`;
  return nodeFolder(context, spec.nodeName ?? "", path);
}

async function prepareVolume(context: KubeletContext, pod: Pod, volume: Volume): Promise<string> {
  const { name, hostPath, persistentVolumeClaim, ephemeral } = volume;
  if (hostPath) return hostFolder(context, pod, hostPath);
  if (persistentVolumeClaim) return claimFolder(context, pod, persistentVolumeClaim.claimName);
  // The controller manager makes its claim, of this name.
  if (ephemeral) return claimFolder(context, pod, `${pod.metadata.name}-${name}`);
  const directory = join(volumesFolder(context, pod), name);
  mkdirSync(directory, { recursive: true });
  if (volume.emptyDir) makeEmptyDir(pod, volume.emptyDir, directory);
  else if (volume.configMap) await writeConfigMap(context, pod, volume.configMap, directory);
  else if (volume.projected) await writeServiceAccount(context, pod, directory);
  else throw new Error(`volume ${name} is of a kind that the process kubelet lacks`);
  return directory;
}

function makeEmptyDir(
  pod: Pod,
  { medium, sizeLimit }: NonNullable<Volume["emptyDir"]>,
  directory: string,
): void {
  if (medium === "Memory") mountTmpfs(directory, parseQuantity(sizeLimit ?? ""));
  chmodSync(directory, OF_ALL);
  giveToGroup(pod, directory);
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

/**
 * A claim's folder on the node, by way of the PersistentVolume that it is bound to. A new one is root's with mode 0755, as a disk
 * that was formatted just now, and the Pod's `fsGroup` gets it.
 */
async function claimFolder(context: KubeletContext, pod: Pod, claimName: string): Promise<string> {
  const { api } = context.cluster;
  const claims = `/api/v1/namespaces/${pod.metadata.namespace ?? ""}/persistentvolumeclaims`;
  const claim = (await api("GET", `${claims}/${claimName}`)) as { spec: { volumeName?: string } };
  const { volumeName } = claim.spec;
  if (volumeName === undefined) throw new Error(`claim ${claimName} is not bound yet`);
  const { spec } = (await api("GET", `/api/v1/persistentvolumes/${volumeName}`)) as {
    spec: { local?: { path: string }; hostPath?: { path: string } };
  };
  const path = spec.local?.path ?? spec.hostPath?.path;
  if (path === undefined) throw new Error(`${volumeName} is neither local nor hostPath`);
  const directory = nodeFolder(context, pod.spec.nodeName ?? "", path);
  mkdirSync(directory, { recursive: true });
  if (spec.local) giveToGroup(pod, directory);
  return directory;
}

function giveToGroup({ spec }: Pod, directory: string): void {
  const { fsGroup } = spec.securityContext ?? {};
  if (fsGroup === undefined) return;
  chownSync(directory, 0, fsGroup);
  chmodSync(directory, lstatSync(directory).mode | OF_GROUP);
}

async function writeConfigMap(
  { cluster }: KubeletContext,
  pod: Pod,
  { name, items }: NonNullable<Volume["configMap"]>,
  directory: string,
): Promise<void> {
  const path = `/api/v1/namespaces/${pod.metadata.namespace ?? ""}/configmaps/${name}`;
  const { data = {} } = (await cluster.api("GET", path)) as { data?: Record<string, string> };
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
