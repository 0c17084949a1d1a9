import type { Pod } from "./pod.ts";

/** Kueue's own webhook sets the second one on the Pods that it manages (kueue pkg/controller/constants, jobs/pod). */
const LABELS: readonly string[] = ["kueue.x-k8s.io/queue-name", "kueue.x-k8s.io/managed"];

/** Whether Kueue chooses the nodes of a Pod: it puts in the selectors of a ResourceFlavor, and counts by them. */
export function isManagedByKueue(pod: Pod): boolean {
  const labels = pod.metadata?.labels ?? {};
  return LABELS.some((label) => Object.hasOwn(labels, label));
}
