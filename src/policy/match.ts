import { compileGlobs } from "../kubernetes/glob.ts";
import { compileLabelSelector, type LabelSelector } from "../kubernetes/label-selector.ts";
import { ROLES, type Role } from "../spark/role.ts";
import { knownNamespace, type Facts } from "../engine/facts.ts";
import { RuleProblem } from "../engine/rule-kind.ts";
import type { Subject } from "../spark/subject.ts";

/** The clauses of `match` and `exclude`; all that are given must hold. */
export interface MatchSpec {
  readonly roles?: readonly Role[];
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
}

/** The roles that `match` names; a connect-server counts as a driver. All roles where it names none. */
export function matchedRoles(match: MatchSpec): readonly Role[] {
  const named = match.roles ?? ROLES;
  return ROLES.filter(
    (role) => named.includes(role) || (role === "connect-server" && named.includes("driver")),
  );
}

/** Whether a subject is one of those that a policy speaks of. Throws where that takes facts that are not known. */
export type Matcher = (subject: Subject, facts: Facts) => boolean;

/**
 * Compiles the clauses of `match` or `exclude`; without any, every subject fits. Those that need facts come last, so
 * that they are asked for only where all else fits.
 */
export function compileMatch(spec: MatchSpec = {}): Matcher {
  const roles = new Set(matchedRoles(spec));
  const clauses: Matcher[] = [(subject) => roles.has(subject.role)];
  if (spec.namespaces !== undefined) {
    const matches = compileGlobs(spec.namespaces);
    clauses.push((subject) => matches(subject.namespace));
  }
  if (spec.objectSelector !== undefined) {
    const matches = compileSelector(spec, "objectSelector");
    clauses.push((subject) => matches(subject.pod.metadata?.labels));
  }
  if (spec.namespaceSelector !== undefined) {
    const matches = compileSelector(spec, "namespaceSelector");
    clauses.push((_subject, facts) => matches(knownNamespace(facts).labels));
  }
  return (subject, facts) => clauses.every((clause) => clause(subject, facts));
}

/** Compiles a selector of the clauses. Throws a RuleProblem that says which one is wrong. */
function compileSelector(spec: MatchSpec, key: "objectSelector" | "namespaceSelector") {
  try {
    return compileLabelSelector(spec[key] ?? {});
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new RuleProblem(error.message, { path: [key], allowed: [] });
  }
}
