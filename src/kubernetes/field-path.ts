/** Keys of objects and places of lists, from the outside in. */
export type FieldPath = readonly (string | number)[];

/** Reads a Kubernetes field path: `spec.containers[0].image`, `metadata.labels[acme.com/team]`. */
export function parseFieldPath(text: string): FieldPath {
  return [...text.matchAll(/\[(\d+)\]|\[([^\]]*)\]|([^.[\]]+)/g)].map(([, index, key, name]) =>
    index === undefined ? (key ?? name ?? "") : Number(index),
  );
}

/** Writes a path as Kubernetes does; keys that are no names in brackets. */
export function fieldPathText(path: FieldPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number" || !/^\w+$/.test(part)) return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
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
