import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import type { ConfigMap } from "../kubernetes/config-map.ts";
import type { ShapeError } from "../kubernetes/pod-shape.ts";
import type { Pod, StringMap } from "../kubernetes/pod.ts";
import type { Application } from "./application.ts";
import type { Role } from "./role.ts";
import type { SparkConf } from "./spark-conf.ts";

/** The kinds of objects that admission looks at; `driver-conf`: the ConfigMap that carries a driver's Spark conf. */
export const SURFACES = ["pod", "driver-conf"] as const;

export type Surface = (typeof SURFACES)[number];

/** An admitted object with what we know of it as Spark. Does not change while policies are applied. */
export type Subject = PodSubject | ConfSubject;

interface AnySubject {
  readonly role: Role;
  readonly namespace: string;
  /** The object's name, or `PREFIX*` where the API server will make one up from generateName. */
  readonly name: string;
  readonly application: Application;
  readonly stage: Stage;
  /** Those of the Pod: of its own, or as the conf says that they will be. */
  readonly labels: StringMap;
  /** Who asks for it; undefined where that is not known, as of an object in a file. */
  readonly user: AdmittedObject["user"];
}

/** A Pod of Spark's. */
export interface PodSubject extends AnySubject {
  readonly surface: "pod";
  /** As it was admitted, before any policy. */
  readonly pod: Pod;
  /** At stage `update`: as it is stored. */
  readonly before: Pod | undefined;
}

/** What a driver's conf says of the Pods of one role: one facet of the conf. */
export interface ConfSubject extends AnySubject {
  readonly surface: "driver-conf";
  /** As it was admitted, before any policy. */
  readonly conf: SparkConf;
  /** The object that carries it. */
  readonly object: ConfigMap;
}

/**
 * Where in its way into the cluster a Pod is: `mutating`: it is created and may be changed; `validating`: it is
 * created and all mutating webhooks are done with it; `update`: it is there, and its images may be changed.
 */
export type Stage = "mutating" | "validating" | "update";

/** Why an object is admitted without being looked at. */
export type SkipReason =
  | "other-kind"
  | "sub-resource"
  | "operation"
  | "not-spark"
  | "mirror-pod"
  | "yunikorn-placeholder"
  | "unknown-role"
  | "not-a-conf"
  | "unreadable-conf"
  | "bypass";

export type Recognition =
  | { readonly kind: "subject"; readonly subject: PodSubject }
  /** A conf: what it says of drivers, and what of executors. */
  | {
      readonly kind: "conf";
      readonly facets: readonly [driver: ConfSubject, executor: ConfSubject];
    }
  | { readonly kind: "skipped"; readonly reason: SkipReason }
  | {
      readonly kind: "malformed";
      readonly role: Role | undefined;
      readonly errors: readonly ShapeError[];
    };

/** The object of a subject, as it was admitted. */
export function objectOf(subject: Subject): Pod | ConfigMap {
  return subject.surface === "pod" ? subject.pod : subject.object;
}
