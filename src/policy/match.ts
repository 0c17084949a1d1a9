import { compileExpression } from "../cel/expression.ts";
import { CelFailure, CelProblem } from "../cel/failure.ts";
import { compileGlobs } from "../kubernetes/glob.ts";
import { compileLabelSelector, type LabelSelector } from "../kubernetes/label-selector.ts";
import { ROLES, type Role } from "../spark/role.ts";
import { knownNamespace, type Facts } from "../engine/facts.ts";
import type { Mismatch } from "../engine/policy.ts";
import { RuleProblem } from "../engine/rule-kind.ts";
import { variablesOf } from "../engine/variables.ts";
import { objectOf, type Subject, type Surface } from "../spark/subject.ts";

/** The clauses of `match` and `exclude`; all that are given must hold. */
export interface MatchSpec {
  readonly roles?: readonly Role[];
  readonly surfaces?: readonly Surface[];
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector | undefined;
  readonly matchConditions?: readonly MatchCondition[];
}

/** A condition in CEL, as Kubernetes' own policies have them. */
export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

/** The roles that `match` names; a connect-server counts as a driver. All roles where it names none. */
export function matchedRoles(match: MatchSpec): readonly Role[] {
  const named = match.roles ?? ROLES;
  return ROLES.filter(
    (role) => named.includes(role) || (role === "connect-server" && named.includes("driver")),
  );
}

/** Whether a condition is about the object itself, whose fields differ from surface to surface, or about what only Pods have. */
export function namesObject({ matchConditions = [] }: MatchSpec = {}): boolean {
  return matchConditions.some(({ expression }) =>
    /\bobject\b|\bspark\b.*\b(?:executorId|container|image)\b/s.test(expression),
  );
}

/**
 * The first clause that does not hold for a subject; undefined where all hold. Throws where that takes facts that are
 * not known, and where a condition has no value.
 */
export type Matcher = (subject: Subject, facts: Facts) => Mismatch | undefined;

interface Clause extends Mismatch {
  readonly holds: (subject: Subject, facts: Facts) => boolean;
}

/**
 * Compiles the clauses of `match` or `exclude`; without any, every subject fits. Those that need facts come last, so
 * that they are asked for only where all else fits. Throws a RuleProblem that says which one is wrong.
 */
export function compileMatch(spec: MatchSpec = {}): Matcher {
  const clauses = clausesOf(spec);
  return (subject, facts) => {
    let failure: { readonly thrown: unknown } | undefined;
    for (const clause of clauses) {
      try {
        if (!clause.holds(subject, facts)) return clause;
      } catch (thrown) {
        // As in Kubernetes: where one clause is false, it does not matter that another has no value.
        failure ??= { thrown };
      }
    }
    if (failure !== undefined) throw failure.thrown;
    return undefined;
  };
}

function clausesOf(spec: MatchSpec): readonly Clause[] {
  const clauses: Clause[] = [];
  const add = (
    name: string,
    holds: Clause["holds"],
    wanted: unknown = spec[name as keyof MatchSpec],
  ) =>
    clauses.push({
      clause: `match.${name}`,
      wanted: typeof wanted === "string" ? wanted : JSON.stringify(wanted ?? null),
      holds,
    });
  const roles = new Set(matchedRoles(spec));
  add("roles", (subject) => roles.has(subject.role), [...roles]);
  if (spec.surfaces !== undefined) {
    const surfaces = new Set(spec.surfaces);
    add("surfaces", (subject) => surfaces.has(subject.surface));
  }
  if (spec.namespaces !== undefined) {
    const matches = compileGlobs(spec.namespaces);
    add("namespaces", (subject) => matches(subject.namespace));
  }
  if (spec.objectSelector !== undefined) {
    const matches = compileSelector(spec, "objectSelector");
    add("objectSelector", (subject) => matches(subject.labels));
  }
  if (spec.namespaceSelector !== undefined) {
    const matches = compileSelector(spec, "namespaceSelector");
    add("namespaceSelector", (_subject, facts) => matches(knownNamespace(facts).labels));
  }
  const named = new Map<string, number>();
  for (const [index, { name, expression }] of (spec.matchConditions ?? []).entries()) {
    const other = named.get(name);
    // As the API server does of its own.
    if (other !== undefined) {
      const message = `'${name}' is a duplicate: matchConditions[${other}] has this name`;
      throw new RuleProblem(message, { path: ["matchConditions", index, "name"], allowed: [] });
    }
    named.set(name, index);
    const { names, evaluate } = compileCondition(expression, [
      "matchConditions",
      index,
      "expression",
    ]);
    const holds: Clause["holds"] = (subject, facts) => {
      try {
        return evaluate(variablesOf(names, objectOf(subject), subject, facts)) === true;
      } catch (error) {
        if (!(error instanceof CelFailure)) throw error;
        throw new CelFailure(`matchConditions[${name}]: ${error.message}`);
      }
    };
    add(`matchConditions[${name}]`, holds, expression);
  }
  return clauses;
}

/** Compiles a condition. Throws a RuleProblem with that path. */
function compileCondition(text: string, path: readonly (string | number)[]) {
  try {
    return compileExpression(text, "bool");
  } catch (error) {
    if (!(error instanceof CelProblem)) throw error;
    const { message, found, allowed } = error;
    throw new RuleProblem(message, { path, found, allowed });
  }
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
