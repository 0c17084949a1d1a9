import { isDeepStrictEqual } from "node:util";
import type { Draft, Path } from "../engine/draft.ts";
import type { Effect, Violation } from "../engine/policy.ts";
import type { RuleDoubt, RuleKind } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";
import { isManagedByKueue } from "../kubernetes/kueue.ts";
import { mentionsKeys, stripKeys } from "../kubernetes/node-affinity.ts";
import type { Pod, PreferredSchedulingTerm } from "../kubernetes/pod.ts";
import { missingTolerations } from "../kubernetes/toleration.ts";
import { ownTaskGroup } from "../kubernetes/yunikorn.ts";
import type { PodSubject } from "../spark/subject.ts";
import {
  capacityChoices,
  choiceSatisfies,
  neededFor,
  requiredTerms,
  restrictToCapacity,
  type CapacityChoice,
} from "./capacity-choice.ts";
import { judgeConfNodes } from "./placement-conf.ts";
import { PLACEMENT_SCHEMA } from "./placement-schema.ts";
import { compileTargets, type PlacementSpec, type Target } from "./placement-target.ts";
import { nearItsApplication } from "./same-zone.ts";

const AFFINITY: Path = ["spec", "affinity", "nodeAffinity"];
const REQUIRED: Path = [...AFFINITY, "requiredDuringSchedulingIgnoredDuringExecution"];
const REQUIRED_TERMS: Path = [...REQUIRED, "nodeSelectorTerms"];
const PREFERRED: Path = [...AFFINITY, "preferredDuringSchedulingIgnoredDuringExecution"];

/** On which capacity a role runs. */
export const placement: RuleKind = {
  key: "placement",
  combine: "one",
  surfaces: ["pod", "driver-conf", "application"],
  description: "On which capacity a role runs: spot, on demand, or whatever the platform has.",
  example: `placement:
  capacity: spot
  onDemand: { base: 1, percent: 20 }
  fallback: [on-demand]
  onUserChoice: Replace`,
  schema: PLACEMENT_SCHEMA,
  doubts: (block, roles) => {
    const { capacity, onDemand } = block as PlacementSpec;
    const doubts: RuleDoubt[] = [];
    if (capacity === "spot" && roles.includes("driver")) {
      const message =
        "puts drivers on spot: a lost driver loses the job; say match.roles: [executor]";
      doubts.push({ path: ["capacity"], message });
    }
    if (onDemand !== undefined && !roles.includes("executor")) {
      const message = "has no effect: it is about executors, and match.roles has none";
      doubts.push({ path: ["onDemand"], message });
    }
    return doubts;
  },
  compile: (block, environment) => {
    const spec = block as PlacementSpec;
    const targets = compileTargets(spec, environment);
    const onUserChoice = spec.onUserChoice ?? "Replace";
    const sameZone = spec.sameZone ?? "Off";
    const { capacityKeys } = environment.platform(spec.platform);
    const takenAway = onUserChoice === "Replace" ? capacityKeys : [];
    return {
      writes: [
        ["spec", "affinity", "nodeAffinity"],
        ...(sameZone === "Off" ? [] : [["spec", "affinity", "podAffinity"]]),
        ["spec", "tolerations"],
        ...takenAway.map((key) => ["spec", "nodeSelector", key]),
      ],
      mutate: (draft, subject) => {
        const { target, replaced, kept } = targets.of(subject);
        const mark = draft.mark();
        const ofKueue = isManagedByKueue(draft.pod);
        const told = ofKueue ? leaveToKueue(draft.pod, target) : place(draft, target, onUserChoice);
        const notes = ofKueue ? NONE : nearItsApplication(draft, subject, sameZone);
        return {
          summary: draft.isChangedSince(mark) ? summaryOf(target) : undefined,
          replaced: joined(replaced, told.replaced),
          kept: joined(kept, told.kept, notes, judgeTaskGroup(draft.pod, target)),
          capacity: isThere(draft.pod, target) ? target.capacity : undefined,
        };
      },
      judge: (pod, subject) => {
        const named = judgeNodeName(pod);
        if (onUserChoice !== "Deny") return named;
        return [...named, ...judgeChoice(pod, targets.of(subject).target, subject)];
      },
      judgeFinal: (pod, subject) =>
        judgeUndone(pod, targets.of(subject).target, onUserChoice === "Replace"),
      conf: judgeConfNodes(onUserChoice, targets.possible),
    };
  },
};

const NONE: readonly never[] = [];

/** Lists as one. Nearly always nothing is told. */
function joined(...lists: readonly (readonly string[])[]): readonly string[] {
  return lists.every((list) => list.length === 0) ? NONE : lists.flat();
}

/** What `place` did to a Pod's own choices. */
type Told = Pick<Effect, "replaced" | "kept">;

const NOTHING_TOLD: Told = { replaced: NONE, kept: NONE };

/** Whether the Pod goes where the policy means it, and was not left as the job or Kueue chose. */
function isThere(pod: Pod, { required, keys, terms }: Target): boolean {
  return !required || choiceSatisfies(pod, keys, terms);
}

function summaryOf(target: Target): string {
  return `${target.required ? "runs" : "runs preferably"} on ${target.capacity} nodes`;
}

/** Kueue counts by the flavor whose nodes it chose: to move a Pod elsewhere would break its books. */
function leaveToKueue(pod: Pod, target: Target): Told {
  if (!target.required || choiceSatisfies(pod, target.keys, target.terms)) {
    return NOTHING_TOLD;
  }
  return { replaced: [], kept: [`Kueue chooses the nodes: not moved to ${target.capacity}`] };
}

