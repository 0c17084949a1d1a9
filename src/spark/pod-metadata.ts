import { valueAt } from "../kubernetes/json.ts";
import { textOf } from "./conf-fields.ts";
import type { ConfPlace } from "./conf-place.ts";
import type { SparkConf } from "./spark-conf.ts";

/** What jobs fill in of a Pod's metadata. */
export type MetadataField = "labels" | "annotations";

/** What an object with a conf says of labels and annotations of the Pods of a role. */
export interface PodMetadata {
  /** What Pods will have at a key: by the conf, which goes before, or by a pod template that is in the object. */
  readonly find: (conf: SparkConf, field: MetadataField, key: string) => PodEntry | undefined;
  /** What is at a key where nothing is: where its author would write it. */
  readonly missing: (field: MetadataField, key: string) => Omit<PodEntry, "text">;
  /** Whether the Pods may get others that are not to be seen here: what is not there may be there later. */
  readonly isOpen: boolean;
  /** Whether the Pods will be admitted by policies, which may add theirs. */
  readonly isAdmitted: boolean;
}

/** A label or an annotation that Pods will have. */
export interface PodEntry {
  /** As it is written; undefined where Spark puts something in that is known later. */
  readonly text: string | undefined;
  /** Such as `spec.driver.labels[team]`. */
  readonly where: string;
  /** What the author writes to give it a value, such as `spec.driver.labels[team]: risk`. */
  readonly assignment: (value: string) => string;
}

/** From where labels and annotations of the Pods of a role come. */
export interface MetadataSources {
  /** Whose keys of the conf count; undefined: none. */
  readonly confOf?: "driver" | "executor";
  readonly template?: unknown;
  readonly templatePath?: string;
  /** The field that has `labels` and `annotations`, such as `spec.driver`; undefined: they are written into the conf. */
  readonly written?: string;
  readonly isOpen?: boolean;
  readonly isAdmitted?: boolean;
}

/** Spark puts the ids in (Utils.substituteAppNExecIds): in annotations, since 4.0 in labels too. */
const SPARKS_OWN = /\{\{(?:APP_ID|EXECUTOR_ID)\}\}/;

/** Reads labels and annotations from where they come. */
export function podMetadata(sources: MetadataSources, place: ConfPlace): PodMetadata {
  const { confOf, template, templatePath = "", written } = sources;
  const confKey = (field: MetadataField, key: string) =>
    `spark.kubernetes.${confOf ?? "driver"}.${field.slice(0, -1)}.${key}`;
  const inConf = (key: string) => ({
    where: place.fieldOf(key),
    assignment: (value: string) => place.assignment(key, value),
  });
  const inField = (where: string) => ({
    where,
    assignment: (value: string) => `${where}: ${value}`,
  });
  return {
    find: (conf, field, key) => {
      const own = confOf === undefined ? undefined : conf.raw(confKey(field, key));
      if (own !== undefined) {
        return { text: SPARKS_OWN.test(own) ? undefined : own, ...inConf(confKey(field, key)) };
      }
      const text = textOf(valueAt(template, "metadata", field, key));
      if (text === undefined) return undefined;
      return { text, ...inField(`${templatePath}.metadata.${field}[${key}]`) };
    },
    missing: (field, key) =>
      written === undefined ? inConf(confKey(field, key)) : inField(`${written}.${field}[${key}]`),
    isOpen: sources.isOpen ?? false,
    isAdmitted: sources.isAdmitted ?? true,
  };
}

/**
 * Whether Spark takes labels and annotations of the Pods of a role from elsewhere too: a pod template in a file, or
 * steps of the job's own.
 */
export function hasHiddenMetadata(conf: SparkConf, role: "driver" | "executor"): boolean {
  return ["podTemplateFile", "pod.featureSteps"].some(
    (key) => conf.raw(`spark.kubernetes.${role}.${key}`) !== undefined,
  );
}
