import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { recognize, type Subject } from "../spark/subject.ts";
import { recordApplied } from "./applied.ts";
import type { Decision, PodChange, PolicyOutcome, Run } from "./decision.ts";
import { Draft, type FieldChange } from "./draft.ts";
import { isBypassed, type Facts } from "./facts.ts";
import { matchingPolicies, messageOf, type MatchingPolicy } from "./matching.ts";
import type { PolicySet } from "./policy-set.ts";
import type { Effect, Violation } from "./policy.ts";

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
  const candidates = set.candidates(subject.role, subject.namespace);
  const matching = matchingPolicies(candidates, subject, facts);
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
interface Progress {
  readonly matching: MatchingPolicy;
  effect: Effect | undefined;
  changes: readonly FieldChange[];
  change: PodChange | undefined;
  claimed: readonly string[];
  violations: readonly Violation[];
  /** Whether the violations are of Sparkgate's own making: there are none in the Pod as it was sent. */
  ownMaking: boolean;
  shadowedBy: string | undefined;
}

const NONE: readonly never[] = [];

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
      matching,
      effect: undefined,
      changes: NONE,
      change: undefined,
      claimed: NONE,
      violations: NONE,
      ownMaking: false,
      shadowedBy:
        policy.combine === "one" && matching.exception === undefined
          ? winners.get(policy.rule)
          : undefined,
    };
    if (isLeftOut(entry) || errors.has(policy.name)) return entry;
    // Nothing is ever mutated on UPDATE, so it is not asked what would be.
    if (policy.mutate === undefined || subject.stage === "update") {
      if (policy.combine === "one") winners.set(policy.rule, policy.name);
      return entry;
    }
    const mark = draft.mark();
    try {
      entry.effect = policy.mutate(draft, subject, facts);
      entry.changes = draft.changesSince(mark);
      entry.claimed = draft.claimsSince(mark);
      if (entry.changes.length > 0) entry.change = { before: mark.pod, after: draft.pod };
      if (policy.combine === "one") winners.set(policy.rule, policy.name);
    } catch (error) {
      draft.rollBack(mark);
      errors.set(policy.name, messageOf(error));
    }
    return entry;
  });
}

/** Whether a policy matches and yet is not applied. */
function isLeftOut({ shadowedBy, matching }: Progress): boolean {
  return shadowedBy !== undefined || matching.exception !== undefined;
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
    const { policy } = entry.matching;
    if (isLeftOut(entry) || errors.has(policy.name)) continue;
    try {
      entry.violations = judge(entry, situation, draft);
      entry.ownMaking = isOwnMaking(entry, situation, draft);
    } catch (error) {
      errors.set(policy.name, messageOf(error));
      failed = true;
    }
  }
  return failed;
}

function judge(
  { matching: { policy }, changes, claimed }: Progress,
  { subject, facts }: Situation,
  draft: Draft,
): readonly Violation[] {
  const { stage, pod, before } = subject;
  switch (stage) {
    case "mutating":
      return policy.judge?.(draft.pod, subject, facts, claimed) ?? NONE;
    case "validating": {
      // Whether the policy would have to make changes again, after all mutating webhooks were called.
      const undone = changes.length > 0;
      return [
        ...(policy.judge?.(pod, subject, facts, claimed) ?? []),
        ...(undone ? (policy.judgeFinal?.(pod, subject, facts) ?? []) : []),
      ];
    }
    case "update":
      return policy.judgeUpdate?.(pod, before ?? pod, subject) ?? [];
  }
}

/**
 * An executor is not refused for what policies did to it: another policy's date may have come while its job runs
 * (docs/decisions/0009). Looked at where it counts: a second look costs.
 */
function isOwnMaking(
  { matching: { policy }, violations, claimed }: Progress,
  { subject, facts }: Situation,
  draft: Draft,
): boolean {
  const mayRefuse = subject.role === "executor" && policy.denyExecutors;
  if (!mayRefuse || violations.length === 0 || draft.operations.length === 0) return false;
  return (policy.judge?.(subject.pod, subject, facts, claimed) ?? []).length === 0;
}

function outcomeOf(
  entry: Progress,
  subject: Subject,
  errors: ReadonlyMap<string, string>,
): PolicyOutcome {
  const { effect, changes, change, violations, shadowedBy } = entry;
  const { policy, mode, modeFrom, exception, lapsed } = entry.matching;
  const error = errors.get(policy.name);
  const bad = violations.length > 0 || (error !== undefined && policy.onError === "Deny");
  const mayRefuse =
    subject.role !== "executor" || (policy.denyExecutors && !lapsed && !entry.ownMaking);
  return {
    policy: policy.name,
    rule: policy.rule,
    mode,
    modeFrom,
    enforceFrom: modeFrom === "spec.enforceFrom" ? policy.enforceFrom?.text : undefined,
    documentation: policy.documentation,
    effect: isLeftOut(entry) ? effect : withDoubt(effect, entry.matching.doubt),
    changes,
    change,
    violations,
    error,
    shadowedBy,
    exception: exception?.terms,
    refuses: bad && mayRefuse,
  };
}

/** Told with what else was not done. */
function withDoubt(effect: Effect | undefined, doubt: string | undefined): Effect | undefined {
  if (doubt === undefined) return effect;
  const { kept, ...rest } = effect ?? { summary: undefined, replaced: [], kept: [] };
  return { ...rest, kept: [...kept, doubt] };
}
