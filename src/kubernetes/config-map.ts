import { isRecord } from "./json.ts";
import type { Maybe, ObjectMeta, StringMap } from "./pod.ts";

/** A ConfigMap, as far as it is read here. */
export interface ConfigMap {
  readonly metadata?: Maybe<ObjectMeta>;
  readonly data?: Maybe<StringMap>;
}

/** Tells whether a value has the types of `ConfigMap` in its metadata's name and its data. */
export function isConfigMap(value: unknown): value is ConfigMap {
  if (!isRecord(value)) return false;
  const { metadata, data } = value;
  if (!isRecord(metadata) || !isRecord(data)) return false;
  return Object.values(data).every((text) => typeof text === "string");
}
