import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseQuantity } from "../../src/kubernetes/quantity.ts";
import type { KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { Addresses } from "./kubelet/addresses.ts";
import { logFile } from "./kubelet/container-process.ts";
import { mountTmpfs, removeFolder } from "./kubelet/disks.ts";
import { type MemoryEnforcement, memoryEnforcement } from "./kubelet/memory-limit.ts";
import { PodProcess } from "./kubelet/pod-process.ts";
import { DECOM_SCRIPT, runsSpark } from "./kubelet/spark-image.ts";
import { type KubeletContext, nodeFolder } from "./kubelet/volumes.ts";
import type { Container, Pod } from "./pod.ts";

/** Why no Pod can be run here, for a suite to be skipped; false where Pods can. */
export const cannotRunPods: string | false =
  spawnSync("unshare", ["--mount", "--propagation", "private", "--pid", "--fork", "true"])
    .status === 0
    ? false
    : "no mount and PID namespaces here: Pods cannot be run as processes (needs Linux and root)";

/** What {@link startProcessKubelet} runs, and where. */
export interface ProcessKubeletOptions {
  /** Runs the Pods that the scheduler bound to these nodes. */
  nodes: readonly string[];
  /** The installed Spark that stands in for the image's `/opt/spark`. */
  sparkHome: string;
  /** The folder which every container sees as `/opt/app`. */
  applications: string;
  /** How much fits on a node's disk (emptyDir, hostPath, claims), such as `64Mi`; else as much as on the machine's. */
  diskSizes?: Readonly<Record<string, string>>;
}

/** A kubelet without container images. */
export interface ProcessKubelet {
  /** How memory limits are enforced on this machine. */
  readonly memoryEnforcement: MemoryEnforcement;
  /** What a Pod's container has printed so far: the one that runs Spark, else the last, unless told. */
  log(pod: string, container?: string): string;
  /** The folder which stands for a path on a node's own disk. */
  nodeFolder(node: string, path: string): string;
  /**
   * Takes a node with its disk, as a machine that is gone: kills all processes of its Pods, of which the cluster is told nothing.
   * What connects to them is refused at once, and does not wait as for a real one.
   */
  takeNode(node: string): Promise<void>;
  /** Kills all Pods' processes at once. */
  stop(): Promise<void>;
}

/** `passwd` line of the images' user: without it Ivy fails with "basedir must be absolute". */
const SPARK_USER = "spark:x:185:0:spark:/tmp:/bin/bash\n";
const RETRY_MS = 500;

/**
 * Runs Pods as processes, each container in mount and PID namespaces of its own, so that real PySpark jobs run from
 * spark-submit to their result on a machine without a container runtime. Needs Linux, root, util-linux and Java.
 *
 * Kept: init containers and native sidecars, volumes (emptyDir, hostPath, configMap, service account token, claims of local
 * volumes), environment, the image's entry point for `driver` and `executor`, the user and its rights, memory limits, addresses
 * and names, statuses, exit codes, deletion with preStop and grace, eviction of who fills its emptyDirs.
 * Left out: images (all containers see the machine's files, and Spark), probes, restarts of containers, limits of CPU, hooks by
 * HTTP, network namespaces.
 */
export async function startProcessKubelet(
  cluster: Cluster,
  options: ProcessKubeletOptions,
): Promise<ProcessKubelet> {
  const root = join(cluster.directory, "kubelet");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "passwd"), readFileSync("/etc/passwd", "utf8") + SPARK_USER);
  writeFileSync(join(root, "decom.sh"), DECOM_SCRIPT);
  const { sparkHome, applications, nodes, diskSizes = {} } = options;
  const context = { cluster, root, sparkHome, applications };
  for (const [node, size] of Object.entries(diskSizes)) {
    mountTmpfs(nodeFolder(context, node, ""), parseQuantity(size));
  }
  const kubelet = new Kubelet(context, nodes);
  await kubelet.follow();
  return kubelet;
}

class Kubelet implements ProcessKubelet {
  readonly memoryEnforcement = memoryEnforcement;
  readonly #context: KubeletContext;
  readonly #nodes: Set<string>;
  /** By uid. */
  readonly #running = new Map<string, { readonly pod: Pod; readonly process: PodProcess }>();
  /** By the Pod's name; of those that are gone too: their logs stay. */
  readonly #mainContainers = new Map<string, string>();
  readonly #addresses: Addresses;
  #stopWatch: () => void = () => undefined;
  #stopped = false;

  constructor(context: KubeletContext, nodes: readonly string[]) {
    this.#context = context;
    this.#nodes = new Set(nodes);
    this.#addresses = new Addresses(context.cluster.port, join(context.root, "hosts"));
  }

  log(pod: string, container?: string): string {
    const name = container ?? this.#mainContainers.get(pod) ?? "";
    return readFileSync(logFile(this.#context, pod, name), "utf8");
  }

  nodeFolder(node: string, path: string): string {
    return nodeFolder(this.#context, node, path);
  }

  async takeNode(node: string): Promise<void> {
    this.#nodes.delete(node);
    const taken = [...this.#running.values()].filter(({ pod }) => pod.spec.nodeName === node);
    await Promise.all(taken.map(({ process }) => process.take()));
    removeFolder(this.nodeFolder(node, ""));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopWatch();
    await Promise.all([...this.#running.values()].map(({ process }) => process.kill()));
    removeFolder(join(this.#context.root, "node"));
  }

  /** Lists, then watches; again whenever the watch ends. */
  async follow(): Promise<void> {
    const { cluster } = this.#context;
    const list = (await cluster.api("GET", "/api/v1/pods")) as KubernetesObject & { items: Pod[] };
    for (const pod of list.items) this.#seen(pod);
    const watch = cluster.watch("/api/v1/pods", list.metadata.resourceVersion ?? "", (event) => {
      if (event.type === "DELETED") this.#gone(event.object as Pod);
      else if (event.type !== "ERROR") this.#seen(event.object as Pod);
    });
    this.#stopWatch = watch.stop;
    void watch.ended.then(() => this.#followAgain());
  }

  async #followAgain(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.follow();
        return;
      } catch (error) {
        process.stderr.write(`process kubelet: ${String(error)}\n`);
        await sleep(RETRY_MS);
      }
    }
  }

  #seen(pod: Pod): void {
    const { uid = "", deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
    if (this.#stopped || !this.#nodes.has(pod.spec.nodeName ?? "")) return;
    const isNew = pod.status?.phase === "Pending" || deletionTimestamp !== undefined;
    let running = this.#running.get(uid)?.process;
    if (running === undefined && isNew) {
      running = new PodProcess(this.#context, pod, this.#addresses.give(pod));
      this.#running.set(uid, { pod, process: running });
      this.#mainContainers.set(pod.metadata.name, mainContainer(pod).name);
    }
    if (deletionTimestamp !== undefined) running?.terminate(deletionGracePeriodSeconds);
  }

  #gone({ metadata }: Pod): void {
    const { uid = "" } = metadata;
    void this.#running.get(uid)?.process.kill();
    this.#addresses.free(uid);
  }
}

/** The one that runs Spark; else the last, where Spark would append its own. */
function mainContainer({ spec }: Pod): Container {
  return spec.containers.find(runsSpark) ?? spec.containers.at(-1) ?? spec.containers[0];
}
