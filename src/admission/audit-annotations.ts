import { APPLIED_ANNOTATION } from "../engine/applied.ts";
import type { PolicyOutcome, Run } from "../engine/decision.ts";
import type { Subject } from "../spark/subject.ts";

/**
 * Characters of an audit annotation's value. The API server sets no limit of its own; an audit log line of
 * more than some KiB is cut by those who collect it.
 */
const LONGEST_AUDIT_VALUE = 2048;

/**
 * For the API server's audit log. The values depend on the object alone: a second, different one for the same key
 * (reinvocation) is dropped by the API server with a line in its log.
 */
export function auditAnnotationsOf(
  policySet: string,
  { stage }: Subject,
  enforced: Run,
  preview: Run | undefined,
): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = { "policy-set": policySet };
  const applied = enforced.pod.metadata?.annotations?.[APPLIED_ANNOTATION];
  if (applied !== undefined && stage === "mutating" && !enforced.refused)
    annotations["applied"] = cut(applied);
  const refusing = enforced.outcomes.filter((outcome) => outcome.refuses);
  if (refusing.length > 0) annotations["refused-by"] = names(refusing);
  const spared = enforced.outcomes.filter(
    (outcome) => !outcome.refuses && (outcome.violations.length > 0 || outcome.error !== undefined),
  );
  if (spared.length > 0) annotations["not-refused"] = names(spared);
  const excepted = [...enforced.outcomes, ...(preview?.outcomes ?? [])].filter(
    (outcome) => outcome.exception !== undefined,
  );
  if (excepted.length > 0) annotations["excepted-from"] = names(excepted);
  const previewed = (preview?.outcomes ?? []).filter((outcome) => outcome.mode !== "Enforce");
  const wouldRefuse = previewed.filter((outcome) => outcome.refuses);
  if (wouldRefuse.length > 0) annotations["would-be-refused-by"] = names(wouldRefuse);
  const wouldChange = previewed.filter((outcome) => outcome.changes.length > 0);
  if (wouldChange.length > 0) annotations["would-be-changed-by"] = names(wouldChange);
  return annotations;
}

function names(outcomes: readonly PolicyOutcome[]): string {
  return cut([...new Set(outcomes.map((outcome) => outcome.policy))].join(","));
}

function cut(text: string): string {
  return text.length > LONGEST_AUDIT_VALUE ? `${text.slice(0, LONGEST_AUDIT_VALUE - 3)}...` : text;
}
