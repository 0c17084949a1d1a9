import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { patchTypes } from "../api-client.ts";
import { dyingWithParent } from "../daemon.ts";
import type { Pod } from "../pod.ts";
import { podScript, sparkContainer } from "./pod-script.ts";
import { type KubeletContext, podFolder } from "./volumes.ts";

/** A Pod that runs as a process, or did. */
export interface PodProcess {
  /** Ends it as Kubernetes does: preStop, grace, SIGKILL, and the Pod's object last. */
  terminate(pod: Pod): void;
  /** Ends it at once. */
  kill(): Promise<void>;
}

const DEFAULT_GRACE_SECONDS = 30;
/** Bash's code for a process that a signal ended, here for SIGKILL. */
const EXIT_CODE_KILLED = 137;

/** Starts a Pod's process and keeps its status up to date. */
export async function startPodProcess(
  context: KubeletContext,
  pod: Pod,
  address: string,
): Promise<PodProcess> {
  const folder = podFolder(context, pod);
  mkdirSync(folder, { recursive: true });
  const script = join(folder, "run.sh");
  writeFileSync(script, await podScript(context, pod, address));
  const child = spawnInNamespace(script, join(folder, "log"));
  const startedAt = new Date().toISOString();
  let running = true;
  let terminating = false;

  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code) => {
      running = false;
      const exitCode = code ?? EXIT_CODE_KILLED;
      const finish = async (): Promise<void> => {
        await setStatus(context, pod, finishedStatus(pod, exitCode, startedAt));
        if (terminating) await removePod(context, pod);
      };
      finish().then(resolve, resolve);
    });
  });
  await setStatus(context, pod, runningStatus(pod, address, startedAt));
  return {
    terminate(deleted) {
      if (terminating) return;
      terminating = true;
      if (!running) {
        void removePod(context, pod);
        return;
      }
      // All that Spark's preStop command, decom.sh, does: it sends SIGPWR and waits.
      child.kill(sparkContainer(pod).lifecycle?.preStop ? "SIGPWR" : "SIGTERM");
      const grace = deleted.metadata.deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
      setTimeout(() => child.kill("SIGKILL"), grace * 1000).unref();
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Tells the cluster that a Pod could not be started. */
export function failPod(context: KubeletContext, pod: Pod, reason: string): Promise<void> {
  return setStatus(context, pod, { phase: "Failed", reason: "FailedMount", message: reason });
}

/** Removes a Pod's object, as a kubelet does once its containers have ended. */
export async function removePod(context: KubeletContext, pod: Pod): Promise<void> {
  const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
  await context.cluster.api("DELETE", podPath(pod), options).catch(() => undefined);
}

function spawnInNamespace(script: string, logFile: string): ChildProcess {
  const log = openSync(logFile, "a");
  const inNamespace = ["unshare", "--mount", "--propagation", "private", "bash", script] as const;
  const [program, ...args] = dyingWithParent(inNamespace);
  const child = spawn(program, args, {
    stdio: ["ignore", log, log],
    env: { PATH: process.env["PATH"], HOME: "/tmp", USER: "spark" },
  });
  closeSync(log);
  return child;
}

async function setStatus(context: KubeletContext, pod: Pod, status: object): Promise<void> {
  const path = `${podPath(pod)}/status`;
  // The Pod may have been deleted by force meanwhile.
  await context.cluster.api("PATCH", path, { status }, patchTypes.merge).catch(() => undefined);
}

function podPath({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata.namespace ?? ""}/pods/${metadata.name}`;
}

function runningStatus(pod: Pod, address: string, startedAt: string): object {
  return {
    phase: "Running",
    podIP: address,
    podIPs: [{ ip: address }],
    startTime: startedAt,
    conditions: readiness("True"),
    containerStatuses: containerStatuses(pod, true, { running: { startedAt } }),
  };
}

function finishedStatus(pod: Pod, exitCode: number, startedAt: string): object {
  const finishedAt = new Date().toISOString();
  const reason = exitCode === 0 ? "Completed" : "Error";
  const terminated = { exitCode, reason, startedAt, finishedAt };
  return {
    phase: exitCode === 0 ? "Succeeded" : "Failed",
    conditions: readiness("False"),
    containerStatuses: containerStatuses(pod, false, { terminated }),
  };
}

function containerStatuses(pod: Pod, ready: boolean, state: object): object[] {
  return pod.spec.containers.map(({ name, image }) => ({
    name,
    image,
    imageID: "",
    ready,
    restartCount: 0,
    state,
  }));
}

function readiness(status: "True" | "False"): object[] {
  return ["Ready", "ContainersReady"].map((type) => ({ type, status }));
}
