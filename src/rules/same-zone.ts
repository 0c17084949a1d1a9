import { isDeepStrictEqual } from "node:util";
import type { Draft, Path } from "../engine/draft.ts";
import type { PodSubject } from "../spark/subject.ts";

const POD_AFFINITY: Path = ["spec", "affinity", "podAffinity"];
const ZONE = "topology.kubernetes.io/zone";
const APPLICATION = "spark-app-selector";
const WEIGHT = 100;

export type SameZone = "Off" | "Preferred" | "Required";

/**
 * Puts an executor into the zone of its driver and of the other executors: shuffle between zones is slow and billed. The
 * driver carries the application's label too. In client mode, where none does, the first executor goes anywhere: a Pod
 * that its own term selects satisfies it while no other does (pkg/scheduler interpodaffinity filtering.go).
 * @returns what is to be told where it cannot be done
 */
export function nearItsApplication(
  draft: Draft,
  { role, application }: PodSubject,
  sameZone: SameZone,
): readonly string[] {
  if (sameZone === "Off" || role !== "executor") return [];
  if (application.id === undefined) {
    return [`without a label ${APPLICATION} nobody knows which zone is its application's`];
  }
  const term = {
    labelSelector: { matchLabels: { [APPLICATION]: application.id } },
    topologyKey: ZONE,
  };
  const [list, wanted] =
    sameZone === "Required"
      ? ["requiredDuringSchedulingIgnoredDuringExecution", term]
      : [
          "preferredDuringSchedulingIgnoredDuringExecution",
          { weight: WEIGHT, podAffinityTerm: term },
        ];
  const present: unknown = draft.pod.spec?.affinity?.podAffinity?.[list];
  const isThere =
    Array.isArray(present) && present.some((other: unknown) => isDeepStrictEqual(other, wanted));
  if (!isThere) draft.append([...POD_AFFINITY, list], [wanted]);
  return [];
}
