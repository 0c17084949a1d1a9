import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Makes a folder a file system of its own, in memory: who fills it gets "No space left on device". */
export function mountTmpfs(folder: string, bytes?: number): void {
  mkdirSync(folder, { recursive: true });
  const size = bytes === undefined ? [] : ["-o", `size=${bytes}`];
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", ...size, "tmpfs", folder], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`mount of ${folder}: ${stderr}`);
}

/** Removes a folder with all that {@link mountTmpfs} mounted in it. */
export function removeFolder(folder: string): void {
  const mounted = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path === folder || path.startsWith(`${folder}/`));
  for (const path of mounted.reverse()) {
    // Its memory is free at once, whoever still has it mounted.
    for (const entry of readdirSync(path)) rmSync(join(path, entry), { recursive: true });
    spawnSync("umount", ["--lazy", path]);
  }
  rmSync(folder, { recursive: true, force: true });
}
