import type { LabelSelector } from "../kubernetes/label-selector.ts";
import type { DocumentPath, SourceDocument } from "./document.ts";
import { scopesOverlap, type Scope } from "./match-relations.ts";
import type { MatchSpec } from "./match.ts";
import type { Problem } from "./problem.ts";

/** Something that asks for labels of the object: a policy, or a subject of an exception. */
export interface Selecting {
  readonly document: SourceDocument;
  readonly clauses: readonly { readonly path: DocumentPath; readonly match: MatchSpec }[];
  /** Whom it speaks of at all. */
  readonly scope: Scope;
}

/** A policy that sets labels. */
export interface LabelSetter {
  readonly name: string;
  readonly keys: readonly string[];
  readonly scope: Scope;
}

/**
 * Selectors on labels that a policy sets, also the one that asks. The API server calls a webhook again when another one has changed the
 * object (reinvocation): by then the label is there, other policies would match than the first time, and the second
 * answer would undo the first.
 */
export function unstableSelectors(
  selecting: readonly Selecting[],
  setters: readonly LabelSetter[],
): readonly Problem[] {
  return selecting.flatMap(({ document, clauses, scope }) =>
    clauses.flatMap(({ path, match }) => {
      const asked = keysOf(match.objectSelector);
      if (asked.length === 0) return [];
      return setters.flatMap((setter) => {
        const key = setter.keys.find((candidate) => asked.includes(candidate));
        if (key === undefined || !meet(scope, setter.scope)) return [];
        const message = `asks for label ${key}, which policy ${setter.name} sets: the second time that the API server calls, other policies would match. Select by namespace, or by a label that jobs bring themselves`;
        return [document.problem([...path, "objectSelector"], message)];
      });
    }),
  );
}

function keysOf(selector: LabelSelector | undefined): readonly string[] {
  const expressions = selector?.matchExpressions ?? [];
  return [...Object.keys(selector?.matchLabels ?? {}), ...expressions.map(({ key }) => key)];
}

/** Labels aside, since those are what changes. */
function meet(a: Scope, b: Scope): boolean {
  return scopesOverlap(withoutLabels(a), withoutLabels(b));
}

function withoutLabels({ match, exclude }: Scope): Scope {
  return {
    match: match && { ...match, objectSelector: undefined },
    // What is left out by labels may be taken in by others.
    exclude: exclude?.objectSelector === undefined ? exclude : undefined,
  };
}
