/** Tells whether a JSON value is an object, neither null nor a list. Its keys are users': read them with `Object.hasOwn`. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
