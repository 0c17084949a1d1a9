import type { Subject } from "../spark/subject.ts";
import type { PodChange, PolicyOutcome } from "./decision.ts";
import type { FieldChange } from "./draft.ts";
import { messageOf, type MatchingPolicy } from "./matching.ts";
import type { CompiledPolicy, Effect, Violation } from "./policy.ts";

/** What policies change, one after the other: it remembers what was changed, and can be rolled back. */
export interface Workpiece<M> {
  readonly mark: () => M;
  readonly rollBack: (mark: M) => void;
  readonly changesSince: (mark: M) => readonly FieldChange[];
  readonly claimsSince: (mark: M) => readonly string[];
}

/** How policies deal with one surface. */
export interface Handling<S extends Subject, M, W extends Workpiece<M>> {
  readonly open: () => W;
  /** Whether a policy changes such a subject at all. */
  readonly mutates: (policy: CompiledPolicy, subject: S) => boolean;
  /** Has it make its changes. */
  readonly mutate: (policy: CompiledPolicy, subject: S, work: W) => Effect | undefined;
  /** What was changed since a mark, to be shown whole; undefined where the fields tell it all. */
  readonly changeSince: (mark: M, work: W) => PodChange | undefined;
  /** Judges the object as all policies have left it. */
  readonly judge: (entry: Progress<S>, work: W) => readonly Violation[];
  /** Whether violations are of Sparkgate's own making: the object as it was sent has none. */
  readonly isOwnMaking: (entry: Progress<S>, work: W) => boolean;
}

/** What becomes of one policy while a run goes on. */
export interface Progress<S extends Subject> {
  readonly matching: MatchingPolicy<S>;
  effect: Effect | undefined;
  changes: readonly FieldChange[];
  change: PodChange | undefined;
  claimed: readonly string[];
  violations: readonly Violation[];
  ownMaking: boolean;
  shadowedBy: string | undefined;
}

const NONE: readonly never[] = [];

/** Applies all mutations in order, then judges the result. */
export function runPolicies<S extends Subject, M, W extends Workpiece<M>>(
  policies: readonly MatchingPolicy<S>[],
  handling: Handling<S, M, W>,
): { readonly outcomes: readonly PolicyOutcome[]; readonly work: W } {
  const errors = new Map<string, string>();
  for (const { policy, error } of policies) {
    if (error !== undefined) errors.set(policy.name, error);
  }
  for (;;) {
    const work = handling.open();
    const progress = mutateAll(policies, handling, work, errors);
    // A policy that fails while judging may have changed the object, others may have built on it or stood back
    // for it: it is undone by doing the whole run again without it. It ends: each round excludes one more.
    if (judgeAll(progress, handling, work, errors)) continue;
    return { outcomes: progress.map((entry) => outcomeOf(entry, errors)), work };
  }
}

function mutateAll<S extends Subject, M, W extends Workpiece<M>>(
  policies: readonly MatchingPolicy<S>[],
  handling: Handling<S, M, W>,
  work: W,
  errors: Map<string, string>,
): readonly Progress<S>[] {
  const winners = new Map<string, string>();
  return policies.map((matching) => {
    const { policy, subject } = matching;
    // Of a conf one policy may win for the drivers, and another for the executors.
    const contest = policy.combine === "one" ? subject.role + policy.rule : undefined;
    const entry: Progress<S> = {
      matching,
      effect: undefined,
      changes: NONE,
      change: undefined,
      claimed: NONE,
      violations: NONE,
      ownMaking: false,
      shadowedBy:
        contest !== undefined && matching.exception === undefined
          ? winners.get(contest)
          : undefined,
    };
    if (isLeftOut(entry) || errors.has(policy.name)) return entry;
    if (!handling.mutates(policy, subject)) {
      if (contest !== undefined) winners.set(contest, policy.name);
      return entry;
    }
    const mark = work.mark();
    try {
      entry.effect = handling.mutate(policy, subject, work);
      entry.changes = work.changesSince(mark);
      entry.claimed = work.claimsSince(mark);
      if (entry.changes.length > 0) entry.change = handling.changeSince(mark, work);
      if (contest !== undefined) winners.set(contest, policy.name);
    } catch (error) {
      work.rollBack(mark);
      errors.set(policy.name, messageOf(error));
    }
    return entry;
  });
}

/** Whether a policy matches and yet is not applied. */
function isLeftOut<S extends Subject>({ shadowedBy, matching }: Progress<S>): boolean {
  return shadowedBy !== undefined || matching.exception !== undefined;
}

/** Returns true where a policy failed. */
function judgeAll<S extends Subject, M, W extends Workpiece<M>>(
  progress: readonly Progress<S>[],
  handling: Handling<S, M, W>,
  work: W,
  errors: Map<string, string>,
): boolean {
  let failed = false;
  for (const entry of progress) {
    const { policy } = entry.matching;
    if (isLeftOut(entry) || errors.has(policy.name)) continue;
    try {
      entry.violations = handling.judge(entry, work);
      entry.ownMaking = entry.violations.length > 0 && handling.isOwnMaking(entry, work);
    } catch (error) {
      errors.set(policy.name, messageOf(error));
      failed = true;
    }
  }
  return failed;
}

function outcomeOf<S extends Subject>(
  entry: Progress<S>,
  errors: ReadonlyMap<string, string>,
): PolicyOutcome {
  const { effect, changes, change, violations, shadowedBy } = entry;
  const { policy, subject, mode, modeFrom, exception } = entry.matching;
  const error = errors.get(policy.name);
  const bad = violations.length > 0 || (error !== undefined && policy.onError === "Deny");
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
    refuses: bad && mayRefuse(entry, subject),
  };
}

/** A conf is refused before there is any executor: it hangs no job. */
function mayRefuse<S extends Subject>({ matching, ownMaking }: Progress<S>, subject: S): boolean {
  if (subject.surface !== "pod" || subject.role !== "executor") return true;
  return matching.policy.denyExecutors && !matching.lapsed && !ownMaking;
}

/** Told with what else was not done. */
function withDoubt(effect: Effect | undefined, doubt: string | undefined): Effect | undefined {
  if (doubt === undefined) return effect;
  const { kept, ...rest } = effect ?? { summary: undefined, replaced: [], kept: [] };
  return { ...rest, kept: [...kept, doubt] };
}
