import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Pair,
  type ParsedNode,
} from "yaml";
import { plainLine, type Problem } from "./problem.ts";

export type DocumentPath = readonly (string | number)[];

/** Characters of a message; a terminal has some 100 in a line. */
const LONGEST_MESSAGE = 590;

/** Characters of one key in a path. */
const LONGEST_KEY = 100;

/** Makes a problem at an offset of a text. Whatever was written there, it is told in one line. */
export function problemAt(
  { file }: { readonly file: string },
  lines: LineCounter,
  offset: number,
  path: DocumentPath,
  message: string,
): Problem {
  const { line, col } = lines.linePos(offset);
  const told = plainLine(message, LONGEST_MESSAGE);
  return { file, line, column: col, path: pathText(path), message: told };
}

/** `spec.match.roles[0]` */
export function pathText(path: DocumentPath): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      const key = plainLine(part, LONGEST_KEY);
      return index === 0 ? key : `.${key}`;
    })
    .join("");
}

/** Follows `path` as far as it goes, and returns where that begins in the text. */
export function offsetOf(root: ParsedNode | null, path: DocumentPath, at: "key" | "value"): number {
  let node: unknown = root;
  let offset = root?.range[0] ?? 0;
  for (const [index, part] of path.entries()) {
    let next: unknown;
    if (isMap(node)) {
      const pair = pairOf(node.items, part);
      if (pair === undefined) return offset;
      next = isMerge(pair) ? undefined : pair.value;
      const place = at === "key" && index === path.length - 1 ? pair.key : (next ?? pair.key);
      offset = startOf(place) ?? offset;
    } else if (isSeq(node)) {
      next = node.items[Number(part)];
      offset = startOf(next) ?? offset;
    } else {
      return offset;
    }
    node = next;
  }
  return offset;
}

/** The pair of a key, or the `<<` that must have brought it. */
function pairOf(pairs: readonly Pair[], part: string | number): Pair | undefined {
  return pairs.find(({ key }) => keyText(key) === String(part)) ?? pairs.find(isMerge);
}

/** A key as the value has it; undefined for one that is a map or a list, and for `<<`. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  const { value } = key;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === null ? "" : undefined;
}

/** Whether a pair is `<<`, whose key is a symbol where it stands unquoted. */
export function isMerge({ key }: Pair): boolean {
  return isScalar(key) && typeof key.value === "symbol";
}

export function startOf(node: unknown): number | undefined {
  const isPlaced = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
  return isPlaced ? node.range?.[0] : undefined;
}
