import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import type { ConfigMap } from "../kubernetes/config-map.ts";
import type { ShapeError } from "../kubernetes/pod-shape.ts";
import type { JsonObject, Pod, StringMap } from "../kubernetes/pod.ts";
import type { Application } from "./application.ts";
import type { ApplicationKind } from "./application-kinds.ts";
import type { ConfPlace } from "./conf-place.ts";
import type { FieldImage } from "./field-images.ts";
import type { FieldPodSpecs } from "./field-pod-specs.ts";
import type { PodMetadata } from "./pod-metadata.ts";
import type { Role } from "./role.ts";
import type { SparkConf } from "./spark-conf.ts";

/**
 * The kinds of objects that admission looks at; `driver-conf`: the ConfigMap that carries a driver's Spark conf;
 * `application`: the object of which an operator makes both.
 */
export const SURFACES = ["pod", "driver-conf", "application"] as const;

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

/** What an object with a Spark conf says of the Pods of one role: one facet of it. */
export type ConfSubject = DriverConfSubject | ApplicationSubject;

interface AnyConfSubject extends AnySubject {
  /** As it was admitted, before any policy. */
  readonly conf: SparkConf;
  readonly place: ConfPlace;
  readonly podMetadata: PodMetadata;
}

/** A facet of a driver's conf. */
export interface DriverConfSubject extends AnyConfSubject {
  readonly surface: "driver-conf";
  /** The object that carries it. */
  readonly object: ConfigMap;
}

/** A facet of an operator's object. It is judged and never changed: a changed spec starts the job anew, and is not what its author keeps in git. */
export interface ApplicationSubject extends AnyConfSubject {
  readonly surface: "application";
  /** Such as `SparkApplication`. */
  readonly kind: ApplicationKind;
  /** Whether the driver will read its conf from a ConfigMap, in which policies change what can be changed. */
  readonly isMended: boolean;
  /** Those that Pods of the role run beside the one that the conf names. */
  readonly images: readonly FieldImage[];
  readonly podSpecs: FieldPodSpecs;
  readonly object: JsonObject;
}

/**
 * Where in its way into the cluster an object is: `mutating`: it is created and may be changed; `validating`: it is
 * created and all mutating webhooks are done with it; `update`: it is there, and images of a Pod or the spec of an
 * application may be changed.
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
  | "spec-unchanged"
  | "bypass";

export type Recognition =
  | { readonly kind: "subject"; readonly subject: PodSubject }
  /** A conf: what it says of drivers, and what of executors. */
  | {
      readonly kind: "conf";
      readonly facets: readonly [driver: DriverConfSubject, executor: DriverConfSubject];
    }
  /** An operator's object: the same. */
  | {
      readonly kind: "application";
      readonly facets: readonly [driver: ApplicationSubject, executor: ApplicationSubject];
    }
  | { readonly kind: "skipped"; readonly reason: SkipReason }
  | {
      readonly kind: "malformed";
      readonly surface: Surface;
      readonly role: Role | undefined;
      readonly errors: readonly ShapeError[];
    };

/** An object of any surface. */
export type SparkObject = Pod | ConfigMap | JsonObject;

/** The object of a subject, as it was admitted. */
export function objectOf(subject: Subject): SparkObject {
  return subject.surface === "pod" ? subject.pod : subject.object;
}
