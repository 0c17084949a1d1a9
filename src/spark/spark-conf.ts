import { isLiteral, isOfHadoop, nextKey } from "./conf-keys.ts";
import { type DurationUnit, parseDuration } from "./duration.ts";
import { parseJavaSize, type SizeUnit } from "./java-size.ts";
import {
  type Parsed,
  parseJavaBoolean,
  parseJavaDouble,
  parseJavaInt,
  trimmed,
} from "./java-string.ts";
import type { Property } from "./properties.ts";
import { substitute, type Substituted } from "./substitution.ts";

/**
 * Keys, or lines, of a conf that is judged. Spark knows some 2,000 keys, and a job sets some hundred; each costs
 * microseconds, and all other calls wait meanwhile.
 */
export const MOST_KEYS = 10_000;

/** A value as it is written, and where, for messages: `spark.properties line 12`. */
export interface ConfEntry {
  readonly value: string;
  readonly where: string;
}

/** Which entry was read: of the key itself, or of one that stands in for it. */
interface Origin {
  readonly key: string;
  readonly where: string;
}

/** What Spark will read: nothing, a value, or what cannot be judged from here. */
export type ConfValue =
  | { readonly kind: "absent" }
  | ({ readonly kind: "known"; readonly value: string } & Origin)
  | ({ readonly kind: "unknown"; readonly why: string } & Origin);

/** The same of a type; `invalid` is what Spark throws over. */
export type TypedValue<Value> =
  Exclude<ConfValue, { readonly kind: "known" }> | (Parsed<Value> & Origin);

/**
 * Configuration of an application as Spark's configuration entries read it (ConfigEntry.readFrom, ConfigReader):
 * references resolved, former names heeded. Code of the application that sets more is never seen.
 *
 * Not in it: defaults, and `spark.{driver,executor}.defaultJavaOptions`, which Spark puts before extraJavaOptions.
 */
export class SparkConf {
  readonly #entries: ReadonlyMap<string, ConfEntry>;
  /** What was set since, in front of them: to copy a large conf for each key would take long. */
  readonly #set: ReadonlyMap<string, ConfEntry>;

  constructor(
    entries: ReadonlyMap<string, ConfEntry>,
    set: ReadonlyMap<string, ConfEntry> = new Map(),
  ) {
    this.#entries = entries;
    this.#set = set;
  }

  /**
   * The configuration that spark-submit makes of a properties file: without the keys that do not begin with `spark.`
   * (SparkSubmitArguments.ignoreNonSparkProperties), and values trimmed but for newlines (Utils.getPropertiesFromFile).
   * @param file its name, for messages
   */
  static ofProperties(properties: ReadonlyMap<string, Property>, file: string): SparkConf {
    const entries = new Map<string, ConfEntry>();
    for (const [key, { value, line }] of properties) {
      if (!key.startsWith("spark.")) continue;
      entries.set(key, { value: trimmed(value, "\r\n"), where: `${file} line ${line}` });
    }
    return new SparkConf(entries);
  }

  /** The same with a key set. */
  with(key: string, value: string, where = "a policy"): SparkConf {
    return new SparkConf(this.#entries, new Map([...this.#set, [key, { value, where }]]));
  }

  /** All keys, each once. */
  keys(): readonly string[] {
    return [...new Set([...this.#entries.keys(), ...this.#set.keys()])];
  }

  /** All entries as they are written, for expressions. */
  toRecord(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.keys().map((key) => [key, this.raw(key) ?? ""]));
  }

  /** The same keys without their values, which may be secrets. */
  hidden(): SparkConf {
    return new SparkConf(
      new Map(this.keys().map((key) => [key, { value: "(hidden)", where: "" }])),
    );
  }

  /** The value of exactly this key, as it is written; undefined where it is not. */
  raw(key: string): string | undefined {
    return (this.#set.get(key) ?? this.#entries.get(key))?.value;
  }

  /** Where exactly this key is written; undefined where it is not. */
  where(key: string): string | undefined {
    return (this.#set.get(key) ?? this.#entries.get(key))?.where;
  }

  /** What Spark reads for a key; undefined where there is nothing, or where that cannot be judged from here. */
  text(key: string): string | undefined {
    const found = this.get(key);
    return found.kind === "known" ? found.value : undefined;
  }

  /** Whether a key is surely true. */
  isTrue(key: string): boolean {
    return this.#is(key, true);
  }

  /** Whether a key is surely false: one that is absent is not. */
  isFalse(key: string): boolean {
    return this.#is(key, false);
  }

  #is(key: string, wanted: boolean): boolean {
    const found = this.boolean(key);
    return found.kind === "known" && found.value === wanted;
  }

  /** What Spark reads for a key, of keys that it reads as text. */
  get(key: string): ConfValue {
    const found = this.#find(key);
    if (found === undefined) return { kind: "absent" };
    const { value, ...origin } = found;
    return { ...this.#resolve(origin.key, value), ...origin };
  }

  /** In bytes. `unit` is the entry's, as in `bytesConf(ByteUnit.MiB)`. */
  bytes(key: string, unit: SizeUnit): TypedValue<number> {
    return this.#typed(key, (text) => parseJavaSize(text, unit));
  }

  /** `unit` is the entry's, as in `timeConf(TimeUnit.SECONDS)`. */
  milliseconds(key: string, unit: DurationUnit): TypedValue<number> {
    return this.#typed(key, (text) => parseDuration(text, unit));
  }

  int(key: string): TypedValue<number> {
    return this.#typed(key, parseJavaInt);
  }

  double(key: string): TypedValue<number> {
    return this.#typed(key, parseJavaDouble);
  }

  boolean(key: string): TypedValue<boolean> {
    return this.#typed(key, parseJavaBoolean);
  }

  #typed<Value>(key: string, parse: (text: string) => Parsed<Value>): TypedValue<Value> {
    const read = this.get(key);
    if (read.kind !== "known") return read;
    const { value, key: from, where } = read;
    return { ...parse(value), key: from, where };
  }

  #find(key: string): (ConfEntry & Origin) | undefined {
    for (let at: string | undefined = key; at !== undefined; at = nextKey(at)) {
      const entry = this.#set.get(at) ?? this.#entries.get(at);
      if (entry !== undefined) return { value: entry.value, where: entry.where, key: at };
    }
    return undefined;
  }

  #resolve(key: string, value: string): Substituted {
    if (isLiteral(key)) return { kind: "known", value };
    if (isOfHadoop(key)) {
      return value.includes("${")
        ? { kind: "unknown", why: "Hadoop resolves references where Spark runs" }
        : { kind: "known", value };
    }
    return substitute(value, (name) => this.#find(name)?.value);
  }
}
