import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CommandFailure, EXIT } from "./failure.ts";

const STDIN = "-";
const STDIN_DESCRIPTOR = 0;

/** A file, or standard input for `-`, as bytes. */
export function readBytes(file: string): Buffer {
  return reading(file, () => readFileSync(file === STDIN ? STDIN_DESCRIPTOR : file));
}

/** A file, or standard input for `-`, as text. */
export function readText(file: string): string {
  return readBytes(file).toString("utf8");
}

/** What `kubectl apply -k` reads of a folder; the documents that it names are ours. */
const KUSTOMIZATION = /^kustomization\.ya?ml$/;

/**
 * The file itself, or all YAML and JSON files below a folder in order of their paths; hidden ones and kustomizations are
 * passed over.
 */
export function listDocumentFiles(path: string): readonly string[] {
  if (path === STDIN) return [path];
  if (!reading(path, () => statSync(path)).isDirectory()) return [path];
  return reading(path, () => readdirSync(path, { withFileTypes: true }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      if (entry.name.startsWith(".") || KUSTOMIZATION.test(entry.name)) return [];
      // A mounted ConfigMap shows its files as links, so what a link leads to decides.
      if (reading(inside, () => statSync(inside)).isDirectory()) return listDocumentFiles(inside);
      return /\.(?:ya?ml|json)$/.test(entry.name) ? [inside] : [];
    });
}

function reading<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why = code === "ENOENT" ? "no such file or folder" : code;
    throw new CommandFailure(EXIT.badInput, [`${file}: ${why}`]);
  }
}
