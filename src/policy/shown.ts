/** Characters of a value in a message. */
const LONGEST = 60;
/** Entries of a list or a map that are looked at; what is cut off anyway is not. */
const MOST_ENTRIES = 20;
const DEEPEST = 4;

/** A value for a message: short ones as they are. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  // JSON has neither infinity nor NaN, YAML has.
  const text = typeof value === "number" ? String(value) : JSON.stringify(pruned(value, 0));
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}

/** So much of a value that its beginning stays the same: one may be a megabyte. */
function pruned(value: unknown, level: number): unknown {
  if (typeof value === "string") return value.slice(0, LONGEST);
  if (typeof value !== "object" || value === null) return value;
  if (level === DEEPEST) return "...";
  if (Array.isArray(value)) {
    return value.slice(0, MOST_ENTRIES).map((entry) => pruned(entry, level + 1));
  }
  const keys = Object.keys(value).slice(0, MOST_ENTRIES);
  const entries = keys.map((key) => [
    key.slice(0, LONGEST),
    (value as Record<string, unknown>)[key],
  ]);
  return Object.fromEntries(
    entries.map(([key, entry]) => [key, pruned(entry, level + 1)] as const),
  ) as unknown;
}
