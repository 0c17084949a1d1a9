import type { Subject } from "../spark/subject.ts";
import type { Facts } from "./facts.ts";
import type { CompiledPolicy, Mode, PolicyException } from "./policy.ts";
import { isInRollout } from "./rollout.ts";

/** How far a policy goes for a subject, and why. */
export interface EffectiveMode {
  readonly mode: Mode;
  /** What it comes from: `spec.mode`, `spec.modeOverrides[0]`, `spec.enforceFrom`, `spec.rollout`, `--mode`, `default`. */
  readonly modeFrom: string;
}

/** A policy that speaks of a subject. */
export interface MatchingPolicy extends EffectiveMode {
  readonly policy: CompiledPolicy;
  /** Why it could not be told whether it matches, in which mode, or whether an exception holds. */
  readonly error: string | undefined;
  /** The exception because of which it is not applied. */
  readonly exception: PolicyException | undefined;
  /** Whether an exception once held: a running job does not lose its executors by that. */
  readonly lapsed: boolean;
}

/**
 * The policies that speak of a subject. One of which that cannot be told is taken for a match, in the strictest mode
 * that it may have: the failure is told, never a pass.
 */
export function matchingPolicies(
  policies: readonly CompiledPolicy[],
  subject: Subject,
  facts: Facts,
): readonly MatchingPolicy[] {
  const matching: MatchingPolicy[] = [];
  for (const policy of policies) {
    try {
      if (policy.mismatch(subject, facts) !== undefined) continue;
      const written = writtenMode(policy, subject, facts);
      matching.push({
        policy,
        ...effectiveMode(policy, written, subject, facts),
        error: undefined,
        ...exceptionFor(policy, subject, facts),
      });
    } catch (error) {
      matching.push({
        policy,
        ...effectiveMode(policy, strictestMode(policy), subject, facts),
        error: messageOf(error),
        exception: undefined,
        lapsed: false,
      });
    }
  }
  return matching;
}

function writtenMode(policy: CompiledPolicy, subject: Subject, facts: Facts): EffectiveMode {
  const { mode, modeFrom, modeOverrides } = policy;
  const index = modeOverrides.findIndex(({ matches }) => matches(subject, facts));
  const override = modeOverrides[index];
  if (override === undefined) return { mode, modeFrom };
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
  const { enforceFrom, rolloutPercent } = policy;
  // Out of the rollout first: whoever is not to be enforced on is not to be warned of a date either.
  if (!isInRollout(rolloutPercent, subject)) return { mode: "Audit", modeFrom: "spec.rollout" };
  if (enforceFrom !== undefined && facts.at < enforceFrom.at) {
    return { mode: "Warn", modeFrom: "spec.enforceFrom" };
  }
  return written;
}

function exceptionFor(
  { exceptions }: CompiledPolicy,
  subject: Subject,
  facts: Facts,
): Pick<MatchingPolicy, "exception" | "lapsed"> {
  let lapsed = false;
  for (const exception of exceptions) {
    if (!exception.covers(subject, facts)) continue;
    if (facts.at < exception.terms.expiresAt) return { exception, lapsed: false };
    lapsed = true;
  }
  return { exception: undefined, lapsed };
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