/** Makes a Pod run on the target. */
function place(
  draft: Draft,
  target: Target,
  onUserChoice: NonNullable<PlacementSpec["onUserChoice"]>,
): Told {
  const choices = capacityChoices(draft.pod, target.keys, target.terms);
  const replace = onUserChoice === "Replace";
  if (choices.length > 0 && !replace) {
    const kept = choices.map(({ field, shown }) => `${field} ${shown} is left as the job chose`);
    return { replaced: [], kept: onUserChoice === "Keep" ? kept : [] };
  }
  const mark = draft.mark();
  for (const { key, inNodeSelector } of choices) {
    if (inNodeSelector) draft.remove(["spec", "nodeSelector", key]);
  }
  if (target.required && !choiceSatisfies(draft.pod, target.keys, target.terms)) {
    draft.set(REQUIRED_TERMS, restrictToCapacity(draft.pod, target.keys, target.terms));
  } else if (!target.required && choices.some((choice) => !choice.inNodeSelector)) {
    stripRequired(draft, target.keys);
  }
  const preferences = preferTarget(draft, target, replace);
  const tolerations = missingTolerations(draft.pod.spec?.tolerations, target.tolerations);
  draft.append(["spec", "tolerations"], tolerations);
  if (!draft.isChangedSince(mark)) return NOTHING_TOLD;
  return {
    replaced: [...choices.map((choice) => replacementText(choice, target)), ...preferences],
    kept: [],
  };
}

/** Takes a required capacity away where one is to be preferred only. */
function stripRequired(draft: Draft, keys: readonly string[]): void {
  const stripped = stripKeys(requiredTerms(draft.pod), keys);
  const terms = stripped.filter((term) => term !== "every-node");
  // Terms are ORed: one that any node meets makes the others mean nothing.
  if (terms.length < stripped.length) draft.remove(REQUIRED);
  else draft.set(REQUIRED_TERMS, terms);
}

/** Adds the target's preferences, and returns what was replaced: a user's own for a capacity works against them. */
function preferTarget(draft: Draft, target: Target, replace: boolean): readonly string[] {
  if (target.preferences.length === 0) return NONE;
  const present =
    draft.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const isOurs = (term: PreferredSchedulingTerm) =>
    target.preferences.some((preference) => isDeepStrictEqual(preference, term));
  const others = present.filter((term) => !isOurs(term));
  const capacityFree = others.filter((term) => !prefersCapacity(term, target.keys));
  if (capacityFree.length === others.length) {
    const missing = target.preferences.filter(
      (preference) => !present.some((term) => isDeepStrictEqual(preference, term)),
    );
    draft.append(PREFERRED, missing);
    return [];
  }
  if (!replace) return [];
  draft.set(PREFERRED, [...capacityFree, ...target.preferences]);
  return [`a preference for other nodes replaced: ${target.capacity}`];
}

function prefersCapacity(term: PreferredSchedulingTerm, keys: readonly string[]): boolean {
  return mentionsKeys([term.preference ?? {}], keys);
}

function replacementText(choice: CapacityChoice, target: Target): string {
  return `${choice.field} ${choice.shown} replaced: ${neededFor(choice.key, target.terms, target.capacity)}`;
}

/** A Pod that names its node goes around the scheduler, and with it around everything above. */
function judgeNodeName(pod: Pod): readonly Violation[] {
  const nodeName = pod.spec?.nodeName;
  if (nodeName == null || nodeName === "") return NONE;
  return [
    {
      field: "spec.nodeName",
      message: `${quoted(nodeName)} goes around the scheduler and the choice of nodes`,
      fix: "remove nodeName from the pod template",
    },
  ];
}

/** Placeholders copy their task group: where that says other nodes, YuniKorn reserves them in vain. */
function judgeTaskGroup(pod: Pod, target: Target): readonly string[] {
  const group = ownTaskGroup(pod);
  if (group === undefined || !target.required) return NONE;
  const { name, placeholder } = group;
  if (placeholder === undefined) return [`task group ${quoted(name)} of YuniKorn cannot be read`];
  if (choiceSatisfies(placeholder, target.keys, target.terms)) return [];
  return [
    `YuniKorn reserves other nodes for task group ${quoted(name)}: it must ask for ${target.capacity}`,
  ];
}

/** Whether something that came after us lets a Pod run elsewhere. A choice that is not replaced may be the user's. */
function judgeUndone(pod: Pod, target: Target, replace: boolean): readonly Violation[] {
  if (!target.required || isManagedByKueue(pod)) return [];
  if (choiceSatisfies(pod, target.keys, target.terms)) return [];
  const [choice] = capacityChoices(pod, target.keys, target.terms);
  if (choice !== undefined && !replace) return [];
  return [
    {
      field: choice?.field ?? "spec.affinity.nodeAffinity",
      message: `another webhook undid the choice of ${target.capacity} nodes`,
      fix: "ask the platform team; it must come before Sparkgate, or leave node affinity alone",
    },
  ];
}

function judgeChoice(pod: Pod, target: Target, { role }: PodSubject): readonly Violation[] {
  return capacityChoices(pod, target.keys, target.terms).map((choice) => ({
    field: choice.field,
    message: `${choice.shown}, needs ${neededFor(choice.key, target.terms, target.capacity)}`,
    fix: fixOf(choice, role === "executor"),
  }));
}

function fixOf(choice: CapacityChoice, executor: boolean): string {
  if (!choice.inNodeSelector) return "take the key out of the node affinity in the pod template";
  return executor
    ? `take out spark.kubernetes.executor.node.selector.${choice.key}`
    : "use spark.kubernetes.executor.node.selector.*; spark.kubernetes.node.selector.* also hits the driver";
}
