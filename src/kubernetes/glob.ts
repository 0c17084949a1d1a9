/** How globs are compared. */
export interface GlobOptions {
  /** Compare without regard to upper and lower case. */
  readonly ignoreCase?: boolean;
}

/**
 * Compiles globs: `*` stands for any run of characters (also none, and `/` too), `?` for exactly one character, all
 * else for itself. A pattern speaks of the whole text. No regular expression is built, so no pattern can make
 * matching exponential: it takes at most pattern length times text length steps.
 * @returns a function that says whether the text matches one of the patterns
 */
export function compileGlobs(
  patterns: readonly string[],
  options: GlobOptions = {},
): (text: string) => boolean {
  const fold = (text: string): string => (options.ignoreCase === true ? text.toLowerCase() : text);
  const folded = patterns.map(fold);
  const exact = new Set(folded.filter((pattern) => !/[*?]/.test(pattern)));
  const wild = folded
    .filter((pattern) => /[*?]/.test(pattern))
    .map((pattern) => ({
      // What comes before the first wildcard rules most texts out, at next to no cost.
      beginning: pattern.slice(0, pattern.search(/[*?]/)),
      characters: Array.from(pattern.replace(/\*+/g, "*")),
    }));

  return (text) => {
    const subject = fold(text);
    if (exact.has(subject)) return true;
    const possible = wild.filter(({ beginning }) => subject.startsWith(beginning));
    if (possible.length === 0) return false;
    const characters = Array.from(subject);
    return possible.some((pattern) => matchesGlob(pattern.characters, characters));
  };
}

/** Two pointers: on a mismatch the last star takes one character more, and earlier stars never need to. */
function matchesGlob(pattern: readonly string[], text: readonly string[]): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let starTook = 0;
  while (at < text.length) {
    if (pattern[next] === "*") {
      star = next;
      starTook = at;
      next += 1;
    } else if (pattern[next] === "?" || pattern[next] === text[at]) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      starTook += 1;
      at = starTook;
      next = star + 1;
    } else {
      return false;
    }
  }
  return pattern.slice(next).every((character) => character === "*");
}
