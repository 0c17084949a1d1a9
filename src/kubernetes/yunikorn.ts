import { isRecord } from "./json.ts";
import { isPod } from "./pod-shape.ts";
import type { Pod } from "./pod.ts";

// yunikorn-k8shim pkg/common/constants/constants.go
const PLACEHOLDER = "yunikorn.apache.org/placeholder";
const TASK_GROUPS = "yunikorn.apache.org/task-groups";
const TASK_GROUP_NAME = "yunikorn.apache.org/task-group-name";

/** Whether a Pod only holds a place for one to come, in gang scheduling; it copies what the task group says. */
export function isPlaceholder(pod: Pod): boolean {
  return annotationOf(pod, PLACEHOLDER) === "true";
}

/** A group of Pods for which YuniKorn reserves nodes. */
export interface TaskGroup {
  readonly name: string;
  /** A Pod with the group's nodeSelector and affinity: what its placeholders ask for. Undefined: it cannot be read. */
  readonly placeholder: Pod | undefined;
}

/** The task group that a Pod belongs to and defines; undefined where it does not. Never throws. */
export function ownTaskGroup(pod: Pod): TaskGroup | undefined {
  const name = annotationOf(pod, TASK_GROUP_NAME);
  const text = annotationOf(pod, TASK_GROUPS);
  if (name === undefined || text === undefined) return undefined;
  let groups: unknown;
  try {
    groups = JSON.parse(text);
  } catch {
    return { name, placeholder: undefined };
  }
  if (!Array.isArray(groups)) return { name, placeholder: undefined };
  const group: unknown = groups.find((one: unknown) => isRecord(one) && one["name"] === name);
  if (!isRecord(group)) return undefined;
  const placeholder = {
    spec: { nodeSelector: group["nodeSelector"], affinity: group["affinity"] },
  };
  return { name, placeholder: isPod(placeholder) ? placeholder : undefined };
}

function annotationOf({ metadata }: Pod, key: string): string | undefined {
  const annotations = metadata?.annotations ?? {};
  return Object.hasOwn(annotations, key) ? annotations[key] : undefined;
}
