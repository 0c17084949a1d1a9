import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GiveUpError } from "./polling.ts";

/** What {@link startDaemon} runs. */
export interface DaemonOptions {
  /** Short name: of the log file, and in messages. */
  name: string;
  command: string;
  args: readonly string[];
  /** The folder of its log. */
  directory: string;
}

/** A background process of the test cluster. */
export interface Daemon {
  readonly name: string;
  readonly logFile: string;
  /** Throws, with the tail of the log, if the process has ended though nobody stopped it. */
  assertAlive(): void;
  /** Ends the process and waits for it: only then has it let go of its ports. */
  stop(): Promise<void>;
}

const TAIL_LINES = 15;
const GRACE_MS = 5_000;

const alive = new Set<ChildProcess>();
let exitHandled = false;

/** Starts a process which never outlives this one. */
export function startDaemon({ name, command, args, directory }: DaemonOptions): Daemon {
  killAllAtExit();
  const logFile = join(directory, `${name}.log`);
  const log = openSync(logFile, "a");
  const [program, ...programArgs] = dyingWithParent([command, ...args]);
  const child = spawn(program, programArgs, { stdio: ["ignore", log, log], cwd: directory });
  closeSync(log);
  alive.add(child);
  let stopping = false;
  let ended: string | undefined;
  const exited = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      ended = how;
      alive.delete(child);
      resolve();
    };
    child.once("error", (error) => {
      end(error.message);
    });
    child.once("exit", (code, signal) => {
      end(signal === null ? `exit code ${code ?? "?"}` : signal);
    });
  });
  return {
    name,
    logFile,
    assertAlive() {
      if (ended === undefined || stopping) return;
      throw new GiveUpError(
        `${name} ended (${ended}). Last lines of ${logFile}:\n${tail(logFile)}`,
      );
    },
    async stop() {
      stopping = true;
      if (ended === undefined) child.kill("SIGTERM");
      const hardStop = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      await exited;
      clearTimeout(hardStop);
    },
  };
}

/**
 * The command, made to be killed by the kernel when its parent dies.
 *
 * Exit handlers do not run when a test process is killed with SIGKILL, and an orphaned etcd and
 * API server would stay for ever. Only Linux can do this; elsewhere the exit handlers must do.
 */
export function dyingWithParent(command: readonly [string, ...string[]]): [string, ...string[]] {
  return process.platform === "linux"
    ? ["setpriv", "--pdeathsig", "KILL", "--", ...command]
    : [...command];
}

function killAllAtExit(): void {
  if (exitHandled) return;
  exitHandled = true;
  process.on("exit", () => {
    for (const child of alive) child.kill("SIGKILL");
  });
  // By default these two end the process without an "exit" event.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      process.exit(1);
    });
  }
}

function tail(file: string): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
}
