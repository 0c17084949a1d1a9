import { LONG_MAX, type Parsed, parseDigits, trimmed } from "./java-string.ts";

/** Units in which Spark's entries count durations. */
export type DurationUnit = "us" | "ms" | "s" | "min" | "h" | "d";

const MICROSECONDS: Readonly<Record<DurationUnit, bigint>> = {
  us: 1n,
  ms: 1000n,
  s: 1_000_000n,
  min: 60_000_000n,
  h: 3_600_000_000n,
  d: 86_400_000_000n,
};

/** The suffixes that JavaUtils knows: there is neither a `sec` nor a `w`. */
const SUFFIXES: ReadonlyMap<string, bigint> = new Map([
  ...Object.entries(MICROSECONDS),
  ["m", MICROSECONDS.min],
]);

/**
 * Reads a duration as an entry of durations does (JavaUtils.timeStringAs): `90s`, `1min` and `1m`.
 * @param unit the entry's own: of a number without a unit, and what Spark rounds towards zero to: `1500ms` are a second
 *   where the entry counts in seconds
 * @returns milliseconds, as the nearest double
 */
export function parseDuration(text: string, unit: DurationUnit): Parsed<number> {
  const count = countOf(text, MICROSECONDS[unit]);
  if (count === undefined) {
    return {
      kind: "invalid",
      why: "must be a whole number with us, ms, s, m, min, h or d behind it, such as 60s, and less than 2^63",
    };
  }
  // Rounded once, whatever comes out.
  const perUnit = MICROSECONDS[unit];
  const value = unit === "us" ? Number(count) / 1000 : Number(count * (perUnit / 1000n));
  return { kind: "known", value };
}

/** How many of the entry's units a duration is; undefined where JavaUtils throws. What is too large becomes the largest. */
function countOf(text: string, unit: bigint): bigint | undefined {
  const [, minus, digits, suffix] = /^(-?)(\d+)([a-z]+)?$/.exec(trimmed(text.toLowerCase())) ?? [];
  const amount = digits === undefined ? undefined : parseDigits(digits);
  const microseconds = suffix === undefined ? unit : SUFFIXES.get(suffix);
  if (amount === undefined || microseconds === undefined) return undefined;
  // Of all numbers with 2^63 in them only -2^63 is a long.
  const largest = minus === "-" ? LONG_MAX + 1n : LONG_MAX;
  if (amount > largest) return undefined;
  const count = (amount * microseconds) / unit;
  const bounded = count > largest ? largest : count;
  return minus === "-" ? -bounded : bounded;
}
