import type { EvictionAnnotations } from "../kubernetes/platform.ts";
import {
  annotationField,
  annotationOf,
  annotationPath,
  type LifecycleField,
  type OnUserChoice,
} from "./lifecycle-field.ts";

/** Whether autoscalers may evict a Pod. */
export type Eviction = "Protect" | "Allow";

/**
 * The annotations by which autoscalers are told, each on its own: a job may bring one of them, such as a duration for
 * Karpenter's do-not-disrupt. What only the other choice names must not be there: it says the contrary.
 */
export function evictionField(
  eviction: Eviction,
  { protect, allow }: EvictionAnnotations,
  onUserChoice: OnUserChoice,
): LifecycleField {
  const [own, other] = eviction === "Protect" ? [protect, allow] : [allow, protect];
  const wanted = Object.entries(own);
  const unwanted = Object.keys(other).filter((key) => !Object.hasOwn(own, key));
  const summary = eviction === "Protect" ? "protected from eviction" : "may be evicted";
  return {
    claims: wanted.map(([key, value]) => [annotationField(key), value]),
    writes: [...Object.keys(own), ...unwanted].map(annotationPath),
    apply: (draft, _subject, { done, replaced, kept }) => {
      const mark = draft.mark();
      for (const [key, value] of wanted) {
        const field = annotationField(key);
        if (!draft.claim(field)) continue; // a policy of higher priority has spoken
        const found = annotationOf(draft, key);
        if (found === value) continue;
        if (found !== undefined && onUserChoice === "Keep") {
          kept.push(`${field} stays as the job has it`);
          continue;
        }
        draft.set(annotationPath(key), value);
        if (found !== undefined) replaced.push(`${field} replaced: '${value}'`);
      }
      for (const key of unwanted) {
        const field = annotationField(key);
        if (!draft.claim(field) || annotationOf(draft, key) === undefined) continue;
        if (onUserChoice === "Keep") {
          kept.push(`${field} stays as the job has it`);
          continue;
        }
        draft.remove(annotationPath(key));
        replaced.push(`${field} taken away`);
      }
      if (draft.isChangedSince(mark)) done.push(summary);
    },
  };
}
