import { entriesAt, valueAt } from "../kubernetes/json.ts";
import type { StringMap } from "../kubernetes/pod.ts";
import type { Application } from "./application.ts";
import { textOf } from "./conf-fields.ts";
import type { FieldImage } from "./field-images.ts";
import type { FieldPodSpecs } from "./field-pod-specs.ts";
import type { MetadataSources } from "./pod-metadata.ts";
import type { Role } from "./role.ts";
import type { SparkConf } from "./spark-conf.ts";

/** What is in an operator's object. */
export interface ApplicationReading {
  readonly conf: SparkConf;
  /** The field for keys that have none of their own, such as `spec.sparkConf`. */
  readonly confField: string;
  /** Whether the driver will read its conf from a ConfigMap. */
  readonly isMended: boolean;
  readonly application: Application;
  readonly facets: readonly [driver: FacetReading, executor: FacetReading];
}

/** What an operator's object says of the Pods of one role. */
export interface FacetReading {
  readonly role: Role;
  readonly labels: StringMap;
  readonly metadata: MetadataSources;
  readonly images: readonly FieldImage[];
  readonly podSpecs: FieldPodSpecs;
}

/** Reads an operator's object: whatever it is, as far as it can be read. */
export type ReadApplication = (object: unknown) => ApplicationReading;

/** The name of an object. When it is judged the API server has made one up from generateName already. */
export function nameOf(object: unknown): string | undefined {
  const name = valueAt(object, "metadata", "name");
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** The labels of an object, or of a Pod template. */
function labelsIn(object: unknown): StringMap {
  const entries = entriesAt(object, "metadata", "labels");
  return Object.fromEntries(entries.flatMap(([key, value]) => pair(key, textOf(value))));
}

function pair(key: string, value: string | undefined): readonly (readonly [string, string])[] {
  return value === undefined ? [] : [[key, value]];
}

/** The labels of a template, and over them those that Spark sets. */
export function overlaid(template: unknown, own: StringMap): StringMap {
  return Object.fromEntries([...Object.entries(labelsIn(template)), ...Object.entries(own)]);
}
