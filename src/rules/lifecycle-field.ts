import type { Draft, Path } from "../engine/draft.ts";
import type { PodSubject } from "../spark/subject.ts";

/** What becomes of a choice of the job's own. */
export type OnUserChoice = "Keep" | "Replace";

/** What is told of the changes to one Pod. */
export interface Told {
  readonly done: string[];
  readonly replaced: string[];
  readonly kept: string[];
}

/** One field of a lifecycle, compiled. */
export interface LifecycleField {
  /** What it sets, by field, for `validate` to compare policies by. */
  readonly claims: readonly (readonly [field: string, value: string])[];
  readonly writes: readonly (readonly string[])[];
  readonly apply: (draft: Draft, subject: PodSubject, told: Told) => void;
}

/** The field path of an annotation, for people. */
export function annotationField(key: string): string {
  return `metadata.annotations[${key}]`;
}

/** The path of an annotation. */
export function annotationPath(key: string): Path & readonly string[] {
  return ["metadata", "annotations", key];
}

/** The value of an annotation; undefined where there is none. */
export function annotationOf(draft: Draft, key: string): string | undefined {
  const annotations = draft.pod.metadata?.annotations;
  return annotations != null && Object.hasOwn(annotations, key) ? annotations[key] : undefined;
}
