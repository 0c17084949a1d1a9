import { isNode, type Node } from "./node.ts";

/**
 * The same value with each object that has a key `constructor` as a Map; itself where there is none. The library takes
 * objects apart by their `constructor`, which is a legal key of labels.
 */
export function withoutConstructorKeys<T>(value: T): T;
export function withoutConstructorKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Map) return value;
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const safe = list.map((each) => withoutConstructorKeys(each));
    return safe.some((each, index) => each !== list[index]) ? safe : list;
  }
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  const safe = entries.map(([key, each]) => [key, withoutConstructorKeys(each)] as const);
  if (Object.hasOwn(value, "constructor")) return new Map(safe);
  return safe.some(([, each], index) => each !== entries[index]?.[1])
    ? Object.fromEntries(safe)
    : value;
}

/** Whether a tree has optional fields in it: there the library takes an error of its own for an absent field. */
export function hasOptionals(tree: unknown): boolean {
  if (Array.isArray(tree)) return tree.some(hasOptionals);
  if (!isNode(tree)) return false;
  return isOptional(tree) || hasOptionals(tree.args);
}

function isOptional({ op, args }: Node): boolean {
  return op === ".?" || op === "[?]" || (op === "id" && args === "optional");
}
