import { itemsAt, valueAt } from "../kubernetes/json.ts";
import { unionTerms } from "../kubernetes/node-affinity.ts";
import { longestGrace, type Platform } from "../kubernetes/platform.ts";
import type { NodeSelectorTerm, Pod } from "../kubernetes/pod.ts";
import { choiceSatisfies } from "./capacity-choice.ts";
import type { LifecycleField, OnUserChoice } from "./lifecycle-field.ts";

const FIELD = "spec.terminationGracePeriodSeconds";

/**
 * What Pods arrive with that say nothing, since defaulting comes before admission (pkg/apis/core/v1/defaults.go); Spark
 * writes the same out since 4.1 (spark.kubernetes.executor.terminationGracePeriodSeconds). So it counts as nothing said.
 */
const UNSET = 30;

/** The bound of a Pod's grace. */
interface Limit {
  /** Seconds; infinite where no node is taken away. */
  readonly notice: number;
  /** Seconds that a Pod may have. */
  readonly grace: number;
  /** Whose notice it is. */
  readonly capacity: string;
}

/** How long a Pod has to end: what the policy says, within the notice of the capacity that the Pod is bound to. */
export function graceField(
  wanted: number,
  platform: Platform,
  onUserChoice: OnUserChoice,
): LifecycleField {
  const limitOf = compileLimits(platform);
  return {
    claims: [[FIELD, String(wanted)]],
    writes: [["spec", "terminationGracePeriodSeconds"]],
    apply: (draft, _subject, { done, replaced, kept }) => {
      if (!draft.claim(FIELD)) return;
      const found = draft.pod.spec?.terminationGracePeriodSeconds ?? UNSET;
      const limit = limitOf(draft.pod);
      const grace = Math.min(wanted, limit.grace);
      const isUnset = found === UNSET;
      // The job's own, wherever there is room for it: also what GracefulDecommission put into its conf.
      if (found === grace || (!isUnset && found <= limit.notice)) return;
      if (!isUnset && onUserChoice === "Keep") {
        kept.push(`${FIELD} ${found} stays as the job has it: ${noticeOf(limit)}`);
        return;
      }
      const sleep = longestSleep(draft.pod);
      if (sleep > grace) {
        kept.push(`${FIELD} ${found} stays: a hook sleeps for ${sleep} s, and must be within`);
        return;
      }
      draft.set(["spec", "terminationGracePeriodSeconds"], grace);
      const why = grace < wanted ? `, not ${wanted}: ${noticeOf(limit)}` : "";
      if (isUnset) done.push(`terminationGracePeriodSeconds ${grace}${why}`);
      else replaced.push(`${FIELD} ${found} replaced: ${grace}${why}`);
    },
  };
}

function noticeOf({ notice, capacity }: Limit): string {
  return `${capacity} gives ${notice} s of notice`;
}

/**
 * Tells the bound of a Pod: the shortest notice of all capacities on which it may run. That it may not run on one is seen by
 * what it asks of its node; where that leaves a doubt, the shortest of all counts.
 */
function compileLimits({ capacities, capacityKeys }: Platform): (pod: Pod) => Limit {
  const longestFirst = capacities
    .map(({ name, nodeSelectorTerms, interruptionNoticeSeconds: notice = Infinity }) => ({
      ...{ nodeSelectorTerms, notice, capacity: name },
      grace: notice === Infinity ? Infinity : longestGrace(notice),
    }))
    .sort((a, b) => (a.notice === b.notice ? 0 : b.notice - a.notice));
  const tiers = longestFirst.map((limit, index): readonly [readonly NodeSelectorTerm[], Limit] => [
    unionTerms(...longestFirst.slice(0, index + 1).map((each) => each.nodeSelectorTerms)),
    limit,
  ]);
  const shortest: Limit = longestFirst.at(-1) ?? {
    notice: Infinity,
    grace: Infinity,
    capacity: "",
  };
  const above = tiers.filter(([, { notice }]) => notice > shortest.notice);
  return (pod) =>
    above.find(([terms]) => choiceSatisfies(pod, capacityKeys, terms))?.[1] ?? shortest;
}

/**
 * How long a hook sleeps, in seconds; 0 where none does. The API server refuses a Pod whose grace is shorter (pkg/apis/core/validation
 * validateSleepAction).
 */
function longestSleep({ spec }: Pod): number {
  let longest = 0;
  for (const list of ["containers", "initContainers"]) {
    for (const container of itemsAt(spec, list)) {
      for (const hook of ["preStop", "postStart"]) {
        const seconds = valueAt(container, "lifecycle", hook, "sleep", "seconds");
        if (typeof seconds === "number") longest = Math.max(longest, seconds);
      }
    }
  }
  return longest;
}
