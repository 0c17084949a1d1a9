import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

export const ROOT = join(import.meta.dirname, "../../..");

/** Runs the CLI as its users start it: a process, its output and its exit code. */
export function sparkgate(args: readonly string[], input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/cli.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
    input,
  });
  return { status, stdout, stderr };
}

const folder = mkdtempSync(join(tmpdir(), "sparkgate-cli-"));

after(() => {
  rmSync(folder, { recursive: true });
});

/** Writes a file that is there until the tests end, and returns its path. */
export function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
