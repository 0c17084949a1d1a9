import type { MetadataField } from "../spark/pod-metadata.ts";
import type { Role } from "../spark/role.ts";

/** A label or an annotation of the Pods of a role. */
export interface PodField {
  readonly role: Role;
  readonly field: MetadataField;
  readonly key: string;
}

/** What a policy will do with it when such a Pod is admitted. */
export interface ForeseenChange {
  /** What it will write; undefined where that is known only then. */
  readonly text: string | undefined;
  /** Whether it takes the place of what the job has there. */
  readonly replaces: boolean;
}

/** What policies will do with a label or an annotation; undefined: nothing. */
export type Foreseen = (of: PodField) => ForeseenChange | undefined;
