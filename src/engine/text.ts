/** Characters of a value that are shown; image references and label values are shorter, hostile input is not. */
const LONGEST_SHOWN = 120;

/**
 * A value from an object, in single quotes, fit for a one-line text: the API server drops a warning with a
 * control character in it, and clients escape double quotes and backslashes.
 */
export function quoted(value: string): string {
  return `'${oneLine(value, LONGEST_SHOWN)}'`;
}

/** What breaks a line, cannot be seen or turns the direction of writing: control and format characters, separators of lines. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** That, double quotes and backslashes. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd"\\]/gu;

/** ASCII: Spark's client prints every other character as ? where the locale is POSIX, as in most images. */
const CUT = "...";

/** Makes one line of at most `longest` characters, without control characters, double quotes and backslashes. */
export function oneLine(text: string, longest: number): string {
  // Cut first: the rest of a 3 MiB value is never looked at.
  const clean = text.slice(0, longest + 1).replace(UNFIT, replacement);
  return clean.length > longest
    ? `${clean.slice(0, longest - CUT.length).toWellFormed()}${CUT}`
    : clean;
}

function replacement(character: string): string {
  if (character === '"') return "'";
  if (character === "\\") return "/";
  return character === "\n" || character === "\t" ? " " : "?";
}

/** Writes what cannot be seen as `\uXXXX`: JSON means the same then, and is one clean line. */
export function escapeUnseen(json: string): string {
  return json.replace(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_none, index) => {
      const unit = character.charCodeAt(index).toString(16);
      return `\\u${unit.padStart(4, "0")}`;
    }).join(""),
  );
}

/** The same with line feeds left as they are. */
export function escapeUnseenLines(text: string): string {
  return text.split("\n").map(escapeUnseen).join("\n");
}

/** Joins alternatives for people: `'a' or 'b'`. */
export function either(values: readonly string[]): string {
  return values.map(quoted).join(" or ");
}
