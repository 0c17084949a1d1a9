import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { recognize, type Subject } from "../spark/subject.ts";
import { recordApplied } from "./applied.ts";
import type { Decision, PolicyOutcome, Run } from "./decision.ts";
import { Draft, type FieldChange } from "./draft.ts";
import type { Facts } from "./facts.ts";
import type { PolicySet } from "./policy-set.ts";
import type { CompiledPolicy, Effect, Violation } from "./policy.ts";

/**
 * Decides what becomes of an object: all findings, the patch and the verdict. A pure function: the same
 * policies, object and facts give the same decision, on every replica, after every restart, in a dry run.
 * Never throws: a policy that fails is an outcome of that policy.
 */
export function decide(set: PolicySet, admitted: AdmittedObject, facts: Facts): Decision {
  const recognition = recognize(admitted);
  if (recognition.kind === "skipped") return recognition;
  if (recognition.kind === "malformed") {
    return { ...recognition, refused: recognition.role !== "executor" };
  }
  const { subject } = recognition;
  const failed = new Map<string, string>();
  const matching = (set.byRole.get(subject.role) ?? []).filter((policy) => {
    try {
      return policy.matches(subject, facts);
    } catch (error) {
      failed.set(policy.name, messageOf(error)); // taken for a match: the failure is told, never a pass
      return true;
    }
  });
  const enforced = matching.filter((policy) => policy.mode === "Enforce");
  const all = enforced.length === matching.length;
  const situation: Situation = { subject, facts, loaded: set.names, failed };
  return {
    kind: "decided",
    subject,
    enforced: run(enforced, situation),
    preview: all ? undefined : run(matching, situation),
  };
}

/** What a run is about; the same for both runs of a decision. */
interface Situation {
  readonly subject: Subject;
  readonly facts: Facts;
  /** Names of all policies. */
  readonly loaded: ReadonlySet<string>;
  /** Policies of which it could not be told whether they match, and why. */
  readonly failed: ReadonlyMap<string, string>;
}

/** What becomes of one policy while a run goes on. */
interface Progress {
  readonly policy: CompiledPolicy;
  effect: Effect | undefined;
  changes: readonly FieldChange[];
  violations: readonly Violation[];
  shadowedBy: string | undefined;
}

/** Applies all mutations in order, then judges the result. */
function run(policies: readonly CompiledPolicy[], situation: Situation): Run {
  const { subject, loaded } = situation;
  const errors = new Map(situation.failed);
  for (;;) {
    const draft = new Draft(subject.pod);
    const progress = mutateAll(policies, situation, draft, errors);
    // A policy that fails while judging may have changed the draft, others may have built on it or stood back
    // for it: it is undone by doing the whole run again without it. It ends: each round excludes one more.
    if (judgeAll(progress, situation, draft, errors)) continue;
    const outcomes = progress.map((entry) => outcomeOf(entry, subject, errors));
    // Where nothing is enforced nothing is touched, not even an annotation that is not ours.
    if (policies.length > 0) recordApplied(draft, outcomes, loaded);
    return {
      outcomes,
      operations: draft.operations,
      pod: draft.pod,
      refused: outcomes.some((outcome) => outcome.refuses),
    };
  }
}

function mutateAll(
  policies: readonly CompiledPolicy[],
  { subject, facts }: Situation,
  draft: Draft,
  errors: Map<string, string>,
): readonly Progress[] {
  const winners = new Map<string, string>();
  return policies.map((policy) => {
    const entry: Progress = {
      policy,
      effect: undefined,
      changes: [],
      violations: [],
      shadowedBy: policy.combine === "one" ? winners.get(policy.rule) : undefined,
    };
    if (entry.shadowedBy !== undefined || errors.has(policy.name)) return entry;
    const mark = draft.mark();
    try {
      entry.effect = policy.mutate?.(draft, subject, facts);
      entry.changes = draft.changesSince(mark);
      winners.set(policy.rule, policy.name);
    } catch (error) {
      draft.rollBack(mark);
      errors.set(policy.name, messageOf(error));
    }
    return entry;
  });
}

/** Returns true where a policy failed. */
function judgeAll(
  progress: readonly Progress[],
  { subject, facts }: Situation,
  draft: Draft,
  errors: Map<string, string>,
): boolean {
  let failed = false;
  for (const entry of progress) {
    const { policy } = entry;
    if (entry.shadowedBy !== undefined || errors.has(policy.name)) continue;
    try {
      entry.violations = policy.judge?.(draft.pod, subject, facts) ?? [];
    } catch (error) {
      errors.set(policy.name, messageOf(error));
      failed = true;
    }
  }
  return failed;
}

function outcomeOf(
  entry: Progress,
  subject: Subject,
  errors: ReadonlyMap<string, string>,
): PolicyOutcome {
  const { policy, effect, changes, violations, shadowedBy } = entry;
  const error = errors.get(policy.name);
  const bad = violations.length > 0 || (error !== undefined && policy.onError === "Deny");
  return {
    policy: policy.name,
    rule: policy.rule,
    mode: policy.mode,
    effect,
    changes,
    violations,
    error,
    shadowedBy,
    refuses: bad && (subject.role !== "executor" || policy.denyExecutors),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
