import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

export const ROOT = join(import.meta.dirname, "../../..");

/** Two hundred processes of the same sources: Node takes their types away once. */
export const ENVIRONMENT = {
  ...process.env,
  NODE_COMPILE_CACHE: join(ROOT, "node_modules/.cache/sparkgate-tests"),
};

/**
 * Runs the CLI as its users start it: a process, its output and its exit code.
 * @param timeout milliseconds after which it is ended; its exit code is null then
 */
export function sparkgate(args: readonly string[], input = "", timeout?: number) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/cli.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
    env: ENVIRONMENT,
    input,
    timeout,
  });
  return { status, stdout, stderr };
}

const folder = mkdtempSync(join(tmpdir(), "sparkgate-cli-"));

after(() => {
  rmSync(folder, { recursive: true });
});

/** Writes a file that is there until the tests end, and returns its path. */
export function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Makes a folder that is there until the tests end, and returns its path. */
export function emptyFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}
