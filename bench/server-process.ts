import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";

/** A server in a process of its own. */
export interface ServerProcess {
  readonly name: string;
  readonly port: number;
  /** CPU time used so far in microseconds, in steps of 10 ms; undefined where the system does not tell. */
  readonly cpuMicroseconds: () => number | undefined;
  /** Resident memory in MiB; undefined where the system does not tell. */
  readonly memoryMebibytes: () => number | undefined;
  readonly stop: () => Promise<void>;
}

/** Linux counts CPU time in ticks of 1/100 s for programs (USER_HZ, proc_pid_stat(5)). */
const MICROSECONDS_PER_TICK = 10_000;

/** The CPU that servers have to themselves; this process, with the load, keeps to the other ones. */
const SERVER_CPU = "0";

/** Keeps this process and its threads away from the servers' CPU. Returns false where there is no taskset, or one CPU. */
export function keepOffServerCpu(): boolean {
  const others = availableParallelism() - 1;
  if (others < 1) return false;
  return spawnSync("taskset", ["-apc", `1-${others}`, String(process.pid)]).status === 0;
}

/**
 * Starts a server on a CPU of its own where there is taskset, and waits for the line of JSON on its stdout that says
 * `ready` and the port.
 * @param ownPort of a server that says nothing of the kind: it is not waited for
 */
export function startServerProcess(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  ownPort?: number,
): Promise<ServerProcess> {
  const pinned = spawnSync("taskset", ["-c", SERVER_CPU, "true"]).status === 0;
  const command = [...(pinned ? ["taskset", "-c", SERVER_CPU] : []), process.execPath, ...args];
  const [program = process.execPath, ...rest] = command;
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exited = new Promise<void>((resolve) => {
    child.on("close", () => {
      resolve();
    });
  });
  return new Promise((resolve, reject) => {
    void exited.then(() => {
      reject(new Error(`${name} ended before it was ready:\n${errors}`));
    });
    const started = (port: number): void => {
      resolve({
        name,
        port,
        cpuMicroseconds: () => cpuOf(child.pid),
        memoryMebibytes: () => memoryOf(child.pid),
        stop: async () => {
          child.kill();
          await exited;
        },
      });
    };
    createInterface(child.stdout).on("line", (line) => {
      const port = /"msg":"ready"/.test(line) && /"port":(\d+)/.exec(line)?.[1];
      if (typeof port === "string") started(Number(port));
    });
    if (ownPort !== undefined) started(ownPort);
  });
}

function cpuOf(pid: number | undefined): number | undefined {
  const stat = readProc(pid, "stat");
  // Behind the name in parentheses, which may have blanks: utime is the 12th field from there, stime the 13th.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined) return undefined;
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
}

function memoryOf(pid: number | undefined): number | undefined {
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, "status") ?? "")?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
}

function readProc(pid: number | undefined, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid ?? 0}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
