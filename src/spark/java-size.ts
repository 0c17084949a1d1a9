import { LONG_MAX, type Parsed, parseDigits, trimmed } from "./java-string.ts";

/** Units of sizes, each 1024 times the one before. */
export type SizeUnit = "b" | "k" | "m" | "g" | "t" | "p";

const BYTES: Readonly<Record<SizeUnit, bigint>> = {
  b: 1n,
  k: 2n ** 10n,
  m: 2n ** 20n,
  g: 2n ** 30n,
  t: 2n ** 40n,
  p: 2n ** 50n,
};

/** The suffixes that JavaUtils knows: there is neither a `gib` nor a `bytes`. */
const SUFFIXES: ReadonlyMap<string, bigint> = new Map(
  Object.entries(BYTES).flatMap(([unit, bytes]): [string, bigint][] =>
    unit === "b"
      ? [[unit, bytes]]
      : [
          [unit, bytes],
          [`${unit}b`, bytes],
        ],
  ),
);

/**
 * Reads a size as an entry of sizes does (ConfigHelpers.byteFromString, JavaUtils.byteStringAs): `1g`, `1gb` and `1G` are
 * 2^30 bytes, and a minus before everything is allowed.
 * @param unit the entry's own: of a number without a unit, and what Spark rounds towards zero to: `1500k` are 1 MiB
 *   where the entry counts in MiB
 * @returns bytes, as the nearest double
 */
export function parseJavaSize(text: string, unit: SizeUnit): Parsed<number> {
  const negative = text.startsWith("-");
  const count = countOf(negative ? text.slice(1) : text, BYTES[unit]);
  if (count === undefined) {
    return {
      kind: "invalid",
      why: "must be a whole number with b, k, m, g, t or p behind it, such as 512m, and less than 2^63",
    };
  }
  const bytes = Number(count * BYTES[unit]);
  return { kind: "known", value: negative && bytes !== 0 ? -bytes : bytes };
}

/** How many of the entry's units a size is; undefined where JavaUtils throws. */
function countOf(text: string, unit: bigint): bigint | undefined {
  const [, digits, suffix] = /^(\d+)([a-z]+)?$/.exec(trimmed(text.toLowerCase())) ?? [];
  const amount = digits === undefined ? undefined : parseDigits(digits);
  const bytes = suffix === undefined ? unit : SUFFIXES.get(suffix);
  if (amount === undefined || bytes === undefined) return undefined;
  const count = (amount * bytes) / unit;
  return amount <= LONG_MAX && count <= LONG_MAX ? count : undefined;
}
