import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * How containers are held to their memory limits.
 *
 * - `cgroup v1`, `cgroup v2`: by the kernel, as the real kubelet has it: who takes more is killed, with all of its container
 *   (`memory.oom.group`; of v1 the kernel kills one process, and the process kubelet the others).
 * - `ulimit`: a stand-in where there is no cgroup to be had: each process may take so much data, and gets no more; nobody is killed.
 */
export type MemoryEnforcement = "cgroup v1" | "cgroup v2" | "ulimit";

/** The memory limit of one container. */
export interface MemoryLimit {
  /** Bash which puts the process that runs it, and what it starts, under the limit. */
  readonly join: string;
  /** Whether the kernel has killed for it. */
  wasExceeded(): boolean;
  /** Once all of its processes have ended. */
  remove(): Promise<void>;
}

interface Controller {
  readonly enforcement: MemoryEnforcement;
  readonly folder: string;
  /** What is written to a new group; what the kernel has no file for is left out. */
  readonly settings: (bytes: number) => Readonly<Record<string, string>>;
  /** The file that says how often it has killed. */
  readonly events: string;
}

const V2: Controller = {
  enforcement: "cgroup v2",
  folder: "/sys/fs/cgroup",
  settings: (bytes) => ({
    "memory.max": String(bytes),
    "memory.swap.max": "0",
    "memory.oom.group": "1",
  }),
  events: "memory.events",
};

const V1: Controller = {
  enforcement: "cgroup v1",
  folder: "/sys/fs/cgroup/memory",
  settings: (bytes) => ({
    "memory.limit_in_bytes": String(bytes),
    "memory.memsw.limit_in_bytes": String(bytes), // with swap
  }),
  events: "memory.oom_control",
};

const REMOVAL_TRIES = 50;
const REMOVAL_INTERVAL_MS = 100;

const controller = [V2, V1].find(isUsable);

/** What this machine has. */
export const memoryEnforcement: MemoryEnforcement = controller?.enforcement ?? "ulimit";

/** Makes a limit of a name of its own on this machine. */
export function limitMemory(of: string, bytes: number): MemoryLimit {
  const name = `sparkgate-${process.pid}-${of}`;
  if (controller === undefined) {
    return {
      join: `ulimit -d ${Math.ceil(bytes / 1024)}`,
      wasExceeded: () => false,
      remove: () => Promise.resolve(),
    };
  }
  const group = makeGroup(controller, name, bytes);
  return {
    join: `echo 0 > ${group}/cgroup.procs`,
    wasExceeded: () =>
      /^oom_kill [1-9]/m.test(readFileSync(join(group, controller.events), "utf8")),
    remove: () => removeGroup(group),
  };
}

/** By trying: whether the controller is there, and may be used. */
function isUsable(tried: Controller): boolean {
  const name = `sparkgate-probe-${process.pid}`;
  try {
    rmdirSync(makeGroup(tried, name, 1 << 30));
    removeLeftovers(tried.folder);
    return true;
  } catch {
    const group = join(tried.folder, name);
    if (existsSync(group)) rmdirSync(group);
    return false;
  }
}

/** Of test processes that were killed: a name has the process id of its own. */
function removeLeftovers(folder: string): void {
  for (const group of readdirSync(folder)) {
    const [, pid] = /^sparkgate-(\d+)-/.exec(group) ?? [];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    try {
      rmdirSync(join(folder, group));
    } catch {
      // Another suite was faster, or its last process is just ending.
    }
  }
}

function makeGroup({ folder, settings, events }: Controller, name: string, bytes: number): string {
  if (!existsSync(folder)) throw new Error(`no ${folder}`);
  const group = join(folder, name);
  mkdirSync(group);
  const [[limit, value] = ["", ""], ...others] = Object.entries(settings(bytes));
  readFileSync(join(group, events));
  writeFileSync(join(group, limit), value);
  for (const [file, text] of others) {
    // Which of them there are depends on how the kernel was built.
    if (existsSync(join(group, file))) writeFileSync(join(group, file), text);
  }
  return group;
}

/** The kernel lets go of a group a moment after its last process. */
async function removeGroup(group: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      rmdirSync(group);
      return;
    } catch (error) {
      if (tries === REMOVAL_TRIES) {
        process.stderr.write(`process kubelet: ${String(error)}\n`);
        return;
      }
      await sleep(REMOVAL_INTERVAL_MS);
    }
  }
}
