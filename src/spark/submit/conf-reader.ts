import { SparkConf, type TypedValue } from "../spark-conf.ts";
import { RefusedSubmission } from "./refused-submission.ts";

/** A conf as the steps that build Pods read it. Throws a RefusedSubmission over what Spark cannot read. */
export class ConfReader {
  readonly entries: ReadonlyMap<string, string>;
  readonly sparkConf: SparkConf;

  constructor(entries: ReadonlyMap<string, string>) {
    this.entries = entries;
    this.sparkConf = new SparkConf(
      new Map([...entries].map(([key, value]) => [key, { value, where: "the command line" }])),
    );
  }

  has(key: string): boolean {
    return this.sparkConf.get(key).kind !== "absent";
  }

  text(key: string): string | undefined {
    const found = this.sparkConf.get(key);
    if (found.kind === "unknown") throw new RefusedSubmission(`${found.key}: ${found.why}`);
    return found.kind === "known" ? found.value : undefined;
  }

  int(key: string): number | undefined {
    return valueOf(this.sparkConf.int(key));
  }

  /** Of an entry that counts in seconds. */
  seconds(key: string): number | undefined {
    const milliseconds = valueOf(this.sparkConf.milliseconds(key, "s"));
    return milliseconds === undefined ? undefined : milliseconds / 1000;
  }

  boolean(key: string): boolean | undefined {
    return valueOf(this.sparkConf.boolean(key));
  }

  isTrue(key: string): boolean {
    return this.boolean(key) ?? false;
  }

  /** What stands behind a prefix, in order of the keys, which Spark leaves to chance; as it is written (SparkConf.getAllWithPrefix). */
  withPrefix(prefix: string): readonly (readonly [name: string, value: string])[] {
    return [...this.entries]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** The value that was read; undefined where there is none. Throws a RefusedSubmission over what Spark cannot read. */
export function valueOf<Value>(read: TypedValue<Value>): Value | undefined {
  if (read.kind === "absent") return undefined;
  if (read.kind === "known") return read.value;
  throw new RefusedSubmission(`${read.key}: ${read.why}`);
}
