/** A value with its references resolved, or why nobody but Spark can tell what it will be. */
export type Substituted =
  | { readonly kind: "known"; readonly value: string }
  | { readonly kind: "unknown"; readonly why: string };

/** ConfigReader.REF_RE, whose \S is everything but ASCII's blanks. */
const REFERENCE = /\$\{(?:(\w+?):)?([^ \t\n\v\f\r]+?)\}/g;

/** References lie within words. */
const WORD = /[^ \t\n\v\f\r]+/g;

/** References within references. Spark resolves until its stack overflows. */
const DEEPEST = 32;

/** References, and characters of what they refer to. Nobody means more; doubling 20 times would be a million. */
const MOST_WORK = 65_536;

/** Of a reference in a message. */
const LONGEST_NAME = 100;

interface Expansion {
  readonly read: (key: string) => string | undefined;
  /** The references that lead here. */
  readonly path: Set<string>;
  work: number;
  /** Set once, and everything is given up then. */
  why: string | undefined;
}

/**
 * Resolves `${spark.x}` in a value as ConfigReader.substitute does for configuration entries: what it refers to is resolved
 * as well, keys that do not begin with `spark.` and prefixes that Spark does not know stay as they are.
 * @param read the raw value of a key; undefined where it is not set
 * @returns unknown for `${env:X}` and `${system:X}`; for a key that is not set, since Spark takes the default of an entry
 *   that it knows; for circles, over which Spark throws; and for more than anybody means
 */
export function substitute(text: string, read: (key: string) => string | undefined): Substituted {
  if (!text.includes("${")) return { kind: "known", value: text };
  const expansion: Expansion = { read, path: new Set(), work: 0, why: undefined };
  const value = expand(text, expansion);
  return expansion.why === undefined
    ? { kind: "known", value }
    : { kind: "unknown", why: expansion.why };
}

function expand(text: string, expansion: Expansion): string {
  return text.replace(WORD, (word) => {
    // Behind the last brace nothing ends, and to look for it at every start would be quadratic.
    const end = word.lastIndexOf("}") + 1;
    const resolved = word
      .slice(0, end)
      .replace(REFERENCE, (matched, prefix: string | undefined, name: string) =>
        expansion.why === undefined ? resolve(matched, prefix, name, expansion) : matched,
      );
    return resolved + word.slice(end);
  });
}

function resolve(
  matched: string,
  prefix: string | undefined,
  name: string,
  expansion: Expansion,
): string {
  if (prefix === "env" || prefix === "system") {
    expansion.why = `${shown(matched)} is known only where Spark runs`;
    return matched;
  }
  // All entries that Spark knows, and so all defaults, are of keys that begin so.
  if (prefix !== undefined || !name.startsWith("spark.")) return matched;
  const value = expansion.read(name);
  expansion.why = reasonAgainst(name, value, expansion);
  if (value === undefined || expansion.why !== undefined) return matched;
  expansion.path.add(name);
  const resolved = expand(value, expansion);
  expansion.path.delete(name);
  return resolved;
}

function reasonAgainst(
  name: string,
  value: string | undefined,
  expansion: Expansion,
): string | undefined {
  if (value === undefined) return `${shown(name)} is not set, and Spark may have a default for it`;
  if (expansion.path.has(name)) return `${shown(name)} refers to itself, which Spark refuses`;
  expansion.work += 1 + value.length;
  return expansion.path.size >= DEEPEST || expansion.work > MOST_WORK
    ? "it refers to too much to resolve"
    : undefined;
}

function shown(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}
