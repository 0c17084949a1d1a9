import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord } from "../kubernetes/json.ts";
import { podShapeErrors, isPod, type ShapeError } from "../kubernetes/pod-shape.ts";
import type { ObjectMeta, Pod } from "../kubernetes/pod.ts";
import { isPlaceholder } from "../kubernetes/yunikorn.ts";
import { applicationOf, type Application } from "./application.ts";
import { ROLE_LABEL, ROLES, type Role } from "./role.ts";

/** The kind of object that admission looks at. */
export type Surface = "pod";

/** An admitted object with what we know of it as Spark. Does not change while policies are applied. */
export interface Subject {
  readonly surface: Surface;
  readonly role: Role;
  readonly namespace: string;
  /** The Pod's name, or `PREFIX*` where the API server will make one up from generateName. */
  readonly name: string;
  readonly application: Application;
  readonly stage: Stage;
  /** As it was admitted, before any policy. */
  readonly pod: Pod;
  /** At stage `update`: as it is stored. */
  readonly before: Pod | undefined;
  /** Who asks for it; undefined where that is not known, as of an object in a file. */
  readonly user: AdmittedObject["user"];
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
  | "bypass";

export type Recognition =
  | { readonly kind: "subject"; readonly subject: Subject }
  | { readonly kind: "skipped"; readonly reason: SkipReason }
  | {
      readonly kind: "malformed";
      readonly role: Role | undefined;
      readonly errors: readonly ShapeError[];
    };

/** Pods that a kubelet mirrors from a file: the file decides, the API server only shows it. */
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/** Tells what an admitted object is to Spark. Never throws. */
export function recognize(admitted: AdmittedObject): Recognition {
  const stage = stageOf(admitted);
  if (stage.kind === "skipped") return stage;
  const { object } = admitted;
  const before = stage.stage === "update" ? admitted.oldObject : undefined;
  const { role, noRole } = roleOf(object, before);
  if (noRole !== undefined) return { kind: "skipped", reason: noRole };
  if (role === undefined || !isPod(object)) {
    return { kind: "malformed", role, errors: podShapeErrors(object) };
  }
  if (before !== undefined && !isPod(before)) {
    return { kind: "malformed", role, errors: podShapeErrors(before) };
  }
  if (Object.hasOwn(object.metadata?.annotations ?? {}, MIRROR_ANNOTATION)) {
    return { kind: "skipped", reason: "mirror-pod" };
  }
  if (isPlaceholder(object)) return { kind: "skipped", reason: "yunikorn-placeholder" };
  return {
    kind: "subject",
    subject: {
      surface: "pod",
      role,
      namespace: admitted.namespace,
      name: displayName(object.metadata),
      application: applicationOf(object),
      stage: stage.stage,
      pod: object,
      before,
      user: admitted.user,
    },
  };
}

interface FoundRole {
  readonly role: Role | undefined;
  /** Why it is sure that there is none: labels that cannot be read may hide one. */
  readonly noRole?: SkipReason;
}

/** The role that the label says; at UPDATE the stored one, since the label may be taken away together with a change. */
function roleOf(object: unknown, before: unknown): FoundRole {
  const stored = claimedRole(before);
  return stored.role === undefined ? claimedRole(object) : stored;
}

function claimedRole(object: unknown): FoundRole {
  const metadata = field(object, "metadata") ?? {};
  const labels = field(metadata, "labels") ?? {};
  const claimed = field(labels, ROLE_LABEL) ?? undefined;
  const role = ROLES.find((known) => known === claimed);
  if (role !== undefined || ![object, metadata, labels].every(isRecord)) return { role };
  if (claimed === undefined) return { role, noRole: "not-spark" };
  return typeof claimed === "string" ? { role, noRole: "unknown-role" } : { role };
}

type StageOrSkip =
  | { readonly kind: "stage"; readonly stage: Stage }
  | { readonly kind: "skipped"; readonly reason: SkipReason };

function stageOf(admitted: AdmittedObject): StageOrSkip {
  const { group, version, kind, subResource, operation, admission } = admitted;
  const skipped = (reason: SkipReason): StageOrSkip => ({ kind: "skipped", reason });
  if (group !== "" || version !== "v1" || kind !== "Pod") return skipped("other-kind");
  // `kubectl debug` adds containers, and with them images, by way of a sub-resource.
  if (subResource !== "" && subResource !== EPHEMERAL_CONTAINERS) return skipped("sub-resource");
  if (operation === "CREATE" && subResource === "") return { kind: "stage", stage: admission };
  // Judged only: Spark itself updates labels of its executors, and a mutation there would fight with it
  // (kubeflow/spark-operator#470).
  if (operation === "UPDATE" && admission === "validating") {
    return { kind: "stage", stage: "update" };
  }
  return skipped(subResource === "" ? "operation" : "sub-resource");
}

const EPHEMERAL_CONTAINERS = "ephemeralcontainers";

function field(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** kubectl and our messages name a Pod without a name yet as `PREFIX*`. */
function displayName(metadata: ObjectMeta | null | undefined): string {
  if (metadata?.name != null && metadata.name !== "") return metadata.name;
  return metadata?.generateName != null ? `${metadata.generateName}*` : "";
}
