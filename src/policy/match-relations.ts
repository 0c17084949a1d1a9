import { isDeepStrictEqual } from "node:util";
import { compileGlobs } from "../kubernetes/glob.ts";
import type { LabelSelector } from "../kubernetes/label-selector.ts";
import { matchedRoles, type MatchSpec } from "./match.ts";

/** Whom a policy speaks of. */
export interface Scope {
  readonly match?: MatchSpec | undefined;
  readonly exclude?: MatchSpec | undefined;
}

/** Whether it is sure that every subject of `inner` is one of `outer`. False where it cannot be told. */
export function scopeCovers(outer: Scope, inner: Scope): boolean {
  if (!covers(outer.match ?? {}, inner.match ?? {})) return false;
  const { exclude } = outer;
  if (exclude === undefined) return true;
  return (
    (inner.exclude !== undefined && covers(inner.exclude, exclude)) ||
    !overlaps(exclude, inner.match ?? {})
  );
}

/** Whether some subject may be one of both. True where it cannot be told. */
export function scopesOverlap(a: Scope, b: Scope): boolean {
  if (!overlaps(a.match ?? {}, b.match ?? {})) return false;
  const isLeftOut = ({ exclude }: Scope, { match }: Scope) =>
    exclude !== undefined && covers(exclude, match ?? {});
  return !isLeftOut(a, b) && !isLeftOut(b, a);
}

/** Whether every subject that fits `inner` fits `outer`. */
export function covers(outer: MatchSpec, inner: MatchSpec): boolean {
  const innerRoles = matchedRoles(inner);
  const outerRoles = matchedRoles(outer);
  const conditions = (inner.matchConditions ?? []).map(({ expression }) => expression);
  return (
    innerRoles.every((role) => outerRoles.includes(role)) &&
    globsCover(outer.namespaces, inner.namespaces) &&
    selectorCovers(outer.namespaceSelector, inner.namespaceSelector) &&
    selectorCovers(outer.objectSelector, inner.objectSelector) &&
    (outer.matchConditions ?? []).every(({ expression }) => conditions.includes(expression))
  );
}

function overlaps(a: MatchSpec, b: MatchSpec): boolean {
  const roles = matchedRoles(b);
  return (
    matchedRoles(a).some((role) => roles.includes(role)) &&
    (a.namespaces ?? ["*"]).some((one) =>
      (b.namespaces ?? ["*"]).some((other) => globsMeet(one, other)),
    ) &&
    labelsMeet(a.namespaceSelector, b.namespaceSelector) &&
    labelsMeet(a.objectSelector, b.objectSelector)
  );
}

function globsCover(
  outer: readonly string[] | undefined,
  inner: readonly string[] | undefined,
): boolean {
  if (outer === undefined) return true;
  return (inner ?? ["*"]).every((glob) => outer.some((other) => globCovers(other, glob)));
}

function globCovers(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  if (!/[*?]/.test(inner)) return compileGlobs([outer])(inner);
  // `team-*` covers `team-a*`; other wildcards are not compared.
  const prefix = /^([^*?]*)\*$/.exec(outer)?.[1];
  return prefix !== undefined && literalStart(inner).startsWith(prefix);
}

/** Whether a text fits both globs: each is walked through once for every place in the other. */
export function globsMeet(a: string, b: string): boolean {
  // Most are names, or differ at once: hundreds of policies are compared with each other.
  const [start, other] = [literalStart(a), literalStart(b)];
  if (!start.startsWith(other) && !other.startsWith(start)) return false;
  if (start.length === a.length && other.length === b.length) return a === b;
  let reachable: readonly boolean[] = [true];
  const row = (previous: readonly boolean[] | undefined, character: string | undefined) => {
    const next: boolean[] = [];
    for (let at = 0; at <= b.length; at++) {
      const left = next[at - 1] ?? false;
      const other = b[at - 1];
      if (previous === undefined) {
        next.push(at === 0 || (left && other === "*"));
        continue;
      }
      const above = previous[at] ?? false;
      const diagonal = previous[at - 1] ?? false;
      next.push(
        (character === "*" && (above || left)) ||
          (other === "*" && (above || left)) ||
          (diagonal && fitsOne(character, other)),
      );
    }
    return next;
  };
  reachable = row(undefined, undefined);
  for (const character of a) reachable = row(reachable, character);
  return reachable[b.length] ?? false;
}

function literalStart(glob: string): string {
  const wildcard = glob.search(/[*?]/);
  return wildcard < 0 ? glob : glob.slice(0, wildcard);
}

function fitsOne(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a === b || a === "?" || b === "?" || a === "*" || b === "*";
}

/** A selector with fewer conditions covers one with more. */
function selectorCovers(
  outer: LabelSelector | undefined,
  inner: LabelSelector | undefined,
): boolean {
  if (outer === undefined) return true;
  const labels = inner?.matchLabels ?? {};
  const expressions = inner?.matchExpressions ?? [];
  return (
    Object.entries(outer.matchLabels ?? {}).every(
      ([key, value]) => Object.hasOwn(labels, key) && labels[key] === value,
    ) &&
    (outer.matchExpressions ?? []).every((one) =>
      expressions.some((other) => isDeepStrictEqual(one, other)),
    )
  );
}

/** Two values of one label cannot both be there; all else may. */
function labelsMeet(a: LabelSelector | undefined, b: LabelSelector | undefined): boolean {
  const others = b?.matchLabels ?? {};
  return Object.entries(a?.matchLabels ?? {}).every(
    ([key, value]) => !Object.hasOwn(others, key) || others[key] === value,
  );
}
