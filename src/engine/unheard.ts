import type { ConfSubject } from "../spark/subject.ts";
import type { Foreseen, ForeseenChange } from "./foreseen.ts";
import type { PolicySet } from "./policy-set.ts";

const UNKNOWN: ForeseenChange = { text: undefined, replaces: true };

/**
 * What policies may do that speak of the Pods of a conf, and not of the conf: by conditions on the Pod, or since they say
 * so. Whether they will is known when there is a Pod.
 */
export function unheardChanges(set: PolicySet, { surface, namespace }: ConfSubject): Foreseen {
  return ({ role, field, key }) => {
    const writes = set
      .candidates("pod", role, namespace)
      .filter(({ surfaces }) => !surfaces.includes(surface))
      .flatMap((policy) => policy.writes ?? []);
    const meant = writes.some(
      ([root, part, name]) => root === "metadata" && part === field && name === key,
    );
    return meant ? UNKNOWN : undefined;
  };
}
