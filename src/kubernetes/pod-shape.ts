import { Ajv } from "ajv";
import type { ErrorObject, ValidateFunction } from "ajv";
import { podSchema } from "./pod-schema.ts";
import type { Pod } from "./pod.ts";

/** Where a Pod is not what its type says. */
export interface ShapeError {
  /** A Kubernetes field path such as `spec.containers[0].env[2].name`; empty for the object itself. */
  readonly path: string;
  readonly message: string;
}

const maxKeyLength = 100;

let compiled: ValidateFunction<Pod> | undefined;

/** Compiling takes tens of milliseconds, so commands that see no Pod do without. */
function podValidator(): ValidateFunction<Pod> {
  // Not allErrors: a hostile object could have a million errors. The texts are ours.
  compiled ??= new Ajv({
    allowUnionTypes: true,
    messages: false,
    validateSchema: false,
    meta: false,
  }).compile<Pod>(podSchema);
  return compiled;
}

/**
 * Tells whether a value has the types of `Pod` wherever Sparkgate reads it. Unknown fields are allowed. Says nothing
 * of whether Kubernetes would accept it.
 */
export function isPod(value: unknown): value is Pod {
  return podValidator()(value);
}

/**
 * Explains why a value is not a `Pod`.
 * @returns the first reason found, or nothing when `isPod` holds; never throws on JSON of whatever shape
 */
export function podShapeErrors(object: unknown): readonly ShapeError[] {
  const validate = podValidator();
  if (validate(object)) return [];
  return (validate.errors ?? []).slice(0, 1).map((error) => explain(error, object));
}

function explain(error: ErrorObject, object: unknown): ShapeError {
  const { path, value } = placeOf(error.instancePath, object);
  const missing: unknown = error.params["missingProperty"];
  if (typeof missing === "string") return { path: `${path}.${missing}`, message: "is required" };
  const expected: unknown = error.params["type"];
  const wanted = [expected].flat().filter((type) => type !== "null");
  return { path, message: `must be ${wanted.join(" or ")}, is ${typeName(value)}` };
}

/** What a JSON pointer points to, and its field path: `[i]` in lists, `[key]` for keys that are not plain names. */
function placeOf(pointer: string, object: unknown): { path: string; value: unknown } {
  let value = object;
  let path = "";
  for (const escaped of pointer.split("/").slice(1)) {
    const token = escaped.replaceAll("~1", "/").replaceAll("~0", "~");
    path += pathStep(token, Array.isArray(value) || isTextMap(path), path === "");
    value = typeof value === "object" && value !== null ? Reflect.get(value, token) : undefined;
  }
  return { path, value };
}

function isTextMap(path: string): boolean {
  return /^metadata\.(?:labels|annotations)$|^spec\.nodeSelector$|\.(?:requests|limits)$/.test(
    path,
  );
}

function pathStep(token: string, isKey: boolean, isFirst: boolean): string {
  if (isKey) return `[${token.slice(0, maxKeyLength)}]`;
  return isFirst ? token : `.${token}`;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
