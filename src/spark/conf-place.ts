import type { SparkConf } from "./spark-conf.ts";

/** How the author of a conf finds a key of it again, and changes it. */
export interface ConfPlace {
  /** The field in which a key stands, or in which it would. */
  readonly fieldOf: (key: string) => string;
  /** What the author writes to give a key a value, such as `--conf spark.executor.memory=4g`. */
  readonly assignment: (key: string, value: string) => string;
}

/** Of a conf that spark-submit made: its author knows the keys, and no file. */
export const SUBMITTED: ConfPlace = {
  fieldOf: (key) => key,
  assignment: (key, value) => `--conf ${key}=${value}`,
};

/**
 * Of a conf that an operator makes of fields.
 * @param confField the field for keys that have none of their own, such as `spec.sparkConf`
 */
export function placeInFields(conf: SparkConf, confField: string): ConfPlace {
  const fieldOf = (key: string) => conf.where(key) ?? `${confField}[${key}]`;
  return { fieldOf, assignment: (key, value) => `${fieldOf(key)}: ${value}` };
}
