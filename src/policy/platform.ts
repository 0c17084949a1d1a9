import { quoted } from "../engine/text.ts";
import type { Capacity, EvictionAnnotations, LocalDisk, Platform } from "../kubernetes/platform.ts";
import { isMetadataKey } from "../kubernetes/label-syntax.ts";
import type { NodeSelectorRequirement, NodeSelectorTerm } from "../kubernetes/pod.ts";
import { volumeSourceProblem } from "../kubernetes/volume-source.ts";
import type { DocumentPath, SourceDocument } from "./document.ts";
import { listText, type Problem } from "./problem.ts";

interface PlatformDocument {
  readonly spec: {
    readonly capacityKeys: readonly string[];
    readonly capacities: readonly (Omit<Capacity, "tolerations"> & Partial<Capacity>)[];
    readonly localDisks?: readonly LocalDisk[];
    readonly eviction?: Pick<EvictionAnnotations, "protect"> & Partial<EvictionAnnotations>;
  };
}

/**
 * Those of the cluster autoscaler (kubernetes/autoscaler cluster-autoscaler/FAQ.md, "What types of pods can prevent CA from
 * removing a node?") and of Karpenter (karpenter.sh/docs/concepts/disruption, "Pod-Level Controls"). Who does not know one of
 * them does not mind it.
 */
const WELL_KNOWN_EVICTION: EvictionAnnotations = {
  protect: {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
  },
  allow: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "true" },
};

/** Makes a Platform of a SparkPlatform document that fits its schema. */
export function toPlatform(name: string, document: unknown): Platform {
  const { spec } = document as PlatformDocument;
  return {
    name,
    capacityKeys: spec.capacityKeys,
    capacities: spec.capacities.map((capacity) => ({
      ...capacity,
      tolerations: capacity.tolerations ?? [],
    })),
    localDisks: spec.localDisks ?? [],
    eviction: spec.eviction === undefined ? WELL_KNOWN_EVICTION : { allow: {}, ...spec.eviction },
  };
}

/** What is wrong with a SparkPlatform that fits its schema. */
export function platformProblems(document: SourceDocument): readonly Problem[] {
  const { spec } = document.value as PlatformDocument;
  const problems: Problem[] = [];
  const tell = (path: DocumentPath, message: string) => {
    problems.push(document.problem(["spec", ...path], message));
  };
  tellDuplicates("capacities", spec.capacities, tell);
  for (const [index, { nodeSelectorTerms }] of spec.capacities.entries()) {
    const at = ["capacities", index, "nodeSelectorTerms"];
    tellTerms(at, nodeSelectorTerms, tell);
    for (const [number, { matchExpressions }] of nodeSelectorTerms.entries()) {
      // A job's own choice is found by these keys; a capacity without one could not be told from it.
      if (matchExpressions?.some(({ key }) => spec.capacityKeys.includes(key)) === true) continue;
      tell([...at, number], `names none of the capacityKeys (${listText(spec.capacityKeys)})`);
    }
  }
  const disks = spec.localDisks ?? [];
  tellDuplicates("localDisks", disks, tell);
  for (const [index, { nodeSelectorTerms, volumeSource }] of disks.entries()) {
    tellTerms(["localDisks", index, "nodeSelectorTerms"], nodeSelectorTerms, tell);
    const problem = volumeSourceProblem(volumeSource);
    if (problem !== undefined) tell(["localDisks", index, "volumeSource"], problem);
  }
  for (const [list, annotations] of Object.entries(spec.eviction ?? {})) {
    for (const key of Object.keys(annotations)) {
      if (isMetadataKey(key)) continue;
      tell(["eviction", list, key], `${quoted(key)} cannot be the key of an annotation`);
    }
  }
  return problems;
}

type Tell = (path: DocumentPath, message: string) => void;

function tellDuplicates(list: string, entries: readonly { readonly name: string }[], tell: Tell) {
  const names = new Set<string>();
  for (const [index, { name }] of entries.entries()) {
    if (names.has(name)) tell([list, index, "name"], `${quoted(name)} is a duplicate`);
    names.add(name);
  }
}

function tellTerms(at: DocumentPath, terms: readonly NodeSelectorTerm[], tell: Tell) {
  for (const [number, { matchExpressions }] of terms.entries()) {
    for (const [position, requirement] of (matchExpressions ?? []).entries()) {
      const message = valuesProblem(requirement);
      if (message !== undefined) tell([...at, number, "matchExpressions", position], message);
    }
  }
}

/** What the API server would say of each Pod (pkg/apis/core/validation ValidateNodeSelectorRequirement). */
function valuesProblem({ operator, values }: NodeSelectorRequirement): string | undefined {
  const given = values ?? [];
  switch (operator) {
    case "In":
    case "NotIn":
      return given.length === 0 ? `${operator} needs values` : undefined;
    case "Gt":
    case "Lt":
      return given.length === 1 && /^-?\d+$/.test(given[0] ?? "")
        ? undefined
        : `${operator} needs one whole number as its value`;
    default:
      return given.length > 0 ? `${operator} takes no values` : undefined;
  }
}
