import { isDeepStrictEqual } from "node:util";
import type { Pod } from "../kubernetes/pod.ts";

export type Path = readonly (string | number)[];

/** One step of a JSON Patch (RFC 6902); the API server accepts more kinds, we need no others. */
export type Operation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/**
 * What a policy did to one field, enough to take it back: `was` is the value before (absent: the field
 * was not there), `added` is what was appended to the list at `path`.
 */
export interface FieldChange {
  readonly path: string;
  readonly was?: unknown;
  readonly added?: readonly unknown[];
}

/** A moment in a draft's life, to which it can be rolled back. */
export interface Mark {
  readonly pod: Pod;
  readonly operations: number;
  readonly changes: number;
  readonly claims: number;
}

/** Most policies change nothing of most Pods. */
const NONE: readonly never[] = [];

/**
 * A Pod that is being changed, and the JSON Patch that makes the same changes. Every operation is applied
 * to our own copy when it is recorded, so a patch that does not apply cannot come about: the API server
 * answers such a patch with a 500, even under failurePolicy Ignore.
 *
 * Only the containers along a changed path are copied; everything else is shared with the admitted object,
 * which is never written to. So a draft costs nothing until it is changed, and a roll-back is an assignment.
 */
export class Draft {
  #pod: Pod;
  readonly #operations: Operation[] = [];
  readonly #changes: FieldChange[] = [];
  readonly #claims: string[] = [];

  constructor(pod: Pod) {
    this.#pod = pod;
  }

