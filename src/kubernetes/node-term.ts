import { sameRequirement, valuesOf } from "./node-requirement.ts";
import type { NodeSelectorRequirement, NodeSelectorTerm } from "./pod.ts";

/** A term of these requirements, without empty lists. */
export function toTerm(
  expressions: readonly NodeSelectorRequirement[],
  fields: readonly NodeSelectorRequirement[],
): NodeSelectorTerm {
  return {
    ...(expressions.length > 0 ? { matchExpressions: expressions } : {}),
    ...(fields.length > 0 ? { matchFields: fields } : {}),
  };
}

/** Whether a term has no requirement, and so matches no node. */
export function isEmpty(term: NodeSelectorTerm): boolean {
  return expressionsOf(term).length === 0 && fieldsOf(term).length === 0;
}

/** A term's requirements on labels; none where they are absent or null. */
export function expressionsOf(term: NodeSelectorTerm): readonly NodeSelectorRequirement[] {
  return term.matchExpressions ?? [];
}

/** A term's requirements on fields; none where they are absent or null. */
export function fieldsOf(term: NodeSelectorTerm): readonly NodeSelectorRequirement[] {
  return term.matchFields ?? [];
}

/** AND of two terms. The wanted requirements come last and once, so that a second run finds the same order. */
export function bothTerms(term: NodeSelectorTerm, wanted: NodeSelectorTerm): NodeSelectorTerm {
  return toTerm(
    bothRequirements(expressionsOf(term), expressionsOf(wanted)),
    bothRequirements(fieldsOf(term), fieldsOf(wanted)),
  );
}

function bothRequirements(
  own: readonly NodeSelectorRequirement[],
  wanted: readonly NodeSelectorRequirement[],
): readonly NodeSelectorRequirement[] {
  return [...own.filter((a) => !wanted.some((b) => sameRequirement(a, b))), ...wanted];
}

/** The terms in order, each once. */
export function uniqueTerms(terms: readonly NodeSelectorTerm[]): readonly NodeSelectorTerm[] {
  const seen = new Map<string, NodeSelectorTerm>();
  for (const term of terms) if (!seen.has(termKey(term))) seen.set(termKey(term), term);
  return [...seen.values()];
}

/** A text that two terms share exactly if they say the same in the same words. */
export function termKey(term: NodeSelectorTerm): string {
  const spell = (requirements: readonly NodeSelectorRequirement[]): unknown =>
    requirements.map((requirement) => [
      requirement.key,
      requirement.operator,
      valuesOf(requirement),
    ]);
  return JSON.stringify([spell(expressionsOf(term)), spell(fieldsOf(term))]);
}
