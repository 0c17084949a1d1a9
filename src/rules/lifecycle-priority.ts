import { quoted } from "../engine/text.ts";
import type { LifecycleField, OnUserChoice } from "./lifecycle-field.ts";

const FIELD = "spec.priorityClassName";

/**
 * The PriorityClass of a Pod. The API server's Priority plugin came before us and wrote down what the class that the Pod had,
 * or none, comes to; it comes again after us, and refuses what does not go with the new one
 * (plugin/pkg/admission/priority admitPod). So that is taken out for it to write anew.
 *
 * It also gives a Pod without a class the global default's name, which cannot be told from the job's own choice.
 */
export function priorityField(name: string, onUserChoice: OnUserChoice): LifecycleField {
  const derived = ["priority", "preemptionPolicy"];
  return {
    claims: [[FIELD, name]],
    writes: ["priorityClassName", ...derived].map((key) => ["spec", key]),
    apply: (draft, _subject, { done, replaced, kept }) => {
      if (!draft.claim(FIELD)) return;
      const found = draft.pod.spec?.priorityClassName ?? "";
      if (found === name) return;
      if (found !== "" && onUserChoice === "Keep") {
        kept.push(`${FIELD} ${quoted(found)} stays: the job's own, or the cluster's default`);
        return;
      }
      draft.set(["spec", "priorityClassName"], name);
      for (const key of derived) draft.remove(["spec", key]);
      if (found === "") done.push(`priorityClassName ${name}`);
      else replaced.push(`${FIELD} ${quoted(found)} replaced: ${quoted(name)}`);
    },
  };
}