  /** The Pod as it is now. */
  get pod(): Pod {
    return this.#pod;
  }

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /**
   * Sets a field; makes the objects above it where they are missing. No operation where it is so already.
   * @throws TypeError where no patch could do it: a field of a text, an element that a list does not have
   */
  set(path: Path, value: unknown): void {
    if (path.length === 0) throw new TypeError("a patch changes fields, not the object itself");
    const missing = firstMissing(this.#pod, path);
    if (missing === undefined) {
      const was = valueAt(this.#pod, path);
      if (isDeepStrictEqual(was, value)) return;
      const place = pointer(path);
      this.#record({ op: "replace", path: place, value }, { path: place, was });
      this.#pod = withValue(this.#pod, path, value) as Pod;
      return;
    }
    // `add` needs its parent to exist: the whole missing branch goes in as one value.
    const at = path.slice(0, missing + 1);
    const op = opFor(valueAt(this.#pod, path, missing), at);
    let branch = value;
    for (let index = path.length - 1; index > missing; index--) {
      branch = withField({}, path[index] ?? "", branch);
    }
    const place = pointer(at);
    this.#record({ op, path: place, value: branch }, { path: place });
    this.#pod = withValue(this.#pod, at, branch) as Pod;
  }

  /** Removes a field of an object, if it is there. */
  remove(path: Path): void {
    if (path.length === 0 || firstMissing(this.#pod, path) !== undefined) return;
    const was = valueAt(this.#pod, path);
    const place = pointer(path);
    this.#record({ op: "remove", path: place }, { path: place, was });
    this.#pod = withoutValue(this.#pod, path) as Pod;
  }

  /** Appends to a list, which is made where it is missing. */
  append(path: Path, values: readonly unknown[]): void {
    if (values.length === 0) return;
    if (firstMissing(this.#pod, path) !== undefined) {
      this.set(path, values);
      return;
    }
    const list = valueAt(this.#pod, path);
    if (!Array.isArray(list)) throw new TypeError(`${pointer(path)} is not a list`);
    const end = pointer([...path, "-"]);
    for (const value of values) this.#operations.push({ op: "add", path: end, value });
    this.#changes.push({ path: pointer(path), added: values });
    this.#pod = withValue(this.#pod, path, [...(list as unknown[]), ...values]) as Pod;
  }

  /**
   * Speaks for a field on behalf of a policy, whether or not it needs a change. Not by what was changed: the second
   * time nothing is, and the policy of lower priority would have its way.
   * @returns false where a policy of higher priority has done so before
   */
  claim(field: string): boolean {
    if (this.#claims.includes(field)) return false;
    this.#claims.push(field);
    return true;
  }

  /** Remembers the draft as it is now. */
  mark(): Mark {
    return {
      pod: this.#pod,
      operations: this.#operations.length,
      changes: this.#changes.length,
      claims: this.#claims.length,
    };
  }

  /** Whether anything was changed since a mark. */
  isChangedSince(mark: Mark): boolean {
    return this.#changes.length > mark.changes;
  }

  /** What was changed since a mark, in order. */
  changesSince(mark: Mark): readonly FieldChange[] {
    return this.isChangedSince(mark) ? this.#changes.slice(mark.changes) : NONE;
  }

  /** The fields for which was spoken since a mark. */
  claimsSince(mark: Mark): readonly string[] {
    return this.#claims.length === mark.claims ? NONE : this.#claims.slice(mark.claims);
  }

  /** Undoes everything since a mark. */
  rollBack(mark: Mark): void {
    this.#pod = mark.pod;
    this.#operations.length = mark.operations;
    this.#changes.length = mark.changes;
    this.#claims.length = mark.claims;
  }

  #record(operation: Operation, change: FieldChange): void {
    this.#operations.push(operation);
    this.#changes.push(change);
  }
}

/** Writes a JSON Pointer (RFC 6901). */
export function pointer(path: Path): string {
  let text = "";
  for (const key of path) text += `/${escaped(String(key))}`;
  return text;
}

/** Most keys have nothing to escape, and this runs for every operation. */
function escaped(key: string): string {
  if (!key.includes("/") && !key.includes("~")) return key;
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** How what is missing at `path` comes into its parent. In a list only a null can be missing: `add` would move the others. */
function opFor(parent: unknown, path: Path): "add" | "replace" {
  if (Array.isArray(parent) && child(parent, path.at(-1) ?? "") === null) return "replace";
  if (Array.isArray(parent) || typeof parent !== "object" || parent === null) {
    throw new TypeError(`${pointer(path)}: there is no such place`);
  }
  return "add";
}

/** A JSON null counts as missing, as it does for the API server; `add` replaces it. */
function child(value: unknown, key: string | number | undefined): unknown {
  if (typeof value !== "object" || value === null || key === undefined) return undefined;
  if (!Object.hasOwn(value, key)) return undefined;
  if (Array.isArray(value) && typeof key !== "number" && !/^\d+$/.test(key)) return undefined; // its length
  return (value as Readonly<Record<string | number, unknown>>)[key];
}

/** The index in `path` of the first part that is not there, or undefined if all of it is. */
function firstMissing(root: unknown, path: Path): number | undefined {
  let value = root;
  for (let index = 0; index < path.length; index++) {
    value = child(value, path[index]);
    if (value === undefined || value === null) return index;
  }
  return undefined;
}

/** The value at the first `length` parts of a path. */
function valueAt(root: unknown, path: Path, length = path.length): unknown {
  let value = root;
  for (let index = 0; index < length; index++) value = child(value, path[index]);
  return value;
}

/** A copy of `root` with one value put at `path`, from its part `at` on. */
function withValue(root: unknown, path: Path, value: unknown, at = 0): unknown {
  const key = path[at];
  if (key === undefined) return value;
  const inner = withValue(child(root, key), path, value, at + 1);
  if (Array.isArray(root)) return root.with(Number(key), inner) as unknown[];
  return withField(root as object, key, inner);
}

/**
 * A copy of an object with one field set. `{...object, [key]: value}` says the same and takes V8 three times as long,
 * which is most of what a patch costs; but an assignment to `__proto__` runs its setter.
 */
function withField(object: object, key: string | number, value: unknown): object {
  if (key === "__proto__") return { ...object, [key]: value };
  const copy: Record<string | number, unknown> = { ...object };
  copy[key] = value;
  return copy;
}

function withoutValue(root: unknown, path: Path, at = 0): unknown {
  const key = path[at];
  if (key === undefined) return undefined;
  if (at < path.length - 1) {
    return withValue(root, [key], withoutValue(child(root, key), path, at + 1));
  }
  if (Array.isArray(root)) return root.toSpliced(Number(key), 1) as unknown[];
  return Object.fromEntries(
    Object.entries(root as object).filter(([name]) => name !== String(key)),
  );
}
