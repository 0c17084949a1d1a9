import type { Subject } from "../spark/subject.ts";
import type { Facts } from "./facts.ts";
import type { CompiledPolicy, Mode, PolicyException } from "./policy.ts";
import type { PolicySet } from "./policy-set.ts";
import { isInRollout } from "./rollout.ts";

/** How far a policy goes for a subject, and why. */
export interface EffectiveMode {
  readonly mode: Mode;
  /** What it comes from: `spec.mode`, `spec.modeOverrides[0]`, `spec.enforceFrom`, `spec.rollout`, `--mode`, `default`. */
  readonly modeFrom: string;
}

/** A policy that speaks of a subject. */
export interface MatchingPolicy<S extends Subject = Subject> extends EffectiveMode {
  readonly policy: CompiledPolicy;
  readonly subject: S;
  /** Why it could not be told whether it matches, or in which mode. */
  readonly error: string | undefined;
  /** Why it could not be told whether an exception holds: the policy is applied as without it. */
  readonly doubt: string | undefined;
  /** The exception because of which it is not applied. */
  readonly exception: PolicyException | undefined;
  /** Whether an exception once held, or may have: a running job does not lose its executors by its end. */
  readonly lapsed: boolean;
}

/**
 * The policies that speak of a subject. One of which that cannot be told is taken for a match, in the strictest mode
 * that it may have: the failure is told, never a pass.
 */
export function matchingPolicies<S extends Subject>(
  set: PolicySet,
  subject: S,
  facts: Facts,
): readonly MatchingPolicy<S>[] {
  const matching: MatchingPolicy<S>[] = [];
  for (const policy of set.candidates(subject.surface, subject.role, subject.namespace)) {
    // Whoever does not judge UPDATEs has nothing to say of one, not even that it fails.
    if (isPodUpdate(subject) && policy.judgeUpdate === undefined) continue;
    const found = matchOne(policy, subject, facts);
    if (found !== undefined) matching.push(found);
  }
  return matching;
}

/** Of a Pod that is there only images can change; an application's spec makes new Pods. */
function isPodUpdate({ surface, stage }: Subject): boolean {
  return surface === "pod" && stage === "update";
}

function matchOne<S extends Subject>(
  policy: CompiledPolicy,
  subject: S,
  facts: Facts,
): MatchingPolicy<S> | undefined {
  let error: string | undefined;
  try {
    if (policy.mismatch(subject, facts) !== undefined) return undefined;
  } catch (thrown) {
    error = messageOf(thrown);
  }
  let written: EffectiveMode;
  try {
    written = writtenMode(policy, subject, facts);
  } catch (thrown) {
    error ??= messageOf(thrown);
    written = strictestMode(policy);
  }
  const leave = exceptionFor(policy, subject, facts);
  const { mode, modeFrom } = effectiveMode(policy, written, subject, facts);
  return {
    policy,
    subject,
    mode,
    modeFrom,
    // Who is excepted is, whatever else cannot be told of the policy.
    error: leave.exception === undefined ? error : undefined,
    doubt: leave.doubt,
    exception: leave.exception,
    lapsed: leave.lapsed,
  };
}

function writtenMode(policy: CompiledPolicy, subject: Subject, facts: Facts): EffectiveMode {
  const { modeOverrides } = policy;
  if (modeOverrides.length === 0) return policy;
  const index = modeOverrides.findIndex(({ matches }) => matches(subject, facts));
  const override = modeOverrides[index];
  if (override === undefined) return policy;
  return { mode: override.mode, modeFrom: `spec.modeOverrides[${index}]` };
}

/** What has been written for later, or for others, does not enforce. */
function effectiveMode(
  policy: CompiledPolicy,
  written: EffectiveMode,
  subject: Subject,
  facts: Facts,
): EffectiveMode {
  if (written.mode !== "Enforce") return written;
  const { enforceFrom } = policy;
  // Out of the rollout first: whoever is not to be enforced on is not to be warned of a date either.
  if (!isInRollout(policy, subject)) return { mode: "Audit", modeFrom: "spec.rollout" };
  if (enforceFrom !== undefined && facts.at < enforceFrom.at) {
    return { mode: "Warn", modeFrom: "spec.enforceFrom" };
  }
  return written;
}

interface Leave {
  readonly exception: PolicyException | undefined;
  readonly lapsed: boolean;
  /** Of an exception that has not ended, and may cover the subject. */
  readonly doubt: string | undefined;
}

const NO_LEAVE: Leave = { exception: undefined, lapsed: false, doubt: undefined };

/** The first exception that covers the subject, by name; one that fails stands in no other's way, and excepts nobody. */
function exceptionFor({ exceptions }: CompiledPolicy, subject: Subject, facts: Facts): Leave {
  if (exceptions.length === 0) return NO_LEAVE;
  let lapsed = false;
  let doubt: string | undefined;
  for (const exception of exceptions) {
    const { name, expiresAt } = exception.terms;
    const hasEnded = facts.at >= expiresAt;
    try {
      if (!exception.covers(subject, facts)) continue;
      if (!hasEnded) return { exception, lapsed: false, doubt: undefined };
      lapsed = true;
    } catch (thrown) {
      // It may have been meant for this executor, whose job would lose it.
      lapsed = true;
      if (!hasEnded) doubt ??= `exception ${name} not applied: ${messageOf(thrown)}`;
    }
  }
  return { exception: undefined, lapsed, doubt };
}

const STRICTEST_FIRST: readonly Mode[] = ["Enforce", "Warn", "Audit"];

function strictestMode({ mode, modeFrom, modeOverrides }: CompiledPolicy): EffectiveMode {
  const possible = [mode, ...modeOverrides.map((override) => override.mode)];
  const strictest = STRICTEST_FIRST.find((candidate) => possible.includes(candidate)) ?? mode;
  return { mode: strictest, modeFrom: strictest === mode ? modeFrom : "spec.modeOverrides" };
}

/** What is told of something that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
