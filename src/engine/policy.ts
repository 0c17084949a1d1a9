import type { Role } from "../spark/role.ts";
import type { SparkConf } from "../spark/spark-conf.ts";
import type { ConfSubject, PodSubject, Subject, Surface } from "../spark/subject.ts";
import type { Pod } from "../kubernetes/pod.ts";
import type { ConfDraft } from "./conf-draft.ts";
import type { Draft } from "./draft.ts";
import type { Facts } from "./facts.ts";
import type { Foreseen } from "./foreseen.ts";

/** How far a policy goes: change and refuse; say so in a warning; only count and report. */
export type Mode = "Enforce" | "Warn" | "Audit";

/** Something that must not be so. */
export interface Violation {
  /** Kubernetes field path, such as `spec.containers[0].image`. */
  readonly field: string;
  /** What it is and what it must be, one line: `'reg:5000/spark' has no tag`. */
  readonly message: string;
  /** What the user does about it, one line; undefined where the message says it all. */
  readonly fix?: string | undefined;
  /** Whom the user asks about it, where nothing in the job can mend it. */
  readonly ask?: string | undefined;
}

/** Something that a policy did, or left as it was, for people to read. */
export interface Effect {
  /** One line, such as `runs on spot nodes`; undefined where nothing was changed. */
  readonly summary: string | undefined;
  /** What the user had chosen and no longer has, one line each: never taken away in silence. */
  readonly replaced: readonly string[];
  /** What was left as the user chose although the policy means otherwise, and why, one line each. */
  readonly kept: readonly string[];
  /** The capacity on which the Pod now runs, where the policy put it there. */
  readonly capacity?: string | undefined;
}

/** What a field must be: one of these globs. */
export interface Demand {
  readonly field: string;
  readonly values: readonly string[];
  /** Whether the rule sees to it itself, whatever the job has there. */
  readonly isSet: boolean;
}

/** What a rule does with a Spark conf. */
export interface ConfRule {
  /** Whether it speaks of the conf as a whole, and not of what the conf says of Pods of one role. */
  readonly whole: boolean;
  /** Makes the changes that the policy asks for. */
  readonly mutate?: (draft: ConfDraft, subject: ConfSubject, facts: Facts) => Effect | undefined;
  /** Says what the policy will do with Pods of the conf when these are admitted. Changes nothing. */
  readonly foresee?: (draft: ConfDraft, subject: ConfSubject, facts: Facts) => Effect | undefined;
  /**
   * Judges the conf as all matching policies have left it. `claimed`: that for which this policy spoke; `foreseen`: what
   * all of them will do with Pods.
   */
  readonly judge?: (
    conf: SparkConf,
    subject: ConfSubject,
    facts: Facts,
    claimed: readonly string[],
    foreseen: Foreseen,
  ) => readonly Violation[];
}

/** The part of a policy that is its rule. Knows nothing of modes. What it does with Pods is directly in it. */
export interface CompiledRule {
  /** What it does with a driver's conf; undefined: nothing. */
  readonly conf?: ConfRule | undefined;
  /** Of a kind that combines by `all`: the fields that it sets, and to what. */
  readonly claims?: ReadonlyMap<string, string>;
  /** What fields must be once all policies are through. */
  readonly demands?: readonly Demand[];
  /** The fields that `mutate` may change, from the object down; `*` stands for each entry of a list. */
  readonly writes?: readonly (readonly string[])[];
  /** Those to which it only gives another value, where they have one: whether they are there does not change. */
  readonly rewrites?: readonly (readonly string[])[];
  /**
   * Whether it goes by what policies of other kinds make of the Pod, such as where they place it: then it comes after
   * them, whatever its priority.
   */
  readonly comesLast?: boolean;
  /** Makes the changes that the policy asks for. Changing nothing means that all is well already. */
  readonly mutate?: (draft: Draft, subject: PodSubject, facts: Facts) => Effect | undefined;
  /** Judges the Pod as all matching policies have left it. `claimed`: the fields for which this policy spoke. */
  readonly judge?: (
    pod: Pod,
    subject: PodSubject,
    facts: Facts,
    claimed: readonly string[],
  ) => readonly Violation[];
  /**
   * Judges the Pod as it will be stored, where something has undone what `mutate` did: what must not be undone. The
   * rest is only told, since a mesh or an Autopilot may have reasons of its own.
   */
  readonly judgeFinal?: (pod: Pod, subject: PodSubject, facts: Facts) => readonly Violation[];
  /** Judges an UPDATE: what it changed, never what was there before. */
  readonly judgeUpdate?: (pod: Pod, before: Pod, subject: PodSubject) => readonly Violation[];
}

