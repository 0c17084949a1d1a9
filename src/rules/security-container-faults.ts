import { quoted } from "../engine/text.ts";
import type { FieldPath } from "../kubernetes/field-path.ts";
import {
  handlersWithHost,
  isCapabilityAllowed,
  isInUserNamespace,
  type PodSecurityProfile,
} from "../kubernetes/pod-security.ts";
import type { Container, SecurityContext } from "../kubernetes/pod.ts";
import {
  contextFaults,
  isRoot,
  mayBeRoot,
  nodeFault,
  REMOVE,
  rightsFault,
  set,
  type Mend,
  type SecurityFault,
  type Standard,
} from "./security-fault.ts";

/** A container, and where it is. */
export interface ContainerPlace {
  readonly container: Container;
  readonly path: FieldPath;
  readonly isSpark: boolean;
}

/** What is forbidden in one container. */
export function containerFaults(
  place: ContainerPlace,
  standard: Standard,
): readonly SecurityFault[] {
  return [...rightsFaults(place, standard), ...userFaults(place, standard), ...nodeFaults(place)];
}

const NONE: readonly never[] = [];

function rightsFaults(
  { container, path }: ContainerPlace,
  { pod, profile }: Standard,
): readonly SecurityFault[] {
  const context = container.securityContext;
  if (context == null) return NONE;
  const at = [...path, "securityContext"];
  const faults = [...contextFaults(pod, at, context, container.name)];
  const add = (key: string, found: string, allowed: string, mend: Mend | undefined) =>
    faults.push(rightsFault([...at, ...key.split(".")], found, allowed, mend));
  if (context.privileged === true) {
    // The API server takes no such mount without it (validateMountPropagation).
    const mounts = container.volumeMounts ?? [];
    const isNeeded = mounts.some(({ mountPropagation }) => mountPropagation === "Bidirectional");
    add("privileged", "is true", "false", isNeeded ? undefined : set(false));
  }
  if (profile === "Restricted" && context.allowPrivilegeEscalation === true) {
    add("allowPrivilegeEscalation", "is true", "false", set(false));
  }
  faults.push(...capabilityFaults(at, context, profile));
  const { procMount } = context;
  const isJudged = profile === "Restricted" || !isInUserNamespace(pod);
  if (isJudged && procMount != null && procMount !== "Default") {
    add("procMount", `is ${quoted(procMount)}`, "Default", REMOVE);
  }
  return faults;
}

function capabilityFaults(
  path: FieldPath,
  { capabilities }: SecurityContext,
  profile: PodSecurityProfile,
): readonly SecurityFault[] {
  const added = capabilities?.add ?? [];
  const allowed = added.filter((name) => isCapabilityAllowed(name, profile));
  if (allowed.length === added.length) return NONE;
  const others = added.filter((name) => !isCapabilityAllowed(name, profile)).join(", ");
  const most = profile === "Restricted" ? "NET_BIND_SERVICE at most" : "those of the runtime";
  const left = allowed.length === 0 ? "none" : quoted(allowed.join(", "));
  const found = `has ${quoted(others)}`;
  return [rightsFault([...path, "capabilities", "add"], found, most, set(allowed, left))];
}

/** What a container says of its user. That of other images than Spark's is not known here. */
function userFaults(
  { container, path, isSpark }: ContainerPlace,
  { pod, profile, uid }: Standard,
): readonly SecurityFault[] {
  if (profile === "Baseline" || isInUserNamespace(pod)) return NONE;
  const { runAsNonRoot, runAsUser } = container.securityContext ?? {};
  const at = [...path, "securityContext"];
  const faults: SecurityFault[] = [];
  if (runAsNonRoot === false) {
    const isSomebody = (runAsUser ?? pod.spec?.securityContext?.runAsUser ?? 0) !== 0;
    faults.push(mayBeRoot(at, isSpark || isSomebody ? set(true) : undefined));
  }
  if (runAsUser === 0) faults.push(isRoot(at, isSpark ? set(uid) : undefined));
  return faults;
}

function nodeFaults({ container, path }: ContainerPlace): readonly SecurityFault[] {
  const ports = (container.ports ?? []).flatMap(({ hostPort }, index) =>
    hostPort == null || hostPort === 0
      ? []
      : [nodeFault([...path, "ports", index, "hostPort"], `is ${hostPort}, a port of the node`)],
  );
  const handlers = handlersWithHost(container).map((handler) =>
    nodeFault([...path, ...handler], "is set"),
  );
  return [...ports, ...handlers];
}
