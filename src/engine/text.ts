/** Characters of a value that are shown; image references and label values are shorter, hostile input is not. */
const LONGEST_SHOWN = 120;

/**
 * A value from an object, in single quotes, fit for a one-line text: the API server drops a warning with a
 * control character in it, and clients escape double quotes and backslashes.
 */
export function quoted(value: string): string {
  return `'${oneLine(value, LONGEST_SHOWN)}'`;
}

/** Control characters, line separators, marks that turn the direction of writing, double quotes and backslashes. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffd"\\]/g;

/** ASCII: Spark's client prints every other character as ? where the locale is POSIX, as in most images. */
const CUT = "...";

/** Makes one line of at most `longest` characters, without control characters, double quotes and backslashes. */
export function oneLine(text: string, longest: number): string {
  // Cut first: the rest of a 3 MiB value is never looked at.
  const clean = text
    .slice(0, longest + 1)
    .replace(UNFIT, replacement)
    .toWellFormed();
  return clean.length > longest
    ? `${clean.slice(0, longest - CUT.length).toWellFormed()}${CUT}`
    : clean;
}

function replacement(character: string): string {
  if (character === '"') return "'";
  if (character === "\\") return "/";
  return character === "\n" || character === "\t" ? " " : "?";
}

/** Joins alternatives for people: `'a' or 'b'`. */
export function either(values: readonly string[]): string {
  return values.map(quoted).join(" or ");
}
