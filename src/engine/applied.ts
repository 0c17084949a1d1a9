import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../kubernetes/json.ts";
import type { PolicyOutcome } from "./decision.ts";
import type { Draft, FieldChange, Path } from "./draft.ts";
import { escapeUnseen } from "./text.ts";

/** Where a Pod says what Sparkgate changed. For people and for audit; nothing is ever decided from it. */
export const APPLIED_ANNOTATION = "sparkgate.io/applied";

const ANNOTATION_PATH: Path = ["metadata", "annotations", APPLIED_ANNOTATION];

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

  const entries = entriesKept(present, loaded);
  for (const { policy, changes } of changed) {
    entries.set(policy, merge(entries.get(policy) ?? [], changes));
  }
  if (entries.size === 0) {
    draft.remove(ANNOTATION_PATH);
    return;
  }
  const sorted = [...entries.keys()].sort();
  const policies: Record<string, readonly FieldChange[]> = {};
  for (const policy of sorted) policies[policy] = entries.get(policy) ?? [];
  const applied: Applied = { v: 1, policies };
  draft.set(ANNOTATION_PATH, escapeUnseen(JSON.stringify(applied)));
}

/** The entries of an annotation that is there already, of policies that are loaded. */
function entriesKept(
  present: string | undefined,
  loaded: ReadonlySet<string>,
): Map<string, readonly FieldChange[]> {
  const entries = new Map<string, readonly FieldChange[]>();
  const applied = readApplied(present);
  if (applied === undefined) return entries;
  for (const [policy, changes] of Object.entries(applied.policies)) {
    if (loaded.has(policy)) entries.set(policy, changes);
  }
  return entries;
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
    const entry = withoutSecrets(change);
    if (!merged.some((earlier) => tellsOf(earlier, entry))) merged.push(entry);
  }
  return merged;
}

/** Whether an entry tells of a later change already. */
function tellsOf(earlier: FieldChange, later: FieldChange): boolean {
  if (later.added !== undefined) return isDeepStrictEqual(earlier, later);
  return earlier.added === undefined && covers(earlier.path, later.path);
}

function covers(path: string, other: string): boolean {
  return other.startsWith(path) && (other.length === path.length || other[path.length] === "/");
}

/** Environment variables, and whatever has them inside: whole containers and all above. */
const MAY_HOLD_VARIABLES =
  /\/env(?:\/|$)|^(?:\/spec(?:\/(?:c|initC|ephemeralC)ontainers(?:\/\d+)?)?)?$/;

/** Environment variables carry secrets, and the annotation can be read by whoever can list Pods. */
function withoutSecrets(change: FieldChange): FieldChange {
  const { path, was, added } = change;
  if (MAY_HOLD_VARIABLES.test(path)) return { path };
  if (was === undefined && added === undefined) return change;
  const length = JSON.stringify([was, added]).length;
  if (length <= LONGEST_FORMER_VALUE) return change;
  return added === undefined ? { path, was: TOO_LONG } : { path, added: [TOO_LONG] };
}
