import type { FinishedDriver, LeftReason } from "../spark/finished-driver.ts";
import type { SparkClaim } from "../spark/orphaned-claim.ts";

/**
 * What came of a driver past its time to live: `due`: nothing yet; `deleted`; `gone`: somebody else had deleted it; `changed`: it is
 * not what was seen, and stays; `failed`: it could not be deleted, or nobody knows; `not-tried`: the sweep ended before.
 */
export type SweepOutcome = "due" | "deleted" | "gone" | "changed" | "failed" | "not-tried";

export interface SweptDriver extends FinishedDriver {
  readonly outcome: SweepOutcome;
  /** Why it failed, in a line. */
  readonly text?: string;
}

/** A Pod that stays. */
export interface LeftPod {
  readonly namespace: string;
  readonly name: string;
  readonly reason: LeftReason;
  readonly text?: string;
}

/** A claim that no application needs any more. */
export interface OrphanedClaim extends SparkClaim {
  readonly why: "no owner" | "its owner is gone";
}

/** All that one sweep saw and did. */
export interface SweepReport {
  /** Milliseconds since 1970: by when it was judged. */
  readonly at: number;
  /** False: a dry run. */
  readonly deletes: boolean;
  readonly drivers: readonly SweptDriver[];
  readonly left: readonly LeftPod[];
  readonly claims: readonly OrphanedClaim[];
  /** What could not be looked at or done, beside drivers that failed, in a line each. */
  readonly problems: readonly string[];
}

/** Whether something was not looked at or not done: the report is not all that there is. */
export function isPartial({ drivers, problems }: SweepReport): boolean {
  return (
    problems.length > 0 ||
    drivers.some(({ outcome }) => outcome === "failed" || outcome === "not-tried")
  );
}
