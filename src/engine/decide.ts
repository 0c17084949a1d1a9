import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { recognize, type Subject } from "../spark/subject.ts";
import { recordApplied } from "./applied.ts";
import type { Decision, PolicyOutcome, Run } from "./decision.ts";
import { Draft, type FieldChange } from "./draft.ts";
import { isBypassed, type Facts } from "./facts.ts";
import { matchingPolicies, messageOf, type MatchingPolicy } from "./matching.ts";
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
  if (isBypassed(facts)) return { kind: "skipped", reason: "bypass" };
  if (recognition.kind === "malformed") {
    return { ...recognition, refused: recognition.role !== "executor" };
  }
  const { subject } = recognition;
  const matching = matchingPolicies(set.byRole.get(subject.role) ?? [], subject, facts);
  const enforced = matching.filter(({ mode }) => mode === "Enforce");
  const all = enforced.length === matching.length;
  const situation: Situation = { subject, facts, loaded: set.names };
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
}

/** What becomes of one policy while a run goes on. */
interface Progress extends MatchingPolicy {
  effect: Effect | undefined;
  changes: readonly FieldChange[];
  violations: readonly Violation[];
  shadowedBy: string | undefined;
}

/** Applies all mutations in order, then judges the result. */
function run(policies: readonly MatchingPolicy[], situation: Situation): Run {
  const { subject, loaded } = situation;
  const errors = new Map<string, string>();
  for (const { policy, error } of policies) {
    if (error !== undefined) errors.set(policy.name, error);
  }
  for (;;) {
    const draft = new Draft(subject.pod);
    const progress = mutateAll(policies, situation, draft, errors);
    // A policy that fails while judging may have changed the draft, others may have built on it or stood back
    // for it: it is undone by doing the whole run again without it. It ends: each round excludes one more.
    if (judgeAll(progress, situation, draft, errors)) continue;
    const outcomes = progress.map((entry) => outcomeOf(entry, subject, errors));
    const refused = outcomes.some((outcome) => outcome.refuses);
    // What the draft shows there is what would have to be done again; nobody does it.
    if (subject.stage !== "mutating")
      return { outcomes, operations: [], pod: subject.pod, refused };
    // Where nothing is enforced nothing is touched, not even an annotation that is not ours.
    if (policies.length > 0) recordApplied(draft, outcomes, loaded);
    return { outcomes, operations: draft.operations, pod: draft.pod, refused };
  }
}

function mutateAll(
  policies: readonly MatchingPolicy[],
  { subject, facts }: Situation,
  draft: Draft,
  errors: Map<string, string>,
): readonly Progress[] {
  const winners = new Map<string, string>();
  return policies.map((matching) => {
    const { policy } = matching;
    const entry: Progress = {
      ...matching,
      effect: undefined,
      changes: [],
      violations: [],
      shadowedBy: policy.combine === "one" ? winners.get(policy.rule) : undefined,
    };
    if (entry.shadowedBy !== undefined || errors.has(policy.name)) return entry;
    const mark = draft.mark();
    try {
      // Nothing is ever mutated on UPDATE, so it is not asked what would be.
      if (subject.stage !== "update") entry.effect = policy.mutate?.(draft, subject, facts);
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
  situation: Situation,
  draft: Draft,
  errors: Map<string, string>,
): boolean {
  let failed = false;
  for (const entry of progress) {
    const { policy } = entry;
    if (entry.shadowedBy !== undefined || errors.has(policy.name)) continue;
    try {
      entry.violations = judge(policy, situation, draft, entry.changes.length > 0);
    } catch (error) {
      errors.set(policy.name, messageOf(error));
      failed = true;
    }
  }
  return failed;
}

/** @param undone whether the policy would have to make changes again, after all mutating webhooks were called */
function judge(
  policy: CompiledPolicy,
  { subject, facts }: Situation,
  draft: Draft,
  undone: boolean,
): readonly Violation[] {
  const { stage, pod, before } = subject;
  switch (stage) {
    case "mutating":
      return policy.judge?.(draft.pod, subject, facts) ?? [];
    case "validating":
      return [
        ...(policy.judge?.(pod, subject, facts) ?? []),
        ...(undone ? (policy.judgeFinal?.(pod, subject, facts) ?? []) : []),
      ];
    case "update":
      return policy.judgeUpdate?.(pod, before ?? pod, subject) ?? [];
  }
}

function outcomeOf(
  entry: Progress,
  subject: Subject,
  errors: ReadonlyMap<string, string>,
): PolicyOutcome {
  const { policy, mode, effect, changes, violations, shadowedBy } = entry;
  const error = errors.get(policy.name);
  const bad = violations.length > 0 || (error !== undefined && policy.onError === "Deny");
  return {
    policy: policy.name,
    rule: policy.rule,
    mode,
    effect,
    changes,
    violations,
    error,
    shadowedBy,
    refuses: bad && (subject.role !== "executor" || policy.denyExecutors),
  };
}
