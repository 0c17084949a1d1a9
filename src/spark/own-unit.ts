import { type DurationUnit, parseDuration } from "./duration.ts";
import { parseJavaSize, type SizeUnit } from "./java-size.ts";
import type { Parsed } from "./java-string.ts";
import { knownKey } from "./known-keys.ts";

/** What Spark takes the values of a key for. */
export interface OwnUnit {
  readonly kind: "size" | "duration";
  /** Of a number without a unit, such as `MiB`. */
  readonly name: string;
  /** Reads a value as Spark does: bytes or milliseconds. */
  readonly read: (text: string) => Parsed<number>;
}

const SIZES: ReadonlyMap<string, SizeUnit> = new Map([
  ["B", "b"],
  ["KiB", "k"],
  ["MiB", "m"],
  ["GiB", "g"],
]);

/** Not the few that count in nanoseconds: for these JavaUtils has no suffix, and nobody bounds them. */
const DURATIONS: ReadonlySet<string> = new Set<DurationUnit>(["us", "ms", "s", "min", "h", "d"]);

/**
 * The unit that an entry of Spark's has (`bytesConf(ByteUnit.MiB)`, `timeConf(TimeUnit.SECONDS)`), as it was recorded;
 * undefined for a key without one, and for a key that has no entry.
 */
export function ownUnit(key: string): OwnUnit | undefined {
  const [kind, name = ""] = knownKey(key)?.type.split(":") ?? [];
  const size = kind === "bytes" ? SIZES.get(name) : undefined;
  if (size !== undefined) return { kind: "size", name, read: (text) => parseJavaSize(text, size) };
  if (kind !== "time" || !isDuration(name)) return undefined;
  return { kind: "duration", name, read: (text) => parseDuration(text, name) };
}

function isDuration(name: string): name is DurationUnit {
  return DURATIONS.has(name);
}
