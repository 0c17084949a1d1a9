import { quoted } from "../engine/text.ts";
import { forbiddenSource, isInUserNamespace, isSysctlAllowed } from "../kubernetes/pod-security.ts";
import { opposingAnnotation, unconfiningAnnotations } from "../kubernetes/profile-annotations.ts";
import type { Pod } from "../kubernetes/pod.ts";
import { containerFaults, type ContainerPlace } from "./security-container-faults.ts";
import {
  annotationFault,
  contextFaults,
  isRoot,
  mayBeRoot,
  nodeFault,
  set,
  type SecurityFault,
  type Standard,
} from "./security-fault.ts";

const CONTEXT = ["spec", "securityContext"];

/** What in a Pod is forbidden. */
export function securityFaults(standard: Standard): readonly SecurityFault[] {
  const { pod, spark } = standard;
  const places = placesOf(pod, spark);
  return [
    ...nodeFaults(standard),
    ...unconfiningAnnotations(pod).map(annotationFault),
    ...contextFaults(pod, CONTEXT, pod.spec?.securityContext ?? {}),
    ...seccompFaults(standard, places),
    ...userFaults(standard, places),
    ...places.flatMap((place) => containerFaults(place, standard)),
  ];
}

function placesOf({ spec }: Pod, spark: number | undefined): readonly ContainerPlace[] {
  return (["initContainers", "containers"] as const).flatMap((list) =>
    (spec?.[list] ?? []).map((container, index) => ({
      container,
      path: ["spec", list, index],
      isSpark: list === "containers" && index === spark,
    })),
  );
}

function nodeFaults({ pod, profile }: Standard): readonly SecurityFault[] {
  const { spec } = pod;
  const faults: SecurityFault[] = [];
  for (const key of ["hostNetwork", "hostPID", "hostIPC"] as const) {
    if (spec?.[key] === true) faults.push(nodeFault(["spec", key], "is true"));
  }
  for (const [index, volume] of (spec?.volumes ?? []).entries()) {
    const kind = forbiddenSource(volume, profile);
    if (kind === undefined) continue;
    faults.push(nodeFault(["spec", "volumes", index], `is of kind ${quoted(kind)}`));
  }
  for (const [index, { name }] of (spec?.securityContext?.sysctls ?? []).entries()) {
    if (isSysctlAllowed(name)) continue;
    faults.push(nodeFault([...CONTEXT, "sysctls", index], `sets ${quoted(name)}`));
  }
  return faults;
}

/** Where the Pod's profile will be filled in, an annotation that says another one. */
function seccompFaults(
  { pod, profile }: Standard,
  places: readonly ContainerPlace[],
): readonly SecurityFault[] {
  const isMissing =
    profile === "Restricted" &&
    pod.spec?.securityContext?.seccompProfile == null &&
    places.some(({ container }) => container.securityContext?.seccompProfile == null);
  const annotation = isMissing ? opposingAnnotation(pod) : undefined;
  return annotation === undefined ? [] : [annotationFault(annotation)];
}

/** What the Pod says of the user of those containers that say nothing of theirs. */
function userFaults(
  { pod, profile, uid }: Standard,
  places: readonly ContainerPlace[],
): readonly SecurityFault[] {
  if (profile === "Baseline" || isInUserNamespace(pod)) return [];
  const { runAsNonRoot, runAsUser } = pod.spec?.securityContext ?? {};
  const faults: SecurityFault[] = [];
  if (runAsNonRoot === false) faults.push(mayBeRoot(CONTEXT, set(true)));
  if (runAsUser === 0) {
    // Whoever else would get another user by it may need root, such as an init container that hands over a volume.
    const isSparksAlone = places.every(
      ({ isSpark, container }) => isSpark || container.securityContext?.runAsUser != null,
    );
    faults.push(isRoot(CONTEXT, isSparksAlone ? set(uid) : undefined));
  }
  return faults;
}
