import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  visit,
  type Document,
  type Node,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { isMerge, keyText, startOf, type DocumentPath } from "./place.ts";
import { MOST_PROBLEMS } from "./problem.ts";

/**
 * Something that YAML lets pass, or tells without its place. The message quotes no value: what somebody forgot to
 * put into quotes may be a password.
 */
export interface Fault {
  readonly offset: number;
  readonly path: DocumentPath;
  readonly message: string;
}

/** What kubectl, whose YAML is 1.1, reads as true or false, and YAML 1.2 as a string (go-yaml v2 resolve.go). */
const YAML_1_1_BOOLEANS = /^(?:y|yes|n|no|on|off)$/i;

const NO_ANCHOR =
  "is an alias to YAML, of which there is no anchor before: text that begins with * needs quotes";
const TAG = "is a tag to YAML, and would be dropped: text that begins with ! needs quotes";

/** Unquoted words that YAML 1.1 reads as booleans. */
export function bareBooleans(yaml: Document.Parsed): readonly Fault[] {
  const faults: Fault[] = [];
  visit(yaml, {
    Scalar: (_key, node, ancestors) => {
      if (!isBare(node)) return undefined;
      const word = node.source ?? "";
      const message = `bare ${word}: kubectl reads it as a boolean, YAML 1.2 does not; write "${word}", true or false`;
      faults.push({ offset: startOf(node) ?? 0, path: pathOf([...ancestors, node]), message });
      return faults.length < MOST_PROBLEMS ? undefined : visit.BREAK;
    },
  });
  return faults;
}

function isBare(node: Scalar): boolean {
  return node.type === "PLAIN" && YAML_1_1_BOOLEANS.test(node.source ?? "");
}

/** Keys that are there twice or are no text, aliases and merges that lead nowhere, tags that would be dropped. */
export function structureFaults(yaml: Document.Parsed): readonly Fault[] {
  const faults: Fault[] = [];
  const anchors = new Map<string, Node>();
  const tell = (node: unknown, path: DocumentPath, message: string) => {
    faults.push({ offset: startOf(node) ?? 0, path, message });
  };
  const tags = unknownTags(yaml);
  const resolved = (node: unknown) => (isAlias(node) ? anchors.get(node.source) : node);
  visit(yaml, {
    Node: (_key, node, ancestors) => {
      const path = () => pathOf([...ancestors, node]);
      if (isAlias(node)) {
        const target = resolved(node);
        if (target === undefined) tell(node, path(), NO_ANCHOR);
        else if (ancestors.includes(target as Node)) {
          tell(node, path(), "the alias stands within what it stands for");
        }
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
      const offset = isAlias(node) ? undefined : tags(node);
      if (offset !== undefined) faults.push({ offset, path: path(), message: TAG });
      if (isMap(node)) faults.push(...keyFaults(node, path));
      return faults.length < MOST_PROBLEMS ? undefined : visit.BREAK;
    },
    Pair: (_key, pair, ancestors) => {
      if (!isMerge(pair)) return undefined;
      const merged = resolved(pair.value);
      const sources = isSeq(merged) ? merged.items.map(resolved) : [merged];
      // An alias of nothing is told where it stands.
      if (!sources.every((source) => source === undefined || isMap(source))) {
        tell(pair.key, pathOf([...ancestors, pair]), "<< takes a map, or a list of maps");
      }
      return undefined;
    },
  });
  return faults;
}

/**
 * Tells where a tag stands that YAML does not know. The parser drops it with a warning, and one that is nothing but `!`
 * without: of `when: !has(object.x)` and `when: ! has(object.x)` nothing but the opposite would be left.
 */
function unknownTags({ warnings }: Document.Parsed): (node: Node) => number | undefined {
  const unresolved = warnings.filter(({ code }) => code === "TAG_RESOLVE_FAILED");
  const places = Map.groupBy(unresolved, ({ message }) => message);
  return (node) => {
    const { tag } = node as { readonly tag?: string };
    if (tag === "!") return startOf(node) ?? 0;
    return places.get(`Unresolved tag: ${tag ?? ""}`)?.shift()?.pos[0];
  };
}

/** By a set: the parser compares each key with each other, which takes minutes for as many as fit in a megabyte. */
function keyFaults(map: YAMLMap, pathOfMap: () => DocumentPath): readonly Fault[] {
  const faults: Fault[] = [];
  const keys = new Set<string>();
  for (const pair of map.items) {
    const key = keyText(pair.key);
    const offset = startOf(pair.key) ?? 0;
    if (key === undefined && !isMerge(pair)) {
      const message = "a key is a map or a list: text that begins with { or [ needs quotes";
      faults.push({ offset, path: pathOfMap(), message });
    } else if (key !== undefined && keys.has(key)) {
      const path = [...pathOfMap(), key];
      const hint = path.length === 1 ? "; a further document begins with ---" : "";
      faults.push({ offset, path, message: `is not YAML: the same key twice${hint}` });
    } else if (key !== undefined) keys.add(key);
    if (faults.length === MOST_PROBLEMS) return faults;
  }
  return faults;
}

/** From the root to the last of the nodes. */
function pathOf(nodes: readonly unknown[]): DocumentPath {
  return nodes.flatMap((node, index): DocumentPath => {
    const parent = nodes[index - 1];
    if (isSeq(parent)) return [parent.items.indexOf(node)];
    return isPair(node) && isScalar(node.key) ? [keyText(node.key) ?? "<<"] : [];
  });
}
