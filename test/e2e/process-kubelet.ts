import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { type PodProcess, failPod, removePod, startPodProcess } from "./kubelet/pod-process.ts";
import { type KubeletContext, nodeFolder } from "./kubelet/volumes.ts";
import type { Pod } from "./pod.ts";

/** Why no Pod can be run here, for a suite to be skipped; false where Pods can. */
export const cannotRunPods: string | false =
  spawnSync("unshare", ["--mount", "--propagation", "private", "true"]).status === 0
    ? false
    : "no mount namespaces here: Pods cannot be run as processes";

/** What {@link startProcessKubelet} runs, and where. */
export interface ProcessKubeletOptions {
  /** Runs the Pods that the scheduler bound to these nodes. */
  nodes: readonly string[];
  /** The installed Spark that stands in for the image's `/opt/spark`. */
  sparkHome: string;
  /** The folder which every Pod sees as `/opt/app`. */
  applications: string;
}

/** A kubelet without containers. */
export interface ProcessKubelet {
  /** What a Pod has printed so far. */
  log(pod: string): string;
  /** The folder which stands for a path on a node's own disk. */
  nodeFolder(node: string, path: string): string;
  /** Kills all Pods' processes at once. */
  stop(): Promise<void>;
}

/** `passwd` line of the images' user: without it Ivy fails with "basedir must be absolute". */
const SPARK_USER = "spark:x:185:0:spark:/tmp:/bin/bash\n";
const FIRST_POD = 10;
const LAST_POD = 250;
const RETRY_MS = 500;

/**
 * Runs Spark Pods as processes, each in a mount namespace of its own, so that real PySpark jobs run
 * from spark-submit to their result on a machine without a container runtime. Needs Linux, root,
 * util-linux and Java.
 *
 * Kept: volumes and mounts (emptyDir, hostPath, configMap, service account token), environment,
 * the image's entry point for `driver` and `executor`, the user and its rights, addresses and names,
 * phases, exit codes, deletion with grace, and preStop as the SIGPWR that Spark's `decom.sh` sends.
 * Left out: side-cars, init containers, probes and limits.
 */
export async function startProcessKubelet(
  cluster: Cluster,
  options: ProcessKubeletOptions,
): Promise<ProcessKubelet> {
  const root = join(cluster.directory, "kubelet");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "passwd"), readFileSync("/etc/passwd", "utf8") + SPARK_USER);
  const { sparkHome, applications } = options;
  const kubelet = new Kubelet({ cluster, root, sparkHome, applications }, options.nodes);
  await kubelet.follow();
  return kubelet;
}

class Kubelet implements ProcessKubelet {
  readonly #context: KubeletContext;
  readonly #nodes: ReadonlySet<string>;
  /** By uid; of a Pod that is still being prepared there is only a promise. */
  readonly #processes = new Map<string, Promise<PodProcess | undefined>>();
  readonly #addresses = new Map<string, string>();
  #nextPod = FIRST_POD;
  #stopWatch: () => void = () => undefined;
  #stopped = false;

  constructor(context: KubeletContext, nodes: readonly string[]) {
    this.#context = context;
    this.#nodes = new Set(nodes);
    this.#writeHosts();
  }

  log(pod: string): string {
    return readFileSync(join(this.#context.root, "pods", pod, "log"), "utf8");
  }

  nodeFolder(node: string, path: string): string {
    return nodeFolder(this.#context, node, path);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopWatch();
    await Promise.all(
      [...this.#processes.values()].map(async (starting) => (await starting)?.kill()),
    );
  }

  /** Lists, then watches; again whenever the watch ends. */
  async follow(): Promise<void> {
    const { cluster } = this.#context;
    const list = (await cluster.api("GET", "/api/v1/pods")) as KubernetesObject & { items: Pod[] };
    for (const pod of list.items) this.#seen(pod);
    const watch = cluster.watch("/api/v1/pods", list.metadata.resourceVersion ?? "", (event) => {
      if (event.type === "DELETED") void this.#kill(event.object as Pod);
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
        report(error);
        await sleep(RETRY_MS);
      }
    }
  }

  #seen(pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    if (this.#stopped || !this.#nodes.has(pod.spec.nodeName ?? "")) return;
    const known = this.#processes.get(uid);
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#terminate(pod, known);
    } else if (known === undefined && pod.status?.phase === "Pending") {
      this.#processes.set(uid, this.#start(pod));
    }
  }

  async #start(pod: Pod): Promise<PodProcess | undefined> {
    try {
      const address = this.#giveAddress(pod);
      return await startPodProcess(this.#context, pod, address);
    } catch (error) {
      await failPod(this.#context, pod, String(error));
      return undefined;
    }
  }

  #terminate(pod: Pod, known: Promise<PodProcess | undefined> | undefined): void {
    const end = async (): Promise<void> => {
      const running = await known;
      if (running) running.terminate(pod);
      else await removePod(this.#context, pod);
    };
    end().catch(report);
  }

  async #kill(pod: Pod): Promise<void> {
    await (await this.#processes.get(pod.metadata.uid ?? ""))?.kill();
  }

  /**
   * On Linux all of 127.0.0.0/8 is the machine itself. The middle bytes are the API server's port,
   * so that clusters beside each other do not share addresses: Spark's ports are fixed.
   */
  #giveAddress(pod: Pod): string {
    const { port } = this.#context.cluster;
    if (this.#nextPod > LAST_POD) throw new Error("the process kubelet has no address left");
    const address = `127.${port >> 8}.${port & 255}.${this.#nextPod++}`;
    const { name, namespace = "", labels = {} } = pod.metadata;
    this.#addresses.set(name, address);
    if (pod.spec.hostname !== undefined) this.#addresses.set(pod.spec.hostname, address);
    if (labels["spark-role"] === "driver") {
      // The headless Service that Spark makes for it; its name is the driver's own.
      this.#addresses.set(`${name}-svc.${namespace}.svc`, address);
    }
    this.#writeHosts();
    return address;
  }

  /** Stands in for the cluster's DNS. Written in place, as running Pods have this very file mounted. */
  #writeHosts(): void {
    const lines = [...this.#addresses].map(([name, address]) => `${address} ${name}\n`);
    writeFileSync(join(this.#context.root, "hosts"), `127.0.0.1 localhost\n${lines.join("")}`);
  }
}

function report(error: unknown): void {
  process.stderr.write(`process kubelet: ${String(error)}\n`);
}
