import { APPLIED_ANNOTATION } from "../engine/applied.ts";
import type { Decided, PolicyOutcome } from "../engine/decision.ts";

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
  decision: Decided,
): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = { "policy-set": policySet };
  const { enforced, preview } = decision;
  const applied = enforced.refused ? undefined : appliedBy(decision);
  if (applied !== undefined) annotations["applied"] = cut(applied);
  const named = new Map<string, Set<string>>();
  for (const outcome of enforced.outcomes) nameUnder(named, enforcedKeys(outcome), outcome);
  for (const outcome of preview?.outcomes ?? []) nameUnder(named, previewKeys(outcome), outcome);
  for (const [key, policies] of named) annotations[key] = cut([...policies].join(","));
  return annotations;
}

function appliedBy(decision: Decided): string | undefined {
  const { subject, enforced } = decision;
  if (subject.stage !== "mutating") return undefined;
  if (decision.kind === "decided")
    return decision.enforced.pod.metadata?.annotations?.[APPLIED_ANNOTATION];
  // Of a conf which keys were set: its values are in the conf, for those who may read that.
  const keys = enforced.outcomes.flatMap(({ changes }) => changes.map(({ path }) => path));
  return keys.length > 0 ? keys.join(",") : undefined;
}

const NONE: readonly never[] = [];

function enforcedKeys({ refuses, violations, error, exception }: PolicyOutcome): readonly string[] {
  if (exception !== undefined) return ["excepted-from"];
  if (refuses) return ["refused-by"];
  return violations.length > 0 || error !== undefined ? ["not-refused"] : NONE;
}

function previewKeys({ mode, refuses, changes, exception }: PolicyOutcome): readonly string[] {
  if (exception !== undefined) return ["excepted-from"];
  if (mode === "Enforce") return NONE;
  const keys = refuses ? ["would-be-refused-by"] : [];
  return changes.length > 0 ? [...keys, "would-be-changed-by"] : keys;
}

function nameUnder(
  named: Map<string, Set<string>>,
  keys: readonly string[],
  { policy }: PolicyOutcome,
): void {
  for (const key of keys) {
    const policies = named.get(key);
    if (policies === undefined) named.set(key, new Set([policy]));
    else policies.add(policy);
  }
}

function cut(text: string): string {
  return text.length > LONGEST_AUDIT_VALUE
    ? `${text.slice(0, LONGEST_AUDIT_VALUE - 3).toWellFormed()}...`
    : text;
}
