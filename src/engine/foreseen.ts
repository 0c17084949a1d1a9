import type { MetadataField } from "../spark/pod-metadata.ts";
import type { Role } from "../spark/role.ts";
import type { ConfSubject } from "../spark/subject.ts";
import type { PolicySet } from "./policy-set.ts";

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

const UNKNOWN: ForeseenChange = { text: undefined, replaces: true };

/**
 * What policies may do that speak of the Pods of a conf, and not of the conf: by conditions on the Pod, or since they say
 * so. Whether they will is known when there is a Pod.
 */
export function foreseenUnheard(set: PolicySet, { surface, namespace }: ConfSubject): Foreseen {
  return ({ role, field, key }) => {
    const writes = set
      .candidates("pod", role, namespace)
      .filter(({ surfaces }) => !surfaces.includes(surface))
      .flatMap((policy) => policy.writes ?? []);
    const meant = writes.some(
      ([root, part, name]) => root === "metadata" && part === field && name === key,
    );
    return meant ? UNKNOWN : undefined;
  };
}
