import type { Subject } from "../spark/subject.ts";
import type { Facts } from "./facts.ts";
import type { CompiledPolicy, Mode } from "./policy.ts";

/** A policy that speaks of a subject, and how far it goes there. */
export interface MatchingPolicy {
  readonly policy: CompiledPolicy;
  readonly mode: Mode;
  /** Why it could not be told whether it matches, or in which mode. */
  readonly error: string | undefined;
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
      if (!policy.matches(subject, facts)) continue;
      const override = policy.modeOverrides.find(({ matches }) => matches(subject, facts));
      matching.push({ policy, mode: override?.mode ?? policy.mode, error: undefined });
    } catch (error) {
      matching.push({ policy, mode: strictestMode(policy), error: messageOf(error) });
    }
  }
  return matching;
}

const STRICTEST_FIRST: readonly Mode[] = ["Enforce", "Warn", "Audit"];

function strictestMode({ mode, modeOverrides }: CompiledPolicy): Mode {
  const possible = [mode, ...modeOverrides.map((override) => override.mode)];
  return STRICTEST_FIRST.find((candidate) => possible.includes(candidate)) ?? mode;
}

/** What is told of something that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
