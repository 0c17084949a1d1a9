/** Tells whether a JSON value is an object, neither null nor a list. Its keys are users': read them with `Object.hasOwn`. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at a path in a JSON value; undefined where there is nothing, or something else on the way. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const key of path) at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return at;
}

/** The entries of an object at a path; none where there is no object. */
export function entriesAt(
  value: unknown,
  ...path: readonly string[]
): readonly (readonly [key: string, value: unknown])[] {
  const found = valueAt(value, ...path);
  return isRecord(found) ? Object.entries(found) : [];
}

/** The items of a list at a path; none where there is no list. */
export function itemsAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...path);
  return Array.isArray(found) ? found : [];
}
