import { quoted } from "../engine/text.ts";
import { TTL_ANNOTATION } from "../spark/time-to-live.ts";
import {
  annotationField,
  annotationOf,
  annotationPath,
  type LifecycleField,
  type OnUserChoice,
} from "./lifecycle-field.ts";

const DEADLINE = "spec.activeDeadlineSeconds";
const TTL = annotationField(TTL_ANNOTATION);

/**
 * How long a Pod may run. Not one that its controller would replace at once: there the time would end nothing, and
 * Kubernetes itself refuses it in templates of StatefulSets and ReplicaSets (pkg/apis/apps/validation).
 */
export function deadlineField(wanted: number, onUserChoice: OnUserChoice): LifecycleField {
  return {
    claims: [[DEADLINE, String(wanted)]],
    writes: [["spec", "activeDeadlineSeconds"]],
    apply: (draft, _subject, { done, replaced, kept }) => {
      if (!draft.claim(DEADLINE)) return;
      const { activeDeadlineSeconds: found, restartPolicy } = draft.pod.spec ?? {};
      if (found != null && found <= wanted) return;
      if (restartPolicy === "Always") {
        kept.push(`${DEADLINE} not set: with restartPolicy Always the Pod would come again`);
        return;
      }
      if (found != null && onUserChoice === "Keep") {
        kept.push(`${DEADLINE} ${found} stays as the job has it`);
        return;
      }
      draft.set(["spec", "activeDeadlineSeconds"], wanted);
      if (found == null) done.push(`activeDeadlineSeconds ${wanted}`);
      else replaced.push(`${DEADLINE} ${found} replaced: ${wanted}`);
    },
  };
}

/** How long a finished driver stays, for `sparkgate sweep`. Executors go with their driver. */
export function timeToLiveField(wanted: number, onUserChoice: OnUserChoice): LifecycleField {
  return {
    claims: [[TTL, String(wanted)]],
    writes: [annotationPath(TTL_ANNOTATION)],
    apply: (draft, { role }, { done, replaced, kept }) => {
      if (role !== "driver" || !draft.claim(TTL)) return;
      const found = annotationOf(draft, TTL_ANNOTATION);
      if (found !== undefined && /^\d{1,10}$/.test(found) && Number(found) <= wanted) return;
      if (found !== undefined && onUserChoice === "Keep") {
        kept.push(`${TTL} ${quoted(found)} stays as the job has it`);
        return;
      }
      draft.set(annotationPath(TTL_ANNOTATION), String(wanted));
      if (found === undefined) done.push(`may be deleted ${wanted} s after its end`);
      else replaced.push(`${TTL} ${quoted(found)} replaced: ${quoted(String(wanted))}`);
    },
  };
}
