import type { Platform } from "../kubernetes/platform.ts";
import type { SparkConf } from "../spark/spark-conf.ts";

/** A value that follows from the installation's platform. */
export interface PlatformValue {
  /** What it is, for the docs. */
  readonly text: string;
  /** Undefined where the platform has none: the key is then left out. */
  readonly of: (platform: Platform) => string | undefined;
}

/** A key of a preset, and the value that it gets. */
export interface PresetEntry {
  readonly key: string;
  readonly value: string | PlatformValue;
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
