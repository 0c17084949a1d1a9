import type { ResourceList } from "./pod.ts";

/** A ResourceQuota of a namespace. */
export interface ResourceQuota {
  readonly name: string;
  readonly hard: ResourceList;
}
