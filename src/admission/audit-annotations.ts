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
  if (applied !== undefined && stage === "mutating" && !enforced.refused) {
    annotations["applied"] = cut(applied);
  }
  const named = new Map<string, Set<string>>();
  const name = (key: string, { policy }: PolicyOutcome) => {
    const policies = named.get(key);
    if (policies === undefined) named.set(key, new Set([policy]));
    else policies.add(policy);
  };
  for (const outcome of enforced.outcomes) {
    const { refuses, violations, error, exception } = outcome;
    if (refuses) name("refused-by", outcome);
    else if (violations.length > 0 || error !== undefined) name("not-refused", outcome);
    if (exception !== undefined) name("excepted-from", outcome);
  }
  for (const outcome of preview?.outcomes ?? []) {
    if (outcome.exception !== undefined) name("excepted-from", outcome);
    if (outcome.mode === "Enforce") continue;
    if (outcome.refuses) name("would-be-refused-by", outcome);
    if (outcome.changes.length > 0) name("would-be-changed-by", outcome);
  }
  for (const [key, policies] of named) annotations[key] = cut([...policies].join(","));
  return annotations;
}

function cut(text: string): string {
  return text.length > LONGEST_AUDIT_VALUE ? `${text.slice(0, LONGEST_AUDIT_VALUE - 3)}...` : text;
}
