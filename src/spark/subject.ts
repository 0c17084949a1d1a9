import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord } from "../kubernetes/json.ts";
import { podShapeErrors, isPod, type ShapeError } from "../kubernetes/pod-shape.ts";
import type { ObjectMeta, Pod } from "../kubernetes/pod.ts";
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
  /** As it was admitted, before any policy. */
  readonly pod: Pod;
}

/** Why an object is admitted without being looked at. */
export type SkipReason =
  "other-kind" | "sub-resource" | "operation" | "not-spark" | "mirror-pod" | "unknown-role";

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
  const skipped = skipReasonOf(admitted);
  if (skipped !== undefined) return { kind: "skipped", reason: skipped };
  const { object } = admitted;
  const metadata = field(object, "metadata") ?? {};
  const labels = field(metadata, "labels") ?? {};
  const claimed = field(labels, ROLE_LABEL) ?? undefined;
  const role = ROLES.find((known) => known === claimed);
  // Labels that cannot be read may hide a role: only a Pod that can be read is let go as not Spark's.
  const readable =
    [object, metadata, labels].every(isRecord) && ["undefined", "string"].includes(typeof claimed);
  if (role === undefined && readable) {
    return { kind: "skipped", reason: claimed === undefined ? "not-spark" : "unknown-role" };
  }
  if (role === undefined || !isPod(object)) {
    return { kind: "malformed", role, errors: podShapeErrors(object) };
  }
  if (Object.hasOwn(object.metadata?.annotations ?? {}, MIRROR_ANNOTATION)) {
    return { kind: "skipped", reason: "mirror-pod" };
  }
  return {
    kind: "subject",
    subject: {
      surface: "pod",
      role,
      namespace: admitted.namespace,
      name: displayName(object.metadata),
      application: applicationOf(object),
      pod: object,
    },
  };
}

function skipReasonOf(admitted: AdmittedObject): SkipReason | undefined {
  if (admitted.group !== "" || admitted.version !== "v1" || admitted.kind !== "Pod") {
    return "other-kind";
  }
  if (admitted.subResource !== "") return "sub-resource";
  // Spark itself updates labels of its executors; a mutation there would fight with it (kubeflow/spark-operator#470).
  if (admitted.operation !== "CREATE") return "operation";
  return undefined;
}

function field(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** kubectl and our messages name a Pod without a name yet as `PREFIX*`. */
function displayName(metadata: ObjectMeta | null | undefined): string {
  if (metadata?.name != null && metadata.name !== "") return metadata.name;
  return metadata?.generateName != null ? `${metadata.generateName}*` : "";
}
