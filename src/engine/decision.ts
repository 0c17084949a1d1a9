import type { Pod } from "../kubernetes/pod.ts";
import type { ShapeError } from "../kubernetes/pod-shape.ts";
import type { Role } from "../spark/role.ts";
import type { SkipReason, Subject } from "../spark/subject.ts";
import type { FieldChange, Operation } from "./draft.ts";
import type { Effect, Mode, Violation } from "./policy.ts";

/** What one policy came to for one object. */
export interface PolicyOutcome {
  readonly policy: string;
  readonly rule: string;
  readonly mode: Mode;
  readonly effect: Effect | undefined;
  /** The fields that it changed, in order. */
  readonly changes: readonly FieldChange[];
  readonly violations: readonly Violation[];
  /** Why it could not be evaluated. Its changes are undone. */
  readonly error: string | undefined;
  /** The policy of the same kind that applied in its place. */
  readonly shadowedBy: string | undefined;
  /**
   * Whether this outcome refuses the object where it is enforced. An executor's violations and errors
   * do not, unless the policy says `denyExecutors`.
   */
  readonly refuses: boolean;
}

/** What a list of policies came to, one after the other, for one object. */
export interface Run {
  readonly outcomes: readonly PolicyOutcome[];
  readonly operations: readonly Operation[];
  /** The object with the operations applied. */
  readonly pod: Pod;
  readonly refused: boolean;
}

/** All that is to be said of one request. Data only: how it is told is the business of `admission` and `report`. */
export type Decision =
  | { readonly kind: "skipped"; readonly reason: SkipReason }
  | {
      /** A Pod that cannot be read. Refused, unless it is an executor's. */
      readonly kind: "malformed";
      readonly role: Role | undefined;
      readonly errors: readonly ShapeError[];
      readonly refused: boolean;
    }
  | {
      readonly kind: "decided";
      readonly subject: Subject;
      /** What is done: the policies in mode Enforce. */
      readonly enforced: Run;
      /** What would be done if all matching policies were enforced; undefined where all of them are. */
      readonly preview: Run | undefined;
    };
