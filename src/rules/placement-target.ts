import { RuleProblem, type RuleEnvironment } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";
import { unionTerms } from "../kubernetes/node-affinity.ts";
import type { Capacity, Platform } from "../kubernetes/platform.ts";
import type {
  NodeSelectorTerm,
  Pod,
  PreferredSchedulingTerm,
  Toleration,
} from "../kubernetes/pod.ts";
import { executorIdOf } from "../spark/executor-id.ts";
import type { Role } from "../spark/role.ts";
import type { PodSubject } from "../spark/subject.ts";
import { isOnDemand, type OnDemandShare } from "./on-demand-share.ts";
import type { SameZone } from "./same-zone.ts";
import { percentFor, type UserRange } from "./user-percent.ts";

/** The block of a placement, as its schema has it. */
export interface PlacementSpec {
  readonly platform?: string;
  readonly capacity: string;
  readonly onDemand?: {
    readonly base?: number;
    readonly percent?: number;
    readonly userRange?: UserRange;
  };
  readonly scheduling?: "Required" | "Preferred";
  readonly fallback?: readonly string[];
  readonly onUserChoice?: "Replace" | "Keep" | "Deny";
  readonly sameZone?: SameZone;
}

/** The capacity that the share of executors goes to; every platform preset has one of this name. */
const ON_DEMAND = "on-demand";

/** The highest that the API allows: a preference for capacity outweighs others. */
const PREFERENCE_WEIGHT = 100;

/** Where one Pod is to run. */
export interface Target {
  readonly keys: readonly string[];
  /** For people: `spot`, or `spot or on-demand`. */
  readonly capacity: string;
  readonly terms: readonly NodeSelectorTerm[];
  readonly required: boolean;
  readonly preferences: readonly PreferredSchedulingTerm[];
  readonly tolerations: readonly Toleration[];
}

/** The target of one Pod, and what is to be told of how it came about. */
export interface ChosenTarget {
  readonly target: Target;
  readonly replaced: readonly string[];
  readonly kept: readonly string[];
}

/** Where Pods are to run. */
export interface Targets {
  readonly of: (subject: PodSubject) => ChosenTarget;
  /** Where Pods of a role may come to run that are like this one, of which nobody knows the executor id yet. */
  readonly possible: (role: Role, pod: Pod) => readonly Target[];
}

/** Compiles a placement: where each Pod is to run. Throws a RuleProblem for what its platform does not have. */
export function compileTargets(spec: PlacementSpec, environment: RuleEnvironment): Targets {
  const platform = environment.platform(spec.platform);
  const scheduling = spec.scheduling ?? "Required";
  const first = capacityOf(platform, spec.capacity, ["capacity"]);
  const others = (spec.fallback ?? []).map((name, index) => {
    if (name !== spec.capacity) return capacityOf(platform, name, ["fallback", index]);
    throw new RuleProblem(`'${name}' is the capacity already`, {
      path: ["fallback", index],
      allowed: platform.capacities
        .map((capacity) => capacity.name)
        .filter((other) => other !== name),
    });
  });
  const usual = targetOf(platform, [first, ...others], scheduling);
  const always: ChosenTarget = { target: usual, replaced: [], kept: [] };
  if (spec.onDemand === undefined) return { of: () => always, possible: () => [usual] };
  if (spec.capacity === ON_DEMAND) {
    throw new RuleProblem("a share on demand means nothing where all run on demand", {
      path: ["onDemand"],
      allowed: [],
    });
  }

  const { base = 0, percent = 0, userRange } = spec.onDemand;
  checkRange(percent, userRange);
  const onDemand = targetOf(platform, [capacityOf(platform, ON_DEMAND, ["onDemand"])], scheduling);
  return {
    of: ({ role, pod }) => {
      if (role !== "executor") return always;
      const id = executorIdOf(pod);
      const chosen = percentFor(pod, percent, userRange);
      if (id === undefined) return { target: usual, replaced: chosen.replaced, kept: [NO_ID] };
      const share: OnDemandShare = { base, percent: chosen.percent };
      const target = isOnDemand(id, share) ? onDemand : usual;
      return { target, replaced: chosen.replaced, kept: [] };
    },
    possible: (role, pod) => {
      if (role !== "executor") return [usual];
      const chosen = percentFor(pod, percent, userRange).percent;
      if (chosen === 100) return [onDemand];
      return chosen === 0 && base === 0 ? [usual] : [usual, onDemand];
    },
  };
}

/** Pods of the Deployment allocator get name and id after admission (DeploymentPodsAllocator). */
const NO_ID = "no executor id yet: the share on demand cannot be applied";

function checkRange(percent: number, range: UserRange | undefined): void {
  if (range === undefined) return;
  const path = ["onDemand", "userRange"];
  if (range.min > range.max) {
    throw new RuleProblem("min is more than max", { path, allowed: [] });
  }
  if (percent < range.min || percent > range.max) {
    throw new RuleProblem(`does not have the policy's own percent, ${percent}`, {
      path,
      allowed: [],
    });
  }
}

function capacityOf(
  platform: Platform,
  name: string,
  path: readonly (string | number)[],
): Capacity {
  const capacity = platform.capacities.find((candidate) => candidate.name === name);
  if (capacity !== undefined) return capacity;
  throw new RuleProblem(`platform ${quoted(platform.name)} has no capacity ${quoted(name)}`, {
    path,
    found: name,
    allowed: platform.capacities.map((candidate) => candidate.name),
  });
}

function targetOf(
  platform: Platform,
  capacities: readonly [Capacity, ...Capacity[]],
  scheduling: "Required" | "Preferred",
): Target {
  const required = scheduling === "Required";
  const [first] = capacities;
  return {
    keys: platform.capacityKeys,
    capacity: capacities.map((capacity) => capacity.name).join(" or "),
    terms: unionTerms(...capacities.map((capacity) => capacity.nodeSelectorTerms)),
    required,
    preferences:
      required && capacities.length === 1
        ? []
        : first.nodeSelectorTerms.map((preference) => ({ weight: PREFERENCE_WEIGHT, preference })),
    tolerations: capacities.flatMap((capacity) => capacity.tolerations),
  };
}
