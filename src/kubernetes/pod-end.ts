import { itemsAt, valueAt } from "./json.ts";
import { parseTimestamp } from "./timestamp.ts";

/**
 * When a Pod in phase Succeeded or Failed ended, and never earlier than that. Where all containers say when they finished, it
 * is the last of those. Where they do not (evicted, its node lost, refused by the kubelet), it is when its status was last
 * written, which is when its phase was, or later: `startTime`, the conditions and creationTimestamp may be weeks older than the end.
 * @returns milliseconds since 1970; undefined where nothing says it
 */
export function podEnd(pod: unknown): number | undefined {
  const created = timeAt(pod, "metadata", "creationTimestamp") ?? -Infinity;
  const finished = finishTimes(pod).filter((at) => at !== undefined && at >= created);
  const containers = itemsAt(pod, "spec", "containers").length;
  const said = itemsAt(pod, "status", "containerStatuses").length;
  const isComplete = said > 0 && said >= containers && finished.length === said;
  if (isComplete) return latest(finished);
  const written = statusWrites(pod);
  return written.length === 0 ? undefined : latest([...written, ...finished, ...transitions(pod)]);
}

/** Of each container; undefined for one that says none: a kubelet that lost sight of a container writes null, some write 1970. */
function finishTimes(pod: unknown): readonly (number | undefined)[] {
  return itemsAt(pod, "status", "containerStatuses").map((status) =>
    timeAt(status, "state", "terminated", "finishedAt"),
  );
}

/**
 * When each writer of the status wrote it last. An entry's time is the API server's, and changes with every value of the
 * writer's (apimachinery ManagedFieldsEntry.Time).
 */
function statusWrites(pod: unknown): readonly number[] {
  return itemsAt(pod, "metadata", "managedFields")
    .filter((entry) => valueAt(entry, "subresource") === "status")
    .map((entry) => timeAt(entry, "time"))
    .filter((at) => at !== undefined);
}

function transitions(pod: unknown): readonly number[] {
  return itemsAt(pod, "status", "conditions")
    .map((condition) => timeAt(condition, "lastTransitionTime"))
    .filter((at) => at !== undefined);
}

function latest(times: readonly (number | undefined)[]): number {
  return Math.max(...times.map((at) => at ?? -Infinity));
}

function timeAt(value: unknown, ...path: readonly string[]): number | undefined {
  const text = valueAt(value, ...path);
  return typeof text === "string" ? parseTimestamp(text) : undefined;
}
