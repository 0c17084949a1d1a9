import type { ConfRule, Effect } from "../engine/policy.ts";
import { isManagedByKueue } from "../kubernetes/kueue.ts";
import type { Pod } from "../kubernetes/pod.ts";
import { chosenNodes } from "../spark/chosen-nodes.ts";
import type { SparkConf } from "../spark/spark-conf.ts";
import type { ConfSubject } from "../spark/subject.ts";
import { capacityChoices, neededFor } from "./capacity-choice.ts";
import type { PlacementSpec, Target } from "./placement-target.ts";

/**
 * Judges the nodes that a conf or an application asks for, before there are Pods: of executors nobody sees the warnings,
 * which go to their driver. Nothing is changed here: the Pods are.
 * @param targetsFor where Pods like this one of a role may be put
 */
export function judgeConfNodes(
  onUserChoice: OnUserChoice,
  targetsFor: (role: ConfSubject["role"], pod: Pod) => readonly Target[],
): ConfRule {
  const choicesOf = (conf: SparkConf, subject: ConfSubject): readonly ConfChoice[] => {
    const { pod, fieldOf } = chosenNodes(subject, conf);
    if (isManagedByKueue(pod)) return [];
    return choicesAgainst(targetsFor(subject.role, pod), pod, fieldOf);
  };
  return {
    whole: false,
    mutate: ({ conf }, subject): Effect => {
      // The driver's own Pod came before its conf, and was told.
      const isTold = subject.surface === "driver-conf" && subject.role !== "executor";
      const choices = onUserChoice === "Deny" || isTold ? [] : choicesOf(conf, subject);
      const kept = choices.map(
        (choice) => `${choice.field} ${choice.shown} ${fateOf(choice, subject, onUserChoice)}`,
      );
      return { summary: undefined, replaced: [], kept };
    },
    ...(onUserChoice === "Deny" && {
      judge: (conf, subject) =>
        choicesOf(conf, subject).map(({ field, shown, why }) => ({
          field,
          message: `${shown}, ${why}`,
          fix: fixOf(field),
        })),
    }),
  };
}

type OnUserChoice = NonNullable<PlacementSpec["onUserChoice"]>;

/** A choice of capacity that goes against a policy. */
interface ConfChoice {
  readonly field: string;
  readonly shown: string;
  /** Why it cannot stay: `needs 'spot'`. */
  readonly why: string;
}

function choicesAgainst(
  targets: readonly Target[],
  pod: Pod,
  fieldOf: (field: string) => string,
): readonly ConfChoice[] {
  const choices = new Map<string, ConfChoice>();
  for (const { keys, terms, capacity } of targets) {
    for (const { key, field, shown } of capacityChoices(pod, keys, terms)) {
      const why =
        targets.length > 1
          ? `but some executors go to ${targets.map((target) => target.capacity).join(", others to ")}`
          : `needs ${neededFor(key, terms, capacity)}`;
      choices.set(field, { field: fieldOf(field), shown, why });
    }
  }
  return [...choices.values()];
}

/** What becomes of a choice that is not refused. */
function fateOf({ why }: ConfChoice, subject: ConfSubject, onUserChoice: OnUserChoice): string {
  if (subject.surface === "application" && subject.kind === "SparkCluster") {
    return `${why}, and nothing changes the Pods of a SparkCluster`;
  }
  return onUserChoice === "Keep" ? "is left as the job chose" : `is replaced in the Pods: ${why}`;
}

function fixOf(field: string): string {
  return /^spark\.kubernetes\.node\.selector\.|^spec\.(?:template\.)?nodeSelector\[/.test(field)
    ? "leave it out: it hits driver and executors alike"
    : "leave it out";
}
