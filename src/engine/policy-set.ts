import { ROLES, type Role } from "../spark/role.ts";
import type { CompiledPolicy, PolicyException } from "./policy.ts";

/** Policies in the order in which they apply, indexed so that a request meets only those of its role. */
export interface PolicySet {
  readonly policies: readonly CompiledPolicy[];
  readonly byRole: ReadonlyMap<Role, readonly CompiledPolicy[]>;
  readonly names: ReadonlySet<string>;
  /** All exceptions, expired ones too, in order of their names. */
  readonly exceptions: readonly PolicyException[];
  /** Tells one set from another: 12 hex digits of what it was made from. */
  readonly digest: string;
}

/** Sorts by priority, highest first, then by name: the order in which documents were read never matters. */
export function createPolicySet(
  policies: readonly CompiledPolicy[],
  digest: string,
  exceptions: readonly PolicyException[] = [],
): PolicySet {
  const sorted = [...policies].sort(
    (a, b) => b.priority - a.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  return {
    policies: sorted,
    byRole: new Map(
      ROLES.map((role) => [role, sorted.filter((policy) => policy.roles.includes(role))]),
    ),
    names: new Set(sorted.map((policy) => policy.name)),
    exceptions: [...exceptions].sort((a, b) => (a.name < b.name ? -1 : 1)),
    digest,
  };
}
