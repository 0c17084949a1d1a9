import { RuleProblem } from "../engine/rule-kind.ts";
import type { Limit } from "./spark-conf-limits.ts";

export type Entries = Readonly<Record<string, string>>;

/** The block of a sparkConf rule that fits its schema. */
export interface SparkConfSpec {
  readonly presets?: readonly string[];
  readonly set?: Entries;
  readonly defaults?: Entries;
  readonly required?: readonly string[];
  readonly forbidden?: readonly string[];
  readonly limits?: Readonly<Record<string, Limit>>;
  readonly unknownKeys?: "Ignore" | "Warn" | "Deny";
}

/**
 * Keys that say what was made of the conf before it came here: to change them would be a lie. But what kind of job it is
 * may be seen from its conf, and be said to its executors.
 */
const NOT_OURS =
  /^spark\.(?:app\.(?:id|name)$|master|submit\.|kubernetes\.(?:submitInDriver|resource\.type|namespace|driver\.pod\.name|(?:driver|executor)\.(?:label|annotation)\.(?:spark-|sparkgate\.io\/(?!workload$))))/;

/**
 * Checks that a key can be one of a job's.
 * @throws RuleProblem where it cannot
 */
export function checkKey(key: string, path: readonly string[]): void {
  const problem = (message: string) => new RuleProblem(message, { path, allowed: [] });
  if (!key.startsWith("spark.")) {
    throw problem(`'${key}' does not begin with spark.: Spark reads no other keys`);
  }
  if (NOT_OURS.test(key)) throw problem("is Spark's or Sparkgate's own: it must stay as it is");
}
