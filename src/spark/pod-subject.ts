import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord, valueAt } from "../kubernetes/json.ts";
import { podShapeErrors, isPod, type ShapeError } from "../kubernetes/pod-shape.ts";
import type { ObjectMeta, Pod } from "../kubernetes/pod.ts";
import { isPlaceholder } from "../kubernetes/yunikorn.ts";
import { applicationOf } from "./application.ts";
import { sparkArguments } from "./application-facts.ts";
import { CARRIED_KEY, OWN } from "./carried.ts";
import { sparkContainerIndex } from "./container.ts";
import { ROLE_LABEL, ROLES, type Role } from "./role.ts";
import type { Recognition, SkipReason, Stage } from "./subject.ts";

/** Pods that a kubelet mirrors from a file: the file decides, the API server only shows it. */
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

const NO_LABELS = {};

/** Tells what an admitted Pod is to Spark. Never throws. */
export function recognizePod(admitted: AdmittedObject, stage: Stage): Recognition {
  const { object } = admitted;
  const before = stage === "update" ? admitted.oldObject : undefined;
  const { role, noRole } = roleOf(object, before);
  if (noRole !== undefined) return { kind: "skipped", reason: noRole };
  if (role === undefined || !isPod(object)) {
    return { kind: "malformed", surface: "pod", role, errors: podShapeErrors(object) };
  }
  if (before !== undefined && !isPod(before)) {
    return { kind: "malformed", surface: "pod", role, errors: podShapeErrors(before) };
  }
  if (Object.hasOwn(object.metadata?.annotations ?? {}, MIRROR_ANNOTATION)) {
    return { kind: "skipped", reason: "mirror-pod" };
  }
  const forgery = forgeryIn(object, role);
  if (forgery !== undefined) return { kind: "malformed", surface: "pod", role, errors: [forgery] };
  if (isPlaceholder(object)) return { kind: "skipped", reason: "yunikorn-placeholder" };
  return {
    kind: "subject",
    subject: {
      surface: "pod",
      role,
      namespace: admitted.namespace,
      name: displayName(object.metadata),
      application: applicationOf(object),
      stage,
      labels: object.metadata?.labels ?? NO_LABELS,
      pod: object,
      before,
      user: admitted.user,
    },
  };
}

/**
 * What a driver's own arguments would say of its executors in our name: they go before the conf that we write it into
 * (SparkSubmitArguments.mergeDefaultSparkProperties).
 */
function forgeryIn(pod: Pod, role: Role): ShapeError | undefined {
  if (role === "executor") return undefined;
  const at = sparkArguments(pod, role).findIndex((text) => text.includes(`${CARRIED_KEY}=`));
  if (at < 0) return undefined;
  const container = sparkContainerIndex(pod, role) ?? 0;
  return {
    path: `spec.containers[${container}].args[${at}]`,
    message: `sets ${CARRIED_KEY}, ${OWN}`,
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
  const metadata = valueAt(object, "metadata") ?? {};
  const labels = valueAt(metadata, "labels") ?? {};
  const claimed = valueAt(labels, ROLE_LABEL) ?? undefined;
  const role = ROLES.find((known) => known === claimed);
  if (role !== undefined || ![object, metadata, labels].every(isRecord)) return { role };
  if (claimed === undefined) return { role, noRole: "not-spark" };
  return typeof claimed === "string" ? { role, noRole: "unknown-role" } : { role };
}

/** kubectl and our messages name a Pod without a name yet as `PREFIX*`. */
export function displayName(metadata: ObjectMeta | null | undefined): string {
  if (metadata?.name != null && metadata.name !== "") return metadata.name;
  return metadata?.generateName != null ? `${metadata.generateName}*` : "";
}
