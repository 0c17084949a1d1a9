import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { GiveUpError, until } from "./polling.ts";

export const ROOT = join(import.meta.dirname, "../..");

/** A `sparkgate serve` process that is ready. */
export interface Sparkgate {
  /** Sends a signal and waits for the end; the exit code, or null where the signal killed it. */
  stop: (signal?: "SIGTERM" | "SIGKILL") => Promise<number | null>;
  /** Sends a signal, and waits for nothing. */
  signal: (signal: "SIGSTOP" | "SIGCONT") => void;
  /** A page of the plain port, such as `/metrics`. */
  get: (path: string) => Promise<string>;
}

/** What {@link startProcess} runs. */
export interface SparkgateProcess {
  /** What runs the CLI: from the sources, unless told otherwise. */
  readonly command?: readonly [string, ...string[]];
  /** From `serve` on, with `--metrics-port`. */
  readonly args: readonly string[];
  readonly metricsPort: number;
  /** The folder of `sparkgate.log`. */
  readonly directory: string;
}

/** Starts a server, and waits until it is ready. */
export async function startProcess({
  command = [process.execPath, "src/cli.ts"],
  args,
  metricsPort,
  directory,
}: SparkgateProcess): Promise<Sparkgate> {
  const log = openSync(join(directory, "sparkgate.log"), "a");
  const [program, ...before] = command;
  const child = spawn(program, [...before, ...args], { cwd: ROOT, stdio: ["ignore", log, log] });
  closeSync(log);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${metricsPort}${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.text();
  };
  await until("sparkgate is ready", async () => isRunning(child) && (await get("/readyz")));
  return {
    get,
    signal: (signal) => {
      child.kill(signal);
    },
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      const code = await ended;
      process.off("exit", killAtExit);
      return code;
    },
  };
}

function isRunning(child: ChildProcess): boolean {
  if (child.exitCode === null) return true;
  throw new GiveUpError(`sparkgate ended with exit code ${child.exitCode}: see sparkgate.log`);
}
