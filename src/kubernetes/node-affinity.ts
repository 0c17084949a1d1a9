import {
  expressionImplies,
  fieldImplies,
  fieldsMeet,
  labelsMeet,
  valuesOf,
} from "./node-requirement.ts";
import {
  bothTerms,
  expressionsOf,
  fieldsOf,
  isEmpty,
  termKey,
  toTerm,
  uniqueTerms,
} from "./node-term.ts";
import type { Maybe, NodeSelectorRequirement, NodeSelectorTerm, StringMap } from "./pod.ts";

/** What node affinity sees of a node. */
export interface NodeFacts {
  readonly name?: string;
  readonly labels: Maybe<StringMap>;
}

/** A term without the keys that were taken out, or the mark of a term that had nothing else: every node. */
export type StrippedTerm = NodeSelectorTerm | "every-node";

/**
 * Tells whether a node satisfies required node affinity as the scheduler sees it (component-helpers
 * nodeaffinity.go): one term suffices, all of a term must hold, and a term without requirements matches no node.
 */
export function matchesNode(terms: readonly NodeSelectorTerm[], node: NodeFacts): boolean {
  const labels = node.labels ?? {};
  return terms.some(
    (term) =>
      !isEmpty(term) &&
      expressionsOf(term).every((requirement) => labelsMeet(requirement, labels)) &&
      fieldsOf(term).every((requirement) => fieldsMeet(requirement, node.name)),
  );
}

/**
 * Tells whether some terms already restrict to what others ask for.
 * @returns true only if every node that `have` matches is matched by `want`; false may also mean that it cannot be
 *   told, since each requirement is held against one other at a time. Empty terms match nothing, so they are skipped;
 *   without any other term the answer is true, although absent terms in a Pod mean every node.
 */
export function impliesTerms(
  have: readonly NodeSelectorTerm[],
  want: readonly NodeSelectorTerm[],
): boolean {
  return have.every((term) => isEmpty(term) || want.some((other) => termImplies(term, other)));
}

/**
 * Tells whether a term speaks of one of these labels.
 * @param keys label keys; fields (matchFields) are not looked at
 */
export function mentionsKeys(terms: readonly NodeSelectorTerm[], keys: readonly string[]): boolean {
  const wanted = new Set(keys);
  return terms.some((term) => expressionsOf(term).some(({ key }) => wanted.has(key)));
}

/**
 * Takes every requirement on these labels out of each term.
 * @returns one entry for each term, in order. A term that thereby lost all it had reads "every-node": written back as
 *   an empty term it would match none. A term that was empty before stays an empty term.
 */
export function stripKeys(
  terms: readonly NodeSelectorTerm[],
  keys: readonly string[],
): readonly StrippedTerm[] {
  const unwanted = new Set(keys);
  return terms.map((term) => {
    const expressions = expressionsOf(term);
    const kept = expressions.filter(({ key }) => !unwanted.has(key));
    if (kept.length === expressions.length) return term;
    if (kept.length === 0 && fieldsOf(term).length === 0) return "every-node";
    return toTerm(kept, fieldsOf(term));
  });
}

/**
 * Restricts a user's terms to wanted nodes: takes out what they say of capacity, then requires one of the wanted
 * terms beside each of them. Terms are ORed, so that adding a wanted term as one more would widen, not restrict.
 * @param wanted not empty, without empty terms
 * @param isRight which of the user's terms stay as they are
 * @returns terms that match a node exactly if `wanted` does and the user's terms without the capacity keys do.
 *   No user terms: `wanted`. Where no label of `wanted`, or each, is a capacity key, a second run changes nothing.
 */
export function restrictTo(
  userTerms: Maybe<readonly NodeSelectorTerm[]>,
  capacityKeys: readonly string[],
  wanted: readonly NodeSelectorTerm[],
  isRight: (term: NodeSelectorTerm) => boolean = () => false,
): readonly NodeSelectorTerm[] {
  if (userTerms == null || userTerms.length === 0) return uniqueTerms(wanted);
  return uniqueTerms(
    userTerms.flatMap((term) => {
      if (isEmpty(term) || isRight(term)) return [term];
      const [stripped] = stripKeys([term], capacityKeys);
      if (stripped === undefined || stripped === "every-node") return wanted;
      if (impliesTerms([stripped], wanted)) return [stripped];
      return wanted.map((other) => bothTerms(stripped, other));
    }),
  );
}

/**
 * Joins lists of terms by OR. Terms that are one In on the same label become one In with all the values, in order:
 * spot and on-demand give `In [spot, on-demand]`.
 * @returns terms that match a node exactly if one of the lists does
 */
export function unionTerms(
  ...lists: readonly (readonly NodeSelectorTerm[])[]
): readonly NodeSelectorTerm[] {
  const merged = new Map<string, NodeSelectorTerm>();
  for (const term of lists.flat()) {
    const single = singleIn(term);
    const slot = single === undefined ? termKey(term) : JSON.stringify(single.key);
    const earlier = merged.get(slot);
    const values = earlier === undefined ? [] : expressionsOf(earlier).flatMap(valuesOf);
    const joined =
      single === undefined || earlier === undefined
        ? term
        : toTerm([{ ...single, values: [...new Set([...values, ...valuesOf(single)])] }], []);
    merged.set(slot, joined);
  }
  return [...merged.values()];
}

function termImplies(have: NodeSelectorTerm, want: NodeSelectorTerm): boolean {
  const isImplied =
    (
      given: readonly NodeSelectorRequirement[],
      implies: (have: NodeSelectorRequirement, want: NodeSelectorRequirement) => boolean,
    ) =>
    (requirement: NodeSelectorRequirement): boolean =>
      given.some((candidate) => implies(candidate, requirement));
  return (
    !isEmpty(want) &&
    expressionsOf(want).every(isImplied(expressionsOf(have), expressionImplies)) &&
    fieldsOf(want).every(isImplied(fieldsOf(have), fieldImplies))
  );
}

function singleIn(term: NodeSelectorTerm): NodeSelectorRequirement | undefined {
  const [first, ...others] = expressionsOf(term);
  const isSingle = others.length === 0 && fieldsOf(term).length === 0;
  return isSingle && first?.operator === "In" ? first : undefined;
}
