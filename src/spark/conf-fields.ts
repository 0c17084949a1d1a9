import { entriesAt, itemsAt, valueAt } from "../kubernetes/json.ts";
import { trimmed } from "./java-string.ts";
import { type ConfEntry, SparkConf } from "./spark-conf.ts";

/** A field, and the key of Spark's conf that an operator makes of it. */
export type FieldKey = readonly [field: string, key: string];

/**
 * Puts the conf together that an operator makes of an object's fields, in the operator's order: what is said later
 * takes the place of what was said before. What is of another type than it should be is not there.
 */
export class ConfFields {
  readonly #entries = new Map<string, ConfEntry>();

  /**
   * Takes one value. Texts, numbers and truth values count, as Go's `%v` would print them.
   * @param where its field
   */
  set(key: string, value: unknown, where: string): void {
    const text = textOf(value);
    if (text === undefined || !key.startsWith("spark.")) return;
    // As for a properties file, which it becomes: SparkConf.ofProperties.
    this.#entries.set(key, { value: trimmed(text, "\r\n"), where });
  }

  /** Takes fields of an object, each under its key. An empty one counts as left out. */
  fields(object: unknown, path: string, keys: readonly FieldKey[]): void {
    for (const [field, key] of keys) {
      const value = valueAt(object, ...field.split("."));
      if (value !== "") this.set(key, value, `${path}.${field}`);
    }
  }

  /** Takes lists of an object, each under its key, as spark-submit has them. */
  lists(object: unknown, path: string, keys: readonly FieldKey[]): void {
    for (const [field, key] of keys) {
      const items = itemsAt(object, ...field.split(".")).flatMap((item) => textOf(item) ?? []);
      if (items.length > 0) this.set(key, items.join(","), `${path}.${field}`);
    }
  }

  /** Takes all entries of a map of an object, under keys with a prefix. */
  map(object: unknown, path: string, field: string, prefix: string): void {
    for (const [key, value] of entriesAt(object, field)) {
      this.set(prefix + key, value, `${path}.${field}[${key}]`);
    }
  }

  /** The conf. */
  done(): SparkConf {
    return new SparkConf(this.#entries);
  }
}

/** The text of a scalar. Whoever leaves the quotes out in a file means the same. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
