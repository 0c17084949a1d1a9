import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseQuantity } from "../../../src/kubernetes/quantity.ts";
import { dyingWithParent } from "../daemon.ts";
import type { Container, Pod } from "../pod.ts";
import { containerScripts } from "./container-script.ts";
import { limitMemory, type MemoryLimit } from "./memory-limit.ts";
import type { Terminated } from "./pod-status.ts";
import type { KubeletContext } from "./volumes.ts";

/** Of SIGKILL, as runtimes say it. */
const KILLED = 137;
/** What is left for SIGTERM where preStop took all of the grace (pkg/kubelet/kuberuntime minimumGracePeriodInSeconds). */
const LEAST_GRACE_MS = 2000;
const LOOK_FOR_OOM_EVERY_MS = 100;
const UNLIMITED: MemoryLimit = {
  join: "true",
  wasExceeded: () => false,
  remove: () => Promise.resolve(),
};

/** A container: a process in mount and PID namespaces of its own, and what it starts. */
export class ContainerProcess {
  readonly startedAt = new Date().toISOString();
  /** Once it runs its command, or has ended. */
  readonly started: Promise<void>;
  /** How it ended, once it has. */
  readonly ended: Promise<Terminated>;
  readonly #container: Container;
  readonly #folder: string;
  readonly #limit: MemoryLimit;
  readonly #child: ChildProcess;
  #isEnding = false;
  #isKilled = false;
  #killing: NodeJS.Timeout | undefined;

  /**
   * Starts it.
   * @throws Error where the real kubelet would not
   */
  constructor(
    context: KubeletContext,
    pod: Pod,
    container: Container,
    { address, volumes }: { address: string; volumes: ReadonlyMap<string, string> },
  ) {
    this.#container = container;
    const folder = join(podFolder(context, pod.metadata.name), container.name);
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const bytes = parseQuantity(container.resources?.limits?.["memory"] ?? "");
    const name = `${pod.metadata.uid ?? ""}-${container.name}`;
    this.#limit = bytes === undefined ? UNLIMITED : limitMemory(name, bytes);
    const log = logFile(context, pod.metadata.name, container.name);
    const parts = { folder, log, address, volumes, limit: this.#limit.join };
    const { run, exec } = containerScripts(context, pod, container, parts);
    writeFileSync(join(folder, "run.sh"), run);
    writeFileSync(join(folder, "exec.sh"), exec);
    this.#child = start(
      ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"],
      ["--mount-proc", "bash", join(folder, "run.sh")],
      join(folder, "unshare.log"),
    );
    this.ended = this.#untilEnded();
    this.started = new Promise((resolve) => {
      this.#child.stdio[3]?.once("data", resolve).once("close", resolve);
    });
  }

  /** As the kubelet ends it: preStop, SIGTERM, and at the deadline SIGKILL. A second call may bring that forward. */
  async terminate(deadline: number): Promise<void> {
    if (this.#isEnding) {
      this.#killAt(deadline);
      return;
    }
    this.#isEnding = true;
    const outOfTime = sleep(deadline - Date.now(), undefined, { ref: false });
    await Promise.race([this.#preStop(), this.ended, outOfTime]);
    this.#signal("SIGTERM");
    this.#killAt(Math.max(deadline, Date.now() + LEAST_GRACE_MS));
  }

  /** Ends all of it at once. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  async #untilEnded(): Promise<Terminated> {
    const watching = setInterval(() => {
      if (this.#limit.wasExceeded()) this.kill();
    }, LOOK_FOR_OOM_EVERY_MS).unref();
    const code = await exitCodeOf(this.#child);
    clearInterval(watching);
    clearTimeout(this.#killing);
    const isOutOfMemory = this.#limit.wasExceeded();
    await this.#limit.remove();
    // Of a child that was killed unshare makes 1 (util-linux 2.38).
    const exitCode = this.#isKilled || isOutOfMemory ? KILLED : code;
    const reason = exitCode === 0 ? "Completed" : "Error";
    const finishedAt = new Date().toISOString();
    const { startedAt } = this;
    return { exitCode, reason: isOutOfMemory ? "OOMKilled" : reason, startedAt, finishedAt };
  }

  async #preStop(): Promise<void> {
    const { exec, sleep: pause } = this.#container.lifecycle?.preStop ?? {};
    if (pause) await sleep(pause.seconds * 1000, undefined, { ref: false });
    await this.started;
    const first = this.#firstProcess();
    if (!exec || first === undefined) return;
    const child = start(
      ["nsenter", `--target=${first}`, "--mount", "--pid", "bash", join(this.#folder, "exec.sh")],
      exec.command,
      join(this.#folder, "preStop.log"),
    );
    await exitCodeOf(child);
  }

  #killAt(deadline: number): void {
    clearTimeout(this.#killing);
    this.#killing = setTimeout(() => {
      this.kill();
    }, deadline - Date.now()).unref();
  }

  /** To the container's first process: with it, the kernel ends all others of its PID namespace. */
  #signal(signal: NodeJS.Signals): void {
    const first = this.#firstProcess();
    try {
      if (first !== undefined) process.kill(first, signal);
      else if (signal !== "SIGKILL" || !this.#child.kill(signal)) return;
      this.#isKilled ||= signal === "SIGKILL";
    } catch {
      // It has just ended.
    }
  }

  /** As the machine counts: the one child of `unshare`. */
  #firstProcess(): number | undefined {
    const { pid = 0, exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return undefined;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return children === "" ? undefined : Number(children);
  }
}

/** The folder of one Pod's scripts and logs. They stay when its node is taken: tests read them. */
function podFolder(context: KubeletContext, pod: string): string {
  return join(context.root, "pods", pod);
}

/** Where a container's output is. */
export function logFile(context: KubeletContext, pod: string, container: string): string {
  return join(podFolder(context, pod), `${container}.log`);
}

function start(program: readonly string[], args: readonly string[], log: string): ChildProcess {
  const output = openSync(log, "a");
  const [command = "", ...rest] = program;
  const [starter, ...all] = dyingWithParent([command, ...rest, ...args]);
  const child = spawn(starter, all, {
    stdio: ["ignore", output, output, "pipe"],
    env: { PATH: process.env["PATH"], HOME: "/tmp", USER: "spark" },
  });
  closeSync(output);
  return child;
}

function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      resolve(code ?? KILLED);
    });
  });
}
