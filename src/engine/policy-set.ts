import { ROLES, type Role } from "../spark/role.ts";
import { SURFACES, type Surface } from "../spark/subject.ts";
import type { CompiledPolicy, PolicyException } from "./policy.ts";

/** Policies in the order in which they apply, indexed so that a request meets only those that may speak of it. */
export interface PolicySet {
  readonly policies: readonly CompiledPolicy[];
  /** Those that may speak of a role in a namespace on a surface, in turn. */
  readonly candidates: (
    surface: Surface,
    role: Role,
    namespace: string,
  ) => readonly CompiledPolicy[];
  readonly names: ReadonlySet<string>;
  /** All exceptions, expired ones too, in order of their names. */
  readonly exceptions: readonly PolicyException[];
  /** Pairs of policies of which one gives way to the other. */
  readonly conflicts: number;
  /** Tells one set from another: 12 hex digits of what it was made from. */
  readonly digest: string;
}

/**
 * By priority, highest first, then by name: the order in which documents were read never matters. Before both, those of
 * kinds that go by what the others do come last.
 */
export function inTurn(a: CompiledPolicy, b: CompiledPolicy): number {
  return (
    Number(a.comesLast ?? false) - Number(b.comesLast ?? false) ||
    b.priority - a.priority ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}

/** Makes a set of policies in any order. */
export function createPolicySet(
  policies: readonly CompiledPolicy[],
  digest: string,
  { exceptions = [], conflicts = 0 }: Partial<Pick<PolicySet, "exceptions" | "conflicts">> = {},
): PolicySet {
  const sorted = [...policies].sort(inTurn);
  return {
    policies: sorted,
    candidates: indexed(sorted),
    names: new Set(sorted.map((policy) => policy.name)),
    exceptions: [...exceptions].sort((a, b) => (a.terms.name < b.terms.name ? -1 : 1)),
    conflicts,
    digest,
  };
}

/** Clusters have fewer namespaces with Spark, and none with a longer name: who forges reviews is not to fill the memory. */
const MOST_NAMESPACES = 1000;
const LONGEST_NAMESPACE = 63;

/** Looks policies up by surface, role and namespace. What was found is remembered: neither policies nor the answer ever change. */
function indexed(policies: readonly CompiledPolicy[]): PolicySet["candidates"] {
  const bySurface = new Map(
    SURFACES.map((surface) => {
      const ofSurface = policies.filter((policy) => policy.surfaces.includes(surface));
      return [surface, new Map(ROLES.map((role) => [role, ofRole(ofSurface, role)]))];
    }),
  );
  return (surface, role, namespace) => bySurface.get(surface)?.get(role)?.(namespace) ?? [];
}

function ofRole(all: readonly CompiledPolicy[], role: Role) {
  const policies = all.filter((policy) => policy.roles.includes(role));
  const byNamespace = new Map<string, readonly CompiledPolicy[]>();
  return (namespace: string): readonly CompiledPolicy[] => {
    const known = byNamespace.get(namespace);
    if (known !== undefined) return known;
    const found = policies.filter((policy) => policy.inNamespace?.(namespace) ?? true);
    if (namespace.length > LONGEST_NAMESPACE) return found;
    if (byNamespace.size >= MOST_NAMESPACES) byNamespace.clear();
    byNamespace.set(namespace, found);
    return found;
  };
}
