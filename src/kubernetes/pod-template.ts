import { isRecord } from "./json.ts";

/** A Pod, or the template of one inside another object. */
export interface FoundPod {
  /** Where it is in the object: empty for a Pod itself. */
  readonly path: readonly string[];
  /** As it was written; not yet checked to be a Pod. */
  readonly value: Readonly<Record<string, unknown>>;
}

/** Where kinds keep their Pod template; the others of apps/v1 and batch/v1 have it at spec.template. */
const TEMPLATE_PATHS: readonly (readonly string[])[] = [
  ["spec", "template"],
  ["spec", "jobTemplate", "spec", "template"],
  ["template"],
];

/**
 * Finds the Pod in an object: the object itself, or the template of a Deployment, Job, CronJob, PodTemplate
 * or any other kind that keeps one in the same place. Undefined for what holds no Pod.
 */
export function findPod(object: unknown): FoundPod | undefined {
  if (!isRecord(object)) return undefined;
  if (object["kind"] === "Pod") return { path: [], value: object };
  for (const path of TEMPLATE_PATHS) {
    const value = path.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), object);
    if (isRecord(value) && isRecord(value["spec"]) && "containers" in value["spec"]) {
      return { path, value };
    }
  }
  return undefined;
}
