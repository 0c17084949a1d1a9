import type { Pod } from "../kubernetes/pod.ts";
import type { ShapeError } from "../kubernetes/pod-shape.ts";
import type { Role } from "../spark/role.ts";
import type {
  ApplicationSubject,
  DriverConfSubject,
  PodSubject,
  SkipReason,
  Surface,
} from "../spark/subject.ts";
import type { FieldChange, Operation } from "./draft.ts";
import type { Effect, ExceptionTerms, Mode, Violation } from "./policy.ts";

/** What one policy came to for one object. */
export interface PolicyOutcome {
  readonly policy: string;
  readonly rule: string;
  readonly mode: Mode;
  /** What the mode comes from, such as `spec.modeOverrides[0]`. */
  readonly modeFrom: string;
  /** The date until which the policy only warns, as it says it; undefined where no date holds it back. */
  readonly enforceFrom: string | undefined;
  /** Where people read more. */
  readonly documentation: string | undefined;
  readonly effect: Effect | undefined;
  /** The fields that it changed, in order. */
  readonly changes: readonly FieldChange[];
  /** The Pod before and after them; undefined where there are none. */
  readonly change: PodChange | undefined;
  readonly violations: readonly Violation[];
  /** Why it could not be evaluated. Its changes are undone. */
  readonly error: string | undefined;
  /** The policy of the same kind that applied in its place. */
  readonly shadowedBy: string | undefined;
  /** The exception because of which it did not apply. */
  readonly exception: ExceptionTerms | undefined;
  /**
   * Whether this outcome refuses the object where it is enforced. An executor's violations and errors
   * do not, unless the policy says `denyExecutors`.
   */
  readonly refuses: boolean;
}

/** A Pod before and after a policy. */
export interface PodChange {
  readonly before: Pod;
  readonly after: Pod;
}

/** What a list of policies came to, one after the other, for one object. */
export interface AnyRun {
  readonly outcomes: readonly PolicyOutcome[];
  readonly operations: readonly Operation[];
  readonly refused: boolean;
}

/** The same for a Pod. */
export interface Run extends AnyRun {
  /** The Pod with the operations applied. */
  readonly pod: Pod;
}

/** The same for a driver's conf. */
export interface ConfRun extends AnyRun {
  /** The text of the conf with what was added. */
  readonly text: string;
}

/** A decision on an object that policies speak of. */
export type Decided = Extract<
  Decision,
  { readonly kind: "decided" | "decided-conf" | "decided-application" }
>;

/** All that is to be said of one request. Data only: how it is told is the business of `admission` and `report`. */
export type Decision =
  | { readonly kind: "skipped"; readonly reason: SkipReason }
  | {
      /** An object that cannot be read. Refused, unless it is an executor's Pod. */
      readonly kind: "malformed";
      readonly surface: Surface;
      readonly role: Role | undefined;
      readonly errors: readonly ShapeError[];
      readonly refused: boolean;
    }
  | {
      readonly kind: "decided";
      readonly subject: PodSubject;
      /** What is done: the policies in mode Enforce. */
      readonly enforced: Run;
      /** What would be done if all matching policies were enforced; undefined where all of them are. */
      readonly preview: Run | undefined;
    }
  | {
      /** The same for a driver's conf. */
      readonly kind: "decided-conf";
      /** What the conf says of drivers. */
      readonly subject: DriverConfSubject;
      readonly enforced: ConfRun;
      readonly preview: ConfRun | undefined;
    }
  | {
      /** The same for an operator's object, which is never changed. */
      readonly kind: "decided-application";
      /** What it says of drivers. */
      readonly subject: ApplicationSubject;
      readonly enforced: AnyRun;
      readonly preview: AnyRun | undefined;
    };

/** Whether policies speak of the object. */
export function isDecided(decision: Decision): decision is Decided {
  return decision.kind !== "skipped" && decision.kind !== "malformed";
}
