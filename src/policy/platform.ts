import type { Capacity, LocalDisk, Platform } from "../kubernetes/platform.ts";
import type { NodeSelectorRequirement } from "../kubernetes/pod.ts";
import type { SourceDocument } from "./document.ts";
import type { Problem } from "./problem.ts";

interface PlatformDocument {
  readonly spec: {
    readonly capacityKeys: readonly string[];
    readonly capacities: readonly (Omit<Capacity, "tolerations"> & Partial<Capacity>)[];
    readonly localDisks?: readonly LocalDisk[];
  };
}

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
  };
}

/** What is wrong with a SparkPlatform that fits its schema. */
export function platformProblems(document: SourceDocument): readonly Problem[] {
  const { spec } = document.value as PlatformDocument;
  const problems: Problem[] = [];
  const names = new Set<string>();
  for (const [index, { name, nodeSelectorTerms }] of spec.capacities.entries()) {
    const at = ["spec", "capacities", index];
    if (names.has(name))
      problems.push(document.problem([...at, "name"], `'${name}' is a duplicate`));
    names.add(name);
    for (const [number, { matchExpressions }] of nodeSelectorTerms.entries()) {
      const term = [...at, "nodeSelectorTerms", number];
      const requirements = matchExpressions ?? [];
      // A job's own choice is found by these keys; a capacity without one could not be told from it.
      if (!requirements.some(({ key }) => spec.capacityKeys.includes(key))) {
        const message = `names none of the capacityKeys (${spec.capacityKeys.join(", ")})`;
        problems.push(document.problem(term, message));
      }
      for (const [position, requirement] of requirements.entries()) {
        const message = valuesProblem(requirement);
        if (message === undefined) continue;
        problems.push(document.problem([...term, "matchExpressions", position], message));
      }
    }
  }
  return problems;
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
