import { ROLES, type Role } from "../spark/role.ts";
import type { CompiledPolicy, PolicyException } from "./policy.ts";

/** Policies in the order in which they apply, indexed so that a request meets only those of its role. */
export interface PolicySet {
  readonly policies: readonly CompiledPolicy[];
  readonly byRole: ReadonlyMap<Role, readonly CompiledPolicy[]>;
  readonly names: ReadonlySet<string>;
  /** All exceptions, expired ones too, in order of their names. */
  readonly exceptions: readonly PolicyException[];
  /** Pairs of policies of which one gives way to the other. */
  readonly conflicts: number;
  /** Tells one set from another: 12 hex digits of what it was made from. */
  readonly digest: string;
}

/** By priority, highest first, then by name: the order in which documents were read never matters. */
export function inTurn(a: CompiledPolicy, b: CompiledPolicy): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
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
    byRole: new Map(
      ROLES.map((role) => [role, sorted.filter((policy) => policy.roles.includes(role))]),
    ),
    names: new Set(sorted.map((policy) => policy.name)),
    exceptions: [...exceptions].sort((a, b) => (a.terms.name < b.terms.name ? -1 : 1)),
    conflicts,
    digest,
  };
}
