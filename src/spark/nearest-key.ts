import { distance } from "fastest-levenshtein";

/** What follows a `.` in the known keys, as a tree. */
export interface KeyNode {
  readonly children: Map<string, KeyNode>;
  /** The key that ends here. */
  key?: string;
  /** The beginning that ends here, with its dot: the user chooses what follows. */
  prefix?: string;
}

/** A tree of no keys. */
export function emptyTree(): KeyNode {
  return { children: new Map() };
}

/** Adds a key to the tree, and gives the place where it ends. */
export function plant(root: KeyNode, key: string): KeyNode {
  let node = root;
  for (const word of key.split(".")) {
    const child = node.children.get(word) ?? emptyTree();
    node.children.set(word, child);
    node = child;
  }
  return node;
}

/** Whether a key begins as one whose rest the user chooses. */
export function isOpenKey(root: KeyNode, words: readonly string[]): boolean {
  let node: KeyNode | undefined = root;
  for (const word of words) {
    if (node.prefix !== undefined) return word !== "";
    node = node.children.get(word);
    if (node === undefined) return false;
  }
  return false;
}

/** Words that stand for one another: a key that only the other role has is as common as a slip. */
const ALIKE: ReadonlyMap<string, string> = new Map([
  ["driver", "executor"],
  ["executor", "driver"],
  ["k8s", "kubernetes"],
]);

/** Ends so many keys that it says nothing. */
const SWITCH = "enabled";

/** What a word too many or too few counts, in wrong letters. */
const WORD_COST = 2;

/** Of the words of a key, the one after `spark`. */
const FIRST_WORD = 1;

/** Words with a slip in one key; who misspells more means something else. */
const MOST_SLIPS = 2;

interface Search {
  readonly words: readonly string[];
  readonly isOffered: (key: string) => boolean;
  best: string | undefined;
  cost: number;
  isGuess: boolean;
  /** Another guess is as near. */
  isTied: boolean;
}

/** How far a search has come. */
interface State {
  /** Of the next word. */
  readonly at: number;
  readonly cost: number;
  readonly slips: number;
  /** A word was left out, added or exchanged: once is enough. */
  readonly isReshaped: boolean;
  /** A word was added. */
  readonly isGuess: boolean;
}

/**
 * The known key that is nearest to a key that is not, word by word: a slip in one word or two, a word too many
 * or too few, `driver` for `executor`. Undefined where none is near, or several for want of a word.
 */
export function nearestKey(
  root: KeyNode,
  words: readonly string[],
  isOffered: (key: string) => boolean,
): string | undefined {
  const best = { best: undefined, cost: Infinity, isGuess: false, isTied: false };
  const search: Search = { words, isOffered, ...best };
  visit(search, root, { at: 0, cost: 0, slips: 0, isReshaped: false, isGuess: false });
  return search.isTied ? undefined : search.best;
}

function visit(search: Search, node: KeyNode, state: State): void {
  const { at, cost, slips, isReshaped } = state;
  if (cost > search.cost) return;
  const word = search.words[at];
  if (word === undefined) {
    if (node.key !== undefined) offer(search, node.key, state);
    return;
  }
  if (node.prefix !== undefined) {
    const rest = search.words.slice(at).join(".");
    if (rest !== "") offer(search, `${node.prefix}${rest}`, state);
    return;
  }
  const child = node.children.get(word);
  if (child !== undefined) visit(search, child, { ...state, at: at + 1 });
  if (!isReshaped) reshape(search, node, state);
  if (slips === MOST_SLIPS) return;
  for (const [known, next] of node.children) {
    // A word that is right is no slip into a prefix after which anything goes: `sql` is not `ssl`.
    if (known === word || (child !== undefined && next.prefix !== undefined)) continue;
    const far = slipsBetween(word, known);
    if (far === undefined) continue;
    visit(search, next, { ...state, at: at + 1, cost: cost + far, slips: slips + 1 });
  }
}

/** Tries another word for this one, to leave it out, and each that may be missing before it. */
function reshape(search: Search, node: KeyNode, state: State): void {
  const { at, cost } = state;
  const word = search.words[at] ?? "";
  const alike = node.children.get(ALIKE.get(word) ?? "");
  if (alike !== undefined) {
    visit(search, alike, { ...state, at: at + 1, cost: cost + 1, isReshaped: true });
  }
  const reshaped = { ...state, cost: cost + WORD_COST, isReshaped: true };
  if (mayGo(search, node, at)) visit(search, node, { ...reshaped, at: at + 1 });
  // `spark.driver.enabled` may be anything of the driver's.
  if (word === SWITCH) return;
  for (const next of node.children.values()) {
    if (next.prefix !== undefined || !next.children.has(word)) continue;
    visit(search, next, { ...reshaped, slips: MOST_SLIPS, isGuess: true });
  }
}

/** Whether the word may be one too many. */
function mayGo({ words }: Search, node: KeyNode, at: number): boolean {
  const word = words[at] ?? "";
  // `spark.acme.app.name` is somebody's own.
  if (at <= FIRST_WORD) return at === FIRST_WORD && node.children.has(word);
  // `spark.jars.acme` is not `spark.jars`, but `spark.speculation.enabled` is `spark.speculation`.
  return at < words.length - 1 || node.children.size === 0 || word === SWITCH;
}

function offer(search: Search, key: string, { cost, isGuess }: State): void {
  if (cost > search.cost || key === search.best || !search.isOffered(key)) return;
  // Of two slips the first stands, in the order of the alphabet, and a slip before a guess.
  if (cost === search.cost && (isGuess || !search.isGuess)) {
    search.isTied ||= isGuess && search.isGuess;
    return;
  }
  search.best = key;
  search.cost = cost;
  search.isGuess = isGuess;
  search.isTied = false;
}

/** How many letters are wrong; undefined where that is more than a third of the known word: then it is another. */
function slipsBetween(word: string, known: string): number | undefined {
  const most = Math.max(1, Math.floor(known.length / 3));
  if (Math.abs(word.length - known.length) > most) return undefined;
  const letters = distance(word, known);
  const far = letters === 2 && isSwapped(word, known) ? 1 : letters;
  // One letter for another is no slip where there are no more.
  return far <= most && far < known.length ? far : undefined;
}

/** Whether two letters next to one another are swapped, and no more: `mdoe` for `mode`. */
function isSwapped(word: string, known: string): boolean {
  const at = Array.from(known).findIndex((letter, index) => letter !== word.charAt(index));
  const swapped = `${known.charAt(at + 1)}${known.charAt(at)}`;
  return word === `${known.slice(0, at)}${swapped}${known.slice(at + 2)}`;
}
