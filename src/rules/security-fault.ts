import { quoted } from "../engine/text.ts";
import type { FieldPath } from "../kubernetes/field-path.ts";
import {
  isConfined,
  isSeLinuxAllowed,
  type PodSecurityProfile,
} from "../kubernetes/pod-security.ts";
import { opposingAnnotation } from "../kubernetes/profile-annotations.ts";
import type { Pod, SecurityContext } from "../kubernetes/pod.ts";

/** Something that a job asks for and the level forbids. What is only missing is none. */
export interface SecurityFault {
  readonly path: FieldPath;
  /**
   * `rights`: of its processes, which can be taken away; `node`: of the machine, the network or a volume, without which
   * it is another job.
   */
  readonly about: "rights" | "node";
  /** What stands there, such as `is true`. */
  readonly found: string;
  /** What may stand there, in words; undefined where nothing may. */
  readonly allowed?: string | undefined;
  /** What to put in its place; undefined where nobody but the job can tell. */
  readonly mend?: Mend | undefined;
}

/** To set a value, which reads as `text`, or to take away the field. */
export type Mend =
  | { readonly kind: "set"; readonly value: unknown; readonly text: string }
  | { readonly kind: "remove" };

/** What is judged by, for one Pod. */
export interface Standard {
  readonly pod: Pod;
  readonly profile: PodSecurityProfile;
  /** Who is to run Spark in the place of root. */
  readonly uid: number;
  /** The index of the Spark container. */
  readonly spark: number | undefined;
}

/** The Mend that takes the field away. */
export const REMOVE: Mend = { kind: "remove" };

/** The Mend that sets a value. */
export function set(value: unknown, text = String(value)): Mend {
  return { kind: "set", value, text };
}

/** A right that is asked for. */
export function rightsFault(
  path: FieldPath,
  found: string,
  allowed: string | undefined,
  mend: Mend | undefined,
): SecurityFault {
  return { path, about: "rights", found, allowed, mend };
}

/** Something of the node that is asked for. */
export function nodeFault(path: FieldPath, found: string): SecurityFault {
  return { path, about: "node", found };
}

/** That somebody may run as root. */
export function mayBeRoot(path: FieldPath, mend: Mend | undefined): SecurityFault {
  return rightsFault([...path, "runAsNonRoot"], "is false", "true", mend);
}

/** That somebody runs as root. */
export function isRoot(path: FieldPath, mend: Mend | undefined): SecurityFault {
  return rightsFault([...path, "runAsUser"], "is 0 (root)", "another", mend);
}

/** That an annotation says something else of a profile. */
export function annotationFault(key: string): SecurityFault {
  return rightsFault(["metadata", "annotations", key], "says another profile", undefined, REMOVE);
}

const CONFINED = "RuntimeDefault or Localhost";

/**
 * What is forbidden of that which the context of a Pod and of a container may both say.
 * @param container its name; undefined: it is the Pod's
 */
export function contextFaults(
  pod: Pod,
  path: FieldPath,
  { seccompProfile, appArmorProfile, seLinuxOptions, windowsOptions }: SecurityContext,
  container?: string,
): readonly SecurityFault[] {
  const faults: SecurityFault[] = [];
  if (seccompProfile != null && !isConfined(seccompProfile)) {
    const found = `is ${quoted(seccompProfile.type ?? "")}`;
    const mend = set({ type: "RuntimeDefault" }, "RuntimeDefault");
    faults.push(rightsFault([...path, "seccompProfile"], found, CONFINED, mend));
    const annotation = opposingAnnotation(pod, container);
    if (annotation !== undefined) faults.push(annotationFault(annotation));
  }
  if (appArmorProfile != null && !isConfined(appArmorProfile)) {
    const found = `is ${quoted(appArmorProfile.type ?? "")}`;
    // Not RuntimeDefault: said, it is required, and a node without AppArmor refuses the Pod (pkg/security/apparmor).
    faults.push(rightsFault([...path, "appArmorProfile"], found, CONFINED, REMOVE));
  }
  if (seLinuxOptions != null && !isSeLinuxAllowed(seLinuxOptions)) {
    faults.push(nodeFault([...path, "seLinuxOptions"], "is another's context"));
  }
  if (windowsOptions?.hostProcess === true) {
    faults.push(nodeFault([...path, "windowsOptions", "hostProcess"], "is true"));
  }
  return faults;
}
