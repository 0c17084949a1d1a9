import { COMPOSED_KEYS, FILTER_OPTION, FOREIGN_PREFIXES, OPEN_PREFIXES } from "./key-prefixes.ts";
import recorded from "./known-keys.json" with { type: "json" };
import { type KeyNode, emptyTree, isOpenKey, nearestKey, plant } from "./nearest-key.ts";

/** What is known of a key that Spark reads. */
export interface KnownKey {
  /**
   * `boolean`, `int`, `long`, `double`, `string`, `list`, or `time:ms` and `bytes:MiB` with the unit of a bare number;
   * `any` where Spark has no ConfigEntry of it.
   */
  readonly type: string;
  /** The first and the last line of Spark that know it, of those recorded. */
  readonly from: string;
  readonly until: string;
  /** The key that took its place; Spark still reads it. */
  readonly renamedTo: string | undefined;
  /** Since when, and what Spark says of it when it is set. */
  readonly deprecated: string | undefined;
}

/** What to say of a key that Spark does not know, and so does not read. */
export interface UnknownKey {
  /** The known key that was probably meant. */
  readonly nearest: string | undefined;
  /** The lines of Spark that do know it, such as `4.0 to 4.3`, where only this version does not. */
  readonly knownIn: string | undefined;
}

/** Longer keys, of which Spark has none, are no slip of anything. */
const LONGEST_KEY = 200;

/** Unknown keys of one configuration for which a known one is sought; that takes time. */
const MOST_SOUGHT = 50;

/** The recorded lines of Spark, oldest first, such as `4.1`. */
const LINES: readonly string[] = recorded.releases.map((release) => lineOf(release) ?? release);

interface Index {
  readonly keys: ReadonlyMap<string, KnownKey>;
  /** Of Spark's own keys and prefixes. */
  readonly tree: KeyNode;
  readonly foreign: KeyNode;
  /** Keys, and prefixes with their dot, by the letters alone and in lower case: Spark distinguishes both. */
  readonly squashed: ReadonlyMap<string, string>;
}

let index: Index | undefined;

/** What is known of a key; undefined of those that no recorded release knows, and of those whose rest the user chooses. */
export function knownKey(key: string): KnownKey | undefined {
  return key.length > LONGEST_KEY ? undefined : indexed().keys.get(key);
}

/** A version of Spark, such as `3.5` or `4.1.2`: only what that knows counts. */
interface OfVersion {
  readonly version?: string | undefined;
}

/**
 * Undefined for a key that Spark or one of its well-known plugins reads, or that does not begin with `spark.`, which
 * Spark ignores with a word of its own; else what was probably meant.
 */
export function unknownKey(key: string, { version }: OfVersion = {}): UnknownKey | undefined {
  return look(key, version, true);
}

/**
 * Those of a configuration that are unknown, in its order. What was meant is sought for the first {@link MOST_SOUGHT}
 * alone: a configuration may have a thousand keys.
 */
export function unknownKeys(
  keys: Iterable<string>,
  { version }: OfVersion = {},
): readonly (UnknownKey & { readonly key: string })[] {
  const found: (UnknownKey & { readonly key: string })[] = [];
  for (const key of keys) {
    const unknown = look(key, version, found.length < MOST_SOUGHT);
    if (unknown !== undefined) found.push({ key, ...unknown });
  }
  return found;
}

function look(key: string, version: string | undefined, seeks: boolean): UnknownKey | undefined {
  if (!key.startsWith("spark.")) return undefined;
  const { keys, tree, foreign } = indexed();
  const line = LINES.indexOf(lineOf(version ?? "") ?? "");
  const known = key.length > LONGEST_KEY ? undefined : keys.get(key);
  if (known !== undefined && isIn(known, line)) return undefined;
  // Of a megabyte only the beginning is looked at.
  const head = key.slice(0, LONGEST_KEY);
  const words = head.split(".");
  if (isOpenKey(tree, words) || isOpenKey(foreign, words) || FILTER_OPTION.test(head)) {
    return undefined;
  }
  if (known !== undefined) {
    const { from, until } = known;
    return { nearest: undefined, knownIn: from === until ? from : `${from} to ${until}` };
  }
  const nearest = seeks && head === key ? nearestTo(words, line) : undefined;
  return { nearest, knownIn: undefined };
}

function nearestTo(words: readonly string[], line: number): string | undefined {
  const { keys, tree, squashed } = indexed();
  // Nobody is to be sent to a name that Spark calls old.
  const isOffered = (name: string): boolean => {
    const offered = keys.get(name);
    if (offered === undefined) return true;
    return isIn(offered, line) && (offered.renamedTo ?? offered.deprecated) === undefined;
  };
  // `nodeSelector.disk` for `node.selector.disk`, and the whole key last.
  let letters = "";
  for (const [index, word] of words.entries()) {
    letters += squash(word);
    const same = squashed.get(letters);
    if (same === undefined) continue;
    const rest = words.slice(index + 1).join(".");
    if (same.endsWith(".") ? rest !== "" : rest === "" && isOffered(same)) return `${same}${rest}`;
  }
  return nearestKey(tree, words, isOffered);
}

function isIn({ from, until }: KnownKey, line: number): boolean {
  // Of versions that were not recorded nothing is known.
  return line < 0 || (LINES.indexOf(from) <= line && line <= LINES.indexOf(until));
}

function lineOf(version: string): string | undefined {
  return /^\d+\.\d+/.exec(version)?.[0];
}

function squash(key: string): string {
  return key.replace(/[-._]/g, "").toLowerCase();
}

/** Made of the recorded list when first asked for: most commands never do. */
function indexed(): Index {
  index ??= makeIndex();
  return index;
}

function makeIndex(): Index {
  const keys = new Map<string, KnownKey>();
  const renamed = new Map(Object.entries(recorded.renamed));
  const deprecated = new Map(Object.entries(recorded.deprecated));
  const [first = "", last = ""] = [LINES[0], LINES.at(-1)];
  for (const text of [...recorded.keys, ...COMPOSED_KEYS]) {
    const [key = "", type = "any", range = "-"] = text.split(" ");
    const [from, until] = range.split("-");
    keys.set(key, {
      type,
      from: from || first,
      until: until || last,
      renamedTo: renamed.get(key),
      deprecated: deprecated.get(key),
    });
  }
  const tree = emptyTree();
  const foreign = emptyTree();
  const squashed = new Map<string, string>();
  for (const prefix of OPEN_PREFIXES) {
    open(tree, prefix);
    squashed.set(squash(prefix), prefix);
  }
  for (const prefix of FOREIGN_PREFIXES) open(foreign, prefix);
  const ends = Array.from(keys, ([key, { type }]) => ({ key, type, end: plant(tree, key) }));
  for (const { key, type, end } of ends) {
    // Strings such as `spark.driver`, to which Spark adds the rest, are nothing to send anybody to.
    if (type !== "any" || end.children.size === 0) end.key = key;
    const letters = squash(key);
    if (!squashed.has(letters)) squashed.set(letters, key);
  }
  return { keys, tree, foreign, squashed };
}

function open(tree: KeyNode, prefix: string): void {
  plant(tree, prefix.slice(0, -1)).prefix = prefix;
}
