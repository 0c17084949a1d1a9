import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseQuantity } from "../../../src/kubernetes/quantity.ts";
import type { Pod, Volume } from "../pod.ts";

const BLOCK_BYTES = 512;

/**
 * Why a Pod is evicted for what it wrote to its node, in the kubelet's words (pkg/kubelet/eviction/eviction_manager.go,
 * helpers.go); undefined where it may stay. What is measured are its emptyDirs on disk.
 */
export function evictionOf(pod: Pod, volumes: ReadonlyMap<string, string>): string | undefined {
  const onDisk = (pod.spec.volumes ?? []).filter(
    ({ emptyDir }) => emptyDir !== undefined && emptyDir.medium !== "Memory",
  );
  const used = (volume: Volume): number => bytesIn(volumes.get(volume.name) ?? "");
  const full = onDisk.find((volume) => {
    const limit = parseQuantity(volume.emptyDir?.sizeLimit ?? "");
    return limit !== undefined && used(volume) > limit;
  });
  if (full !== undefined) {
    return `Usage of EmptyDir volume "${full.name}" exceeds the limit "${full.emptyDir?.sizeLimit ?? ""}". `;
  }
  const limits = pod.spec.containers.flatMap(
    ({ resources }) => resources?.limits?.["ephemeral-storage"] ?? [],
  );
  const limit = sum(limits.map((each) => parseQuantity(each) ?? 0));
  if (limits.length === 0 || sum(onDisk.map(used)) <= limit) return undefined;
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${limits.join(" + ")}. `;
}

function bytesIn(path: string): number {
  try {
    const entry = lstatSync(path);
    const inside = entry.isDirectory() ? readdirSync(path) : [];
    return entry.blocks * BLOCK_BYTES + sum(inside.map((name) => bytesIn(join(path, name))));
  } catch {
    return 0; // files come and go meanwhile
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
