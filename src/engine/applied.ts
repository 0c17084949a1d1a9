import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../kubernetes/json.ts";
import type { PolicyOutcome } from "./decision.ts";
import type { Draft, FieldChange } from "./draft.ts";

/** Where a Pod says what Sparkgate changed. For people and for audit; nothing is ever decided from it. */
export const APPLIED_ANNOTATION = "sparkgate.io/applied";

/** The annotation's value: per policy the fields that it changed, and what was there before. */
export interface Applied {
  readonly v: 1;
  readonly policies: Readonly<Record<string, readonly FieldChange[]>>;
}

/** Characters of a former value above which it is left out: annotations share 256 KiB, and a user's affinity can be of any size. */
const LONGEST_FORMER_VALUE = 4096;
const TOO_LONG = "(too long to keep)";

/**
 * Writes down what the policies changed. When the API server calls again (reinvocation) the first entry
 * stays, since only it knows what the user sent. Entries of policies that are not loaded are dropped: a
 * user may have brought them.
 */
export function recordApplied(
  draft: Draft,
  outcomes: readonly PolicyOutcome[],
  loaded: ReadonlySet<string>,
): void {
  const annotations = draft.pod.metadata?.annotations ?? {};
  const present = Object.hasOwn(annotations, APPLIED_ANNOTATION)
    ? annotations[APPLIED_ANNOTATION]
    : undefined;
  const changed = outcomes.filter((outcome) => outcome.changes.length > 0);
  if (present === undefined && changed.length === 0) return;

  const entries = new Map(
    Object.entries(readApplied(present)?.policies ?? {}).filter(([name]) => loaded.has(name)),
  );
  for (const { policy, changes } of changed) {
    entries.set(policy, merge(entries.get(policy) ?? [], changes.map(withoutSecrets)));
  }
  const path = ["metadata", "annotations", APPLIED_ANNOTATION];
  if (entries.size === 0) {
    draft.remove(path);
    return;
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const applied: Applied = { v: 1, policies: Object.fromEntries(sorted) };
  draft.set(path, JSON.stringify(applied));
}

/** Reads the annotation; undefined for what is not of our making. */
export function readApplied(text: string | undefined): Applied | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isApplied(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isApplied(value: unknown): value is Applied {
  if (!isRecord(value) || value["v"] !== 1 || !isRecord(value["policies"])) return false;
  return Object.values(value["policies"]).every(
    (changes) => Array.isArray(changes) && changes.every(isFieldChange),
  );
}

function isFieldChange(value: unknown): boolean {
  if (!isRecord(value) || typeof value["path"] !== "string") return false;
  return !Object.hasOwn(value, "added") || Array.isArray(value["added"]);
}

/** Adds new changes behind those known; a field that is covered already keeps its first entry. */
function merge(
  known: readonly FieldChange[],
  changes: readonly FieldChange[],
): readonly FieldChange[] {
  const merged = [...known];
  for (const change of changes) {
    const covered =
      change.added === undefined
        ? merged.some((entry) => entry.added === undefined && covers(entry.path, change.path))
        : merged.some((entry) => isDeepStrictEqual(entry, change));
    if (!covered) merged.push(change);
  }
  return merged;
}

function covers(path: string, other: string): boolean {
  return other === path || other.startsWith(`${path}/`);
}

/** Environment variables, and whatever has them inside: whole containers and all above. */
const MAY_HOLD_VARIABLES =
  /\/env(?:\/|$)|^(?:\/spec(?:\/(?:c|initC|ephemeralC)ontainers(?:\/\d+)?)?)?$/;

/** Environment variables carry secrets, and the annotation can be read by whoever can list Pods. */
function withoutSecrets(change: FieldChange): FieldChange {
  const { path, was, added } = change;
  if (MAY_HOLD_VARIABLES.test(path)) return { path };
  const length = JSON.stringify([was, added]).length;
  if (length <= LONGEST_FORMER_VALUE) return change;
  return added === undefined ? { path, was: TOO_LONG } : { path, added: [TOO_LONG] };
}