/**
 * How policies of one kind go together: `one`: the highest priority applies whole and shadows the others;
 * `all`: each applies, the higher priority winning where they speak of the same thing.
 */
export type Combine = "one" | "all";

/** Another mode for some of the subjects. */
export interface ModeOverride {
  readonly mode: Mode;
  /** Throws where it needs facts that are not known. */
  readonly matches: (subject: Subject, facts: Facts) => boolean;
}

/** A moment from which a policy counts as written. */
export interface EnforceFrom {
  /** As the policy says it. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Leave to differ from policies for some subjects, for a time. */
export interface PolicyException {
  readonly terms: ExceptionTerms;
  /** Throws where it needs facts that are not known. */
  readonly covers: (subject: Subject, facts: Facts) => boolean;
}

/** What an exception says of itself. */
export interface ExceptionTerms {
  readonly name: string;
  readonly policies: readonly string[];
  /** Whom it covers, for people: `risk and nightly or ads`. */
  readonly whom: string;
  readonly reason: string;
  readonly owner: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A policy as the engine sees it. */
export interface CompiledPolicy extends CompiledRule {
  readonly name: string;
  /** The key of its rule kind, such as `placement`. */
  readonly rule: string;
  readonly combine: Combine;
  readonly mode: Mode;
  /** Where the mode comes from: `spec.mode`, `--mode`, or `default` where the policy says none. */
  readonly modeFrom: string;
  /** The first that holds replaces the mode. */
  readonly modeOverrides: readonly ModeOverride[];
  /** Until then Enforce is Warn. */
  readonly enforceFrom: EnforceFrom | undefined;
  /** Percent of applications for which Enforce is Enforce; for the others it is Audit. */
  readonly rolloutPercent: number;
  /** Those that name this policy, expired ones too. */
  readonly exceptions: readonly PolicyException[];
  /** Where people read more; told with a denial. */
  readonly documentation: string | undefined;
  /** Higher wins; then the name decides. */
  readonly priority: number;
  /** What a failure to evaluate means. */
  readonly onError: "Deny" | "Allow";
  /**
   * Refuse executors too. Off unless said: before 4.2 Spark asks for a refused executor again every second
   * without end (ExecutorPodsSnapshotsStoreImpl only logs it), so a refusal hangs the job. Off too where the policy has
   * `enforceFrom` or `rollout`: a job that began before those turned it on would lose its executors.
   */
  readonly denyExecutors: boolean;
  readonly roles: readonly Role[];
  /** On which it speaks. */
  readonly surfaces: readonly Surface[];
  /** Whether it may speak of objects in a namespace, as far as the namespace's name tells; undefined: of all. */
  readonly inNamespace?: ((namespace: string) => boolean) | undefined;
  /**
   * The first clause that does not hold for a subject of those roles; undefined where the policy speaks of it. Throws
   * where it needs facts that are not known.
   */
  readonly mismatch: (subject: Subject, facts: Facts) => Mismatch | undefined;
}

/** Why a policy does not speak of a subject. */
export interface Mismatch {
  /** Such as `match.namespaces`, or `exclude`. */
  readonly clause: string;
  /** What is written there, in one line. */
  readonly wanted: string;
}
