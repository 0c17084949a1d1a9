import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, patchTypes } from "../api-client.ts";
import type { Container, Pod } from "../pod.ts";
import { ContainerProcess } from "./container-process.ts";
import { removeFolder } from "./disks.ts";
import { evictionOf } from "./eviction.ts";
import { type ContainerState, isSidecar, podStatus } from "./pod-status.ts";
import { type KubeletContext, prepareVolumes, volumesFolder } from "./volumes.ts";

const RETRY_MS = 500;
const LOOK_FOR_EVICTION_EVERY_MS = 1000;
/** Not found; conflict. */
const GONE: readonly number[] = [404, 409];
const DEFAULT_GRACE_SECONDS = 30;

/** A Pod that runs as processes, or did. */
export class PodProcess {
  /** Once no process of it is left, and its status says so. */
  readonly ended: Promise<void>;
  /** Once its object is removed too, if it is to be. */
  #done: Promise<void>;
  readonly #context: KubeletContext;
  readonly #pod: Pod;
  readonly #address: string;
  readonly #startedAt = new Date().toISOString();
  readonly #states = new Map<string, ContainerState>();
  readonly #running = new Map<Container, ContainerProcess>();
  readonly #stopping = Promise.withResolvers<undefined>();
  #isStopping = false;
  #isTaken = false;
  #grace = Infinity;
  #deadline = Infinity;
  #evicted: string | undefined;
  #published = Promise.resolve();

  /** Starts it. */
  constructor(context: KubeletContext, pod: Pod, address: string) {
    this.#context = context;
    this.#pod = pod;
    this.#address = address;
    this.ended = this.#run();
    this.#done = this.ended;
  }

  /** Ends it as Kubernetes does: preStop, SIGTERM, SIGKILL after the grace, sidecars last, and then the Pod's object. */
  terminate(graceSeconds: number): void {
    if (graceSeconds >= this.#grace) return;
    if (this.#grace === Infinity) this.#done = this.ended.then(() => this.#remove());
    this.#grace = graceSeconds;
    this.#stop();
    this.#deadline = Date.now() + graceSeconds * 1000;
    for (const [container, running] of this.#running) {
      if (!this.#isSidecar(container)) void running.terminate(this.#deadline);
    }
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.#stop();
    for (const running of this.#running.values()) running.kill();
    await this.#done;
  }

  /** Ends it as with its machine: at once, and nobody is told. */
  async take(): Promise<void> {
    this.#isTaken = true;
    await this.kill();
  }

  async #run(): Promise<void> {
    const volumes = await this.#prepareVolumes();
    if (volumes !== undefined) {
      const watching = setInterval(() => {
        this.#evictIfFull(volumes);
      }, LOOK_FOR_EVICTION_EVERY_MS).unref();
      if (await this.#initialize(volumes)) {
        await Promise.all(
          this.#pod.spec.containers.map((each) => this.#runContainer(each, volumes)),
        );
      }
      clearInterval(watching);
      await this.#endSidecars();
    }
    await this.#publish();
    removeFolder(volumesFolder(this.#context, this.#pod));
  }

  /** Tries until they are all there: Spark makes a ConfigMap and claims after the Pod. */
  async #prepareVolumes(): Promise<ReadonlyMap<string, string> | undefined> {
    const folders = new Map<string, string>();
    let told = "";
    while (!this.#isStopping) {
      try {
        await prepareVolumes(this.#context, this.#pod, folders);
        return folders;
      } catch (error) {
        const message = `MountVolume.SetUp failed: ${String(error)}`;
        for (const { name } of this.#pod.spec.containers) {
          this.#states.set(name, { waiting: { reason: "ContainerCreating", message } });
        }
        if (message !== told) await this.#publish();
        told = message;
        await Promise.race([sleep(RETRY_MS), this.#stopping.promise]);
      }
    }
    return undefined;
  }

  /** Runs init containers one after the other. Answers whether the others may start. */
  async #initialize(volumes: ReadonlyMap<string, string>): Promise<boolean> {
    for (const container of this.#pod.spec.initContainers ?? []) {
      const ending = this.#runContainer(container, volumes);
      const exitCode = isSidecar(container) ? 0 : await ending;
      if (exitCode !== 0) return false;
    }
    return !this.#isStopping;
  }

  /** Answers its exit code; none where it was not started. */
  async #runContainer(
    container: Container,
    volumes: ReadonlyMap<string, string>,
  ): Promise<number | undefined> {
    if (this.#isStopping) return undefined;
    const { name } = container;
    let running: ContainerProcess;
    try {
      const parts = { address: this.#address, volumes };
      running = new ContainerProcess(this.#context, this.#pod, container, parts);
    } catch (error) {
      const waiting = { reason: "CreateContainerConfigError", message: String(error) };
      this.#states.set(name, { waiting });
      await this.#publish();
      await this.#stopping.promise;
      return undefined;
    }
    this.#running.set(container, running);
    await running.started;
    this.#states.set(name, { running: { startedAt: running.startedAt } });
    void this.#publish();
    const terminated = await running.ended;
    this.#running.delete(container);
    this.#states.set(name, { terminated });
    await this.#publish();
    return terminated.exitCode;
  }

  /** In reverse order, each within what is left of the grace. */
  async #endSidecars(): Promise<void> {
    const { terminationGracePeriodSeconds = DEFAULT_GRACE_SECONDS } = this.#pod.spec;
    const deadline = Math.min(this.#deadline, Date.now() + terminationGracePeriodSeconds * 1000);
    for (const sidecar of [...this.#running.values()].reverse()) {
      void sidecar.terminate(deadline);
      await sidecar.ended;
    }
  }

  #isSidecar(container: Container): boolean {
    return isSidecar(container) && this.#pod.spec.initContainers?.includes(container) === true;
  }

  #evictIfFull(volumes: ReadonlyMap<string, string>): void {
    const evicted = evictionOf(this.#pod, volumes);
    if (evicted === undefined) return;
    this.#evicted = evicted;
    void this.kill();
  }

  #stop(): void {
    this.#isStopping = true;
    this.#stopping.resolve(undefined);
  }

  /** Tells the cluster, one change after the other. */
  #publish(): Promise<void> {
    this.#published = this.#published.then(() =>
      this.#call("PATCH", "/status", {
        status: podStatus(this.#pod, {
          ...{ address: this.#address, startedAt: this.#startedAt },
          ...{ states: this.#states, evicted: this.#evicted },
        }),
      }),
    );
    return this.#published;
  }

  /** As a kubelet does once its containers have ended. */
  async #remove(): Promise<void> {
    const preconditions = { uid: this.#pod.metadata.uid };
    await this.#call("DELETE", "", { gracePeriodSeconds: 0, preconditions });
  }

  async #call(method: "PATCH" | "DELETE", subresource: string, body: object): Promise<void> {
    if (this.#isTaken) return;
    const { name, namespace = "" } = this.#pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}${subresource}`;
    try {
      const contentType = method === "PATCH" ? patchTypes.merge : undefined;
      await this.#context.cluster.api(method, path, body, contentType);
    } catch (error) {
      // It may have been deleted by force meanwhile, and have a successor of its name.
      if (error instanceof ApiError && GONE.includes(error.status)) return;
      process.stderr.write(`process kubelet: ${method} ${path}: ${String(error)}\n`);
    }
  }
}
