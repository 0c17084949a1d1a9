import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** How a command ended and what it printed. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The surroundings of {@link runCommand}. */
export interface CommandOptions {
  env: NodeJS.ProcessEnv;
  stdin?: string;
  /** Sends the command SIGTERM when aborted. */
  signal?: AbortSignal;
}

/** Runs a command to its end; an exit code other than 0 is no error. */
export async function runCommand(
  command: string,
  args: readonly string[],
  { env, stdin = "", signal }: CommandOptions,
): Promise<CommandResult> {
  const child = spawn(command, args, { env });
  signal?.addEventListener("abort", () => child.kill("SIGTERM"));
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve(code ?? 1);
    });
  });
  child.stdin.on("error", () => undefined); // it may end without reading
  child.stdin.end(stdin);
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
