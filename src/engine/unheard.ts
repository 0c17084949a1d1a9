import type { ConfSubject } from "../spark/subject.ts";
import type { Foreseen, ForeseenChange } from "./foreseen.ts";
import type { MatchingPolicy } from "./matching.ts";
import type { PolicySet } from "./policy-set.ts";

const UNKNOWN: ForeseenChange = { text: undefined, replaces: true };

/**
 * What policies may do with Pods of a conf that say nothing of it while the conf is decided on: those that speak of Pods
 * alone, by conditions on the Pod or since they say so, and those of which it cannot be told whether they match. Whether
 * they will is known when there is a Pod.
 * @param matching all that speak of the conf
 */
export function unheardChanges(
  set: PolicySet,
  { surface, namespace }: ConfSubject,
  matching: readonly MatchingPolicy<ConfSubject>[],
): Foreseen {
  const failed = matching.filter(({ error }) => error !== undefined);
  return ({ role, field, key }) => {
    const policies = [
      ...set
        .candidates("pod", role, namespace)
        .filter(({ surfaces }) => !surfaces.includes(surface)),
      ...failed.filter(({ subject }) => subject.role === role).map(({ policy }) => policy),
    ];
    const isMeant = ([root, part, name]: readonly string[]) =>
      root === "metadata" && part === field && name === key;
    return policies.some(({ writes = [] }) => writes.some(isMeant)) ? UNKNOWN : undefined;
  };
}
