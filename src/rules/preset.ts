import type { SparkConf } from "../spark/spark-conf.ts";

/** A key of a preset, and the value that it gets. */
export interface PresetEntry {
  readonly key: string;
  readonly value: string;
  /** `set`: whatever the job says; `default`: where it says none. */
  readonly as: "set" | "default";
  /** Why, with where it is known from, for the docs. */
  readonly why: string;
  /** Left out: always. */
  readonly when?: { readonly text: string; readonly holds: (conf: SparkConf) => boolean };
}

/** Keys of Spark's conf that belong together. */
export interface Preset {
  /** One sentence. */
  readonly description: string;
  readonly entries: readonly PresetEntry[];
}
