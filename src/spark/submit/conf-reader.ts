import { SparkConf, type TypedValue } from "../spark-conf.ts";
import { RefusedSubmission } from "./refused-submission.ts";

const MIB = 2 ** 20;

/** A conf as the steps that build Pods read it. Throws a RefusedSubmission over what Spark cannot read. */
export class ConfReader {
  readonly entries: ReadonlyMap<string, string>;
  readonly #conf: SparkConf;

  constructor(entries: ReadonlyMap<string, string>) {
    this.entries = entries;
    this.#conf = new SparkConf(
      new Map([...entries].map(([key, value]) => [key, { value, where: "the command line" }])),
    );
  }

  has(key: string): boolean {
    return this.#conf.get(key).kind !== "absent";
  }

  text(key: string): string | undefined {
    const found = this.#conf.get(key);
    if (found.kind === "unknown") throw new RefusedSubmission(`${found.key}: ${found.why}`);
    return found.kind === "known" ? found.value : undefined;
  }

  mebibytes(key: string): number | undefined {
    const bytes = valueOf(this.#conf.bytes(key, "m"));
    return bytes === undefined ? undefined : bytes / MIB;
  }

  /** Of an entry that counts in bytes. */
  mebibytesOfBytes(key: string): number | undefined {
    const bytes = valueOf(this.#conf.bytes(key, "b"));
    return bytes === undefined ? undefined : Math.trunc(bytes / MIB);
  }

  int(key: string): number | undefined {
    return valueOf(this.#conf.int(key));
  }

  /** Of an entry that counts in seconds. */
  seconds(key: string): number | undefined {
    const milliseconds = valueOf(this.#conf.milliseconds(key, "s"));
    return milliseconds === undefined ? undefined : milliseconds / 1000;
  }

  boolean(key: string): boolean | undefined {
    return valueOf(this.#conf.boolean(key));
  }

  isTrue(key: string): boolean {
    return this.boolean(key) ?? false;
  }

  /** `Double.parseDouble`, but for its NaN, its hexadecimals and its suffixes. */
  number(key: string): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text.trim())
      ? Number(text)
      : Number.NaN;
    if (!(value > 0)) throw new RefusedSubmission(`${key}: must be a number above 0`);
    return value;
  }

  /** What stands behind a prefix, in order of the keys, which Spark leaves to chance; as it is written (SparkConf.getAllWithPrefix). */
  withPrefix(prefix: string): readonly (readonly [name: string, value: string])[] {
    return [...this.entries]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function valueOf<Value>(read: TypedValue<Value>): Value | undefined {
  if (read.kind === "absent") return undefined;
  if (read.kind === "known") return read.value;
  throw new RefusedSubmission(`${read.key}: ${read.why}`);
}
