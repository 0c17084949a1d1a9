import type { Draft } from "../engine/draft.ts";
import type { Effect } from "../engine/policy.ts";
import {
  RuleProblem,
  type RuleDoubt,
  type RuleEnvironment,
  type RuleKind,
} from "../engine/rule-kind.ts";
import type { PodSubject } from "../spark/subject.ts";
import { evictionField, type Eviction } from "./lifecycle-eviction.ts";
import type { LifecycleField, OnUserChoice, Told } from "./lifecycle-field.ts";
import { graceField } from "./lifecycle-grace.ts";
import { priorityField } from "./lifecycle-priority.ts";
import { LIFECYCLE_SCHEMA } from "./lifecycle-schema.ts";
import { deadlineField, timeToLiveField } from "./lifecycle-times.ts";

/** The block of a lifecycle, as its schema has it. */
interface LifecycleSpec {
  readonly platform?: string;
  readonly eviction?: Eviction;
  readonly priorityClassName?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
  readonly onUserChoice?: OnUserChoice;
}

/** How long a Pod lives, and who may end it. */
export const lifecycle: RuleKind = {
  key: "lifecycle",
  combine: "all",
  surfaces: ["pod"],
  description:
    "How long a Pod lives and who may end it: eviction by autoscalers, its PriorityClass, the time that it has to go, the longest run, and the time to live after the end. It comes after policies of all other kinds, since the time to go depends on where a Pod is placed.",
  example: `lifecycle:
  eviction: Protect
  priorityClassName: spark-driver
  activeDeadlineSeconds: 86400
  ttlSecondsAfterFinished: 604800`,
  schema: LIFECYCLE_SCHEMA,
  doubts: (block, roles) => {
    const spec = block as LifecycleSpec;
    const doubts: RuleDoubt[] = [];
    const doubt = (field: keyof LifecycleSpec, message: string) => {
      if (spec[field] !== undefined) doubts.push({ path: [field], message });
    };
    if (roles.includes("driver") && spec.eviction === "Allow") {
      doubt("eviction", "a driver that is evicted loses the job; say match.roles: [executor]");
    }
    if (roles.includes("executor")) {
      const message =
        "ends each executor after so long, and Spark starts another: the driver's ends the job; say match.roles: [driver]";
      doubt("activeDeadlineSeconds", message);
    }
    if (!roles.includes("driver")) {
      const message = "has no effect: it is about drivers, and match.roles has none";
      doubt("ttlSecondsAfterFinished", message);
    }
    return doubts;
  },
  compile: (block, environment) => {
    const fields = compileFields(block as LifecycleSpec, environment);
    return {
      comesLast: true,
      claims: new Map(fields.flatMap(({ claims }) => claims)),
      writes: fields.flatMap(({ writes }) => writes),
      mutate: (draft, subject) => mutate(draft, subject, fields),
    };
  },
};

function compileFields(
  spec: LifecycleSpec,
  environment: RuleEnvironment,
): readonly LifecycleField[] {
  const { onUserChoice = "Keep", platform } = spec;
  const fields: LifecycleField[] = [];
  if (spec.eviction !== undefined) {
    const { eviction } = environment.platform(platform);
    fields.push(evictionField(spec.eviction, eviction, onUserChoice));
  }
  if (spec.priorityClassName !== undefined) {
    fields.push(priorityField(spec.priorityClassName, onUserChoice));
  }
  if (spec.terminationGracePeriodSeconds !== undefined) {
    const wanted = spec.terminationGracePeriodSeconds;
    fields.push(graceField(wanted, environment.platform(platform), onUserChoice));
  }
  if (spec.activeDeadlineSeconds !== undefined) {
    fields.push(deadlineField(spec.activeDeadlineSeconds, onUserChoice));
  }
  if (spec.ttlSecondsAfterFinished !== undefined) {
    fields.push(timeToLiveField(spec.ttlSecondsAfterFinished, onUserChoice));
  }
  if (fields.length > 0) return fields;
  throw new RuleProblem("says nothing of a Pod's life", { path: [], allowed: FIELDS });
}

/** Of which one at least must be there. */
const FIELDS = Object.keys(LIFECYCLE_SCHEMA.properties).filter(
  (key) => key !== "platform" && key !== "onUserChoice",
);

function mutate(draft: Draft, subject: PodSubject, fields: readonly LifecycleField[]): Effect {
  const told: Told = { done: [], replaced: [], kept: [] };
  for (const { apply } of fields) apply(draft, subject, told);
  const { done, replaced, kept } = told;
  const summary = done.length > 0 ? done.join(", ") : undefined;
  // Where something was replaced, that is told in place of the summary; what was set belongs to it.
  if (replaced.length > 0 && summary !== undefined) replaced.push(summary);
  return { summary, replaced, kept };
}
