import { distance } from "fastest-levenshtein";

/** Something that is wrong with what was written, and where. */
export interface Problem {
  readonly file: string;
  /** From 1; 0 where it is not about a line. */
  readonly line: number;
  readonly column: number;
  /** Such as `spec.placement.onDemand.percent`; empty where it is about the whole document. */
  readonly path: string;
  /** What was found and what is allowed. */
  readonly message: string;
}

/** `file:3:5: spec.mode: …`, which editors and CI logs turn into a link. */
export function problemText({ file, line, column, path, message }: Problem): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  return path === "" ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
}

/** Of one document; who has more has one mistake in many places. */
export const MOST_PROBLEMS = 100;

/** Ends what was told of `count` problems with how many were not, at the place of the last one. */
export function withRest(told: readonly Problem[], count: number): readonly Problem[] {
  const last = told.at(-1);
  if (last === undefined || count <= told.length) return told;
  return [...told, { ...last, message: `... and ${count - told.length} more` }];
}

/** Longer found words are no slip of anything, and comparing them would take time. */
const LONGEST_SLIP = 100;

/** `; did you mean 'placement'?` for a word that is nearly one of those allowed, else nothing. */
export function nearMiss(found: string, allowed: readonly string[]): string {
  if (found.length > LONGEST_SLIP) return "";
  const nearest = allowed
    .map((word) => ({ word, far: slipsBetween(found.toLowerCase(), word.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)[0];
  // A third of the letters wrong is a slip; more is another word.
  const isNear = nearest !== undefined && nearest.far <= Math.max(1, nearest.word.length / 3);
  return isNear ? `; did you mean '${nearest.word}'?` : "";
}

/** Levenshtein's distance, but for two letters swapped: that is one slip, and `mdoe` is nearly `mode`. */
function slipsBetween(found: string, word: string): number {
  const far = distance(found, word);
  const at = Array.from(word).findIndex((letter, index) => letter !== found[index]);
  const [first, second] = [word.charAt(at), word.charAt(at + 1)];
  const swapped = word.slice(0, at) + second + first + word.slice(at + 2);
  return at >= 0 && swapped === found ? 1 : far;
}

/** Characters of all that is allowed; a hint comes after it and must stay in sight. */
const LONGEST_LIST = 250;

/** `a, b, c`, or `a, b, ... (7 more)`. */
export function listText(words: readonly string[]): string {
  let text = "";
  for (const [index, word] of words.entries()) {
    const longer = index === 0 ? word.slice(0, LONGEST_LIST) : `${text}, ${word}`;
    if (longer.length > LONGEST_LIST) return `${text}, ... (${words.length - index} more)`;
    text = longer;
  }
  return text;
}

/** Control characters, line separators, marks that turn the direction of writing: in a terminal or a log they garble the rest. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Makes one line of at most `longest` characters that a terminal shows as it is. */
export function plainLine(text: string, longest: number): string {
  // Cut first: the rest of a megabyte is never looked at.
  const line = text
    .slice(0, longest + 1)
    .replace(UNFIT, (character) => (/\s/.test(character) ? " " : "?"))
    .toWellFormed();
  return line.length > longest ? `${line.slice(0, longest - 3).toWellFormed()}...` : line;
}
