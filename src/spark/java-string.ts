/** What the reading of a value gave: the value, or why it is none, without the text itself, which may be a secret. */
export type Parsed<Value> =
  | { readonly kind: "known"; readonly value: Value }
  | { readonly kind: "invalid"; readonly why: string };

/**
 * `String.trim()`: everything up to a blank (U+0020) counts as one, control characters too, and no other blanks of Unicode.
 * @param kept characters that are not trimmed all the same
 */
export function trimmed(text: string, kept = ""): string {
  const isTrimmed = (at: number) => text.charCodeAt(at) <= 0x20 && !kept.includes(text.charAt(at));
  let start = 0;
  let end = text.length;
  while (start < end && isTrimmed(start)) start++;
  while (start < end && isTrimmed(end - 1)) end--;
  return text.slice(start, end);
}

const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);
const LONGEST_LONG = 19;

export const LONG_MAX = 2n ** 63n - 1n;

/**
 * Reads an int as an entry of ints does (ConfigHelpers.toNumber): blanks around it do not count. Stricter than Java in one
 * point: Integer.parseInt takes digits of other scripts too.
 */
export function parseJavaInt(text: string): Parsed<number> {
  const digits = trimmed(text);
  const value = /^[+-]?\d+$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(value >= INT_MIN && value <= INT_MAX)) {
    return { kind: "invalid", why: "must be a whole number of 32 bits" };
  }
  return { kind: "known", value: value === 0 ? 0 : value };
}

/** Double.valueOf's decimals, which may end like a literal of Java's. */
const DECIMAL = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?$/;

/**
 * Reads a double as an entry of doubles does (ConfigHelpers.toNumber): blanks around it do not count. Stricter than Java in
 * two points: NaN, which no entry means, and hexadecimals are none.
 */
export function parseJavaDouble(text: string): Parsed<number> {
  const word = trimmed(text);
  const [, digits = /^[+-]?Infinity$/.test(word) ? word : ""] = DECIMAL.exec(word) ?? [];
  return digits === ""
    ? { kind: "invalid", why: "must be a number" }
    : { kind: "known", value: Number(digits) };
}

/** Reads a boolean as an entry of booleans does (ConfigHelpers.toBoolean): in any case, blanks around it do not count. */
export function parseJavaBoolean(text: string): Parsed<boolean> {
  const word = trimmed(text).toLowerCase();
  return word === "true" || word === "false"
    ? { kind: "known", value: word === "true" }
    : { kind: "invalid", why: "must be true or false" };
}

/** Reads ASCII digits as Long.parseLong does, in linear time; undefined for what is more than 2^63, which is one too many. */
export function parseDigits(digits: string): bigint | undefined {
  let zeros = 0;
  while (digits[zeros] === "0") zeros++;
  if (digits.length - zeros > LONGEST_LONG) return undefined;
  const value = BigInt(digits.slice(zeros));
  return value <= LONG_MAX + 1n ? value : undefined;
}
