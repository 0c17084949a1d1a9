/** Keys of objects and places of lists, from the outside in. */
export type FieldPath = readonly (string | number)[];

/** Reads a Kubernetes field path: `spec.containers[0].image`, `metadata.labels[acme.com/team]`. */
export function parseFieldPath(text: string): FieldPath {
  return [...text.matchAll(/\[(\d+)\]|\[([^\]]*)\]|([^.[\]]+)/g)].map(([, index, key, name]) =>
    index === undefined ? (key ?? name ?? "") : Number(index),
  );
}

/** What is at a path, or that there is no such place. */
export function valueAtPath(
  value: unknown,
  path: FieldPath,
): { readonly found: true; readonly value: unknown } | { readonly found: false } {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return { found: false };
    at = (at as Readonly<Record<string | number, unknown>>)[key];
  }
  return { found: true, value: at };
}
