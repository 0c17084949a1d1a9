import { compileGlobs } from "../kubernetes/glob.ts";
import { compileLabelSelector, type LabelSelector } from "../kubernetes/label-selector.ts";
import { ROLES, type Role } from "../spark/role.ts";
import type { Subject } from "../spark/subject.ts";

/** The clauses of `match` and `exclude`; all that are given must hold. */
export interface MatchSpec {
  readonly roles?: readonly Role[];
  readonly namespaces?: readonly string[];
  readonly objectSelector?: LabelSelector;
}

/** The roles that `match` names; a connect-server counts as a driver. All roles where it names none. */
export function matchedRoles(match: MatchSpec): readonly Role[] {
  const named = match.roles ?? ROLES;
  return ROLES.filter(
    (role) => named.includes(role) || (role === "connect-server" && named.includes("driver")),
  );
}

/** Compiles the clauses of `match` or `exclude`; without any, every subject fits. */
export function compileMatch(spec: MatchSpec = {}): (subject: Subject) => boolean {
  const roles = new Set(matchedRoles(spec));
  const clauses: ((subject: Subject) => boolean)[] = [(subject) => roles.has(subject.role)];
  if (spec.namespaces !== undefined) {
    const matches = compileGlobs(spec.namespaces);
    clauses.push((subject) => matches(subject.namespace));
  }
  if (spec.objectSelector !== undefined) {
    const matches = compileLabelSelector(spec.objectSelector);
    clauses.push((subject) => matches(subject.pod.metadata?.labels));
  }
  return (subject) => clauses.every((clause) => clause(subject));
}
