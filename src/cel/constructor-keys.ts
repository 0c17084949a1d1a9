import { isNode, type Node } from "./node.ts";

/**
 * The same value with each object that has a key `constructor` as a Map; itself where there is none. The library takes
 * objects apart by their `constructor`, which is a legal key of labels.
 */
export function withoutConstructorKeys<T>(value: T): T;
export function withoutConstructorKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Map) return value;
  if (Array.isArray(value)) return withoutAny(value);
  const map = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(map, "constructor")) {
    return new Map(Object.entries(map).map(([key, each]) => [key, withoutConstructorKeys(each)]));
  }
  // Nearly always there is none: nothing is made until one is found.
  let safe: Record<string, unknown> | undefined;
  for (const key of Object.keys(map)) {
    const each = withoutConstructorKeys(map[key]);
    if (each !== map[key]) (safe ??= Object.fromEntries(Object.entries(map)))[key] = each;
  }
  return safe ?? value;
}

function withoutAny(list: readonly unknown[]): readonly unknown[] {
  let safe: unknown[] | undefined;
  for (const [index, entry] of list.entries()) {
    const each = withoutConstructorKeys(entry);
    if (each !== entry) (safe ??= [...list])[index] = each;
  }
  return safe ?? list;
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
