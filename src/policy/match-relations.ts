import { isDeepStrictEqual } from "node:util";
import { compileGlobs } from "../kubernetes/glob.ts";
import type { LabelSelector, LabelSelectorRequirement } from "../kubernetes/label-selector.ts";
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
  const [end, otherEnd] = [literalEnd(a), literalEnd(b)];
  if (!end.endsWith(otherEnd) && !otherEnd.endsWith(end)) return false;
  const wide = b.length + 1;
  // reachable[at] = 1: the part of a so far and b up to `at` fit one text.
  let reachable = new Uint8Array(wide);
  reachable[0] = 1;
  for (let at = 1; at < wide && b.charCodeAt(at - 1) === STAR; at++) reachable[at] = 1;
  for (let of = 0; of < a.length; of++) reachable = afterOne(a.charCodeAt(of), b, reachable);
  return reachable[b.length] === 1;
}

/** One character of a glob further. */
function afterOne(one: number, b: string, reachable: Uint8Array): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(reachable.length);
  next[0] = one === STAR ? (reachable[0] ?? 0) : 0;
  for (let at = 1; at < next.length; at++) {
    const two = b.charCodeAt(at - 1);
    const both = reachable[at - 1] ?? 0;
    if (one === STAR || two === STAR) next[at] = (reachable[at] ?? 0) | (next[at - 1] ?? 0) | both;
    else if (one === two || one === ANY_ONE || two === ANY_ONE) next[at] = both;
  }
  return next;
}

const STAR = 42; // *
const ANY_ONE = 63; // ?

function literalEnd(glob: string): string {
  return /[^*?]*$/.exec(glob)?.[0] ?? "";
}

function literalStart(glob: string): string {
  const wildcard = glob.search(/[*?]/);
  return wildcard < 0 ? glob : glob.slice(0, wildcard);
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

/** Whether an object may fit both: whether what they ask of each label goes together. */
function labelsMeet(a: LabelSelector | undefined, b: LabelSelector | undefined): boolean {
  const asked = [...requirementsOf(a), ...requirementsOf(b)];
  return [...Map.groupBy(asked, ({ key }) => key).values()].every(goTogether);
}

function requirementsOf(selector: LabelSelector | undefined): readonly LabelSelectorRequirement[] {
  const equalities = Object.entries(selector?.matchLabels ?? {});
  return [
    ...equalities.map(([key, value]) => ({ key, operator: "In", values: [value] })),
    ...(selector?.matchExpressions ?? []),
  ];
}

function goTogether(ofOneLabel: readonly LabelSelectorRequirement[]): boolean {
  const valuesOf = (operator: string) =>
    ofOneLabel.flatMap((each) => (each.operator === operator ? [each.values ?? []] : []));
  const allowed = valuesOf("In");
  const forbidden = valuesOf("NotIn").flat();
  const mustBe = allowed.length > 0 || valuesOf("Exists").length > 0;
  if (mustBe && valuesOf("DoesNotExist").length > 0) return false;
  const [first, ...others] = allowed;
  return (
    first === undefined ||
    first.some(
      (value) => others.every((other) => other.includes(value)) && !forbidden.includes(value),
    )
  );
}
