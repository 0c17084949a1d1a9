import type {
  Container,
  Pod,
  SecurityContext,
  SecurityProfile,
  SeLinuxOptions,
  Volume,
} from "./pod.ts";
import type { FieldPath } from "./field-path.ts";
import { isRecord, valueAt } from "./json.ts";
import type { PodSecurityLevel } from "./namespace.ts";
import { sourceKinds } from "./volume-source.ts";

/*
 * What the Pod Security Standards allow, as of Kubernetes 1.36 (k8s.io/pod-security-admission policy/check_*.go). A
 * namespace may pin an older version, which allows less at a few places: then the API server has the last word.
 */

/** The levels that forbid something. */
export type PodSecurityProfile = "Baseline" | "Restricted";

/** The profile of a level; undefined where it forbids nothing. */
export function profileOfLevel(level: PodSecurityLevel): PodSecurityProfile | undefined {
  if (level === "privileged") return undefined;
  return level === "baseline" ? "Baseline" : "Restricted";
}

const CAPABILITIES: Readonly<Record<PodSecurityProfile, readonly string[]>> = {
  Baseline: [
    ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"],
    ...["NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
  ],
  Restricted: ["NET_BIND_SERVICE"],
};

/** Whether a container may add a capability. */
export function isCapabilityAllowed(name: string, profile: PodSecurityProfile): boolean {
  return CAPABILITIES[profile].includes(name);
}

/** Whether a seccomp or AppArmor profile that is there may be there. */
export function isConfined({ type }: SecurityProfile): boolean {
  return type === "RuntimeDefault" || type === "Localhost";
}

const SELINUX_TYPES: readonly string[] = [
  ...["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"],
];

/** Whether SELinux options are none but an allowed type. */
export function isSeLinuxAllowed({ user, role, type }: SeLinuxOptions): boolean {
  return (user ?? "") === "" && (role ?? "") === "" && SELINUX_TYPES.includes(type ?? "");
}

const SYSCTLS: ReadonlySet<string> = new Set([
  "kernel.shm_rmid_forced",
  ...["net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"],
  ...["net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range"],
  ...["net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"],
  ...["net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies"],
  "net.ipv4.tcp_wmem",
]);

/** Whether a Pod may set a sysctl. */
export function isSysctlAllowed(name: string): boolean {
  return SYSCTLS.has(name);
}

const RESTRICTED_SOURCES: ReadonlySet<string> = new Set([
  ...["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"],
  ...["persistentVolumeClaim", "projected", "secret"],
]);

/** The kind of a volume's source that is forbidden; undefined for a volume that may be there. */
export function forbiddenSource(volume: Volume, profile: PodSecurityProfile): string | undefined {
  if (profile === "Baseline") return volume.hostPath == null ? undefined : "hostPath";
  const kinds = sourceKinds(volume);
  // The API server makes an emptyDir of one without any.
  return kinds.some((kind) => RESTRICTED_SOURCES.has(kind)) ? undefined : kinds[0];
}

/** Fields of a container with a handler that may name a host, which is then asked by the kubelet. */
const HANDLERS: readonly (readonly [keyof Container, ...string[]])[] = [
  ["livenessProbe"],
  ["readinessProbe"],
  ["startupProbe"],
  ["lifecycle", "postStart"],
  ["lifecycle", "preStop"],
];

/** The probes and lifecycle handlers of a container that name a host, as paths in it: `lifecycle`, `preStop`, `httpGet`, `host`. */
export function handlersWithHost(container: Container): readonly FieldPath[] {
  return HANDLERS.flatMap(([field, ...rest]) => {
    const handler = isRecord(container[field]) ? valueAt(container[field], ...rest) : undefined;
    if (!isRecord(handler)) return [];
    return ["httpGet", "tcpSocket"]
      .filter((kind) => (valueAt(handler, kind, "host") ?? "") !== "")
      .map((kind) => [field, ...rest, kind, "host"]);
  });
}

/** Whether a Pod runs in a user namespace of its own, where the standards leave its user alone (KEP-127; from 1.35 on). */
export function isInUserNamespace({ spec }: Pod): boolean {
  return spec?.hostUsers === false;
}

/** Whether a Pod is for Windows, which has no such users, capabilities and profiles. */
export function isForWindows({ spec }: Pod): boolean {
  return spec?.os?.name === "windows";
}

/** Whether a container drops all capabilities. */
export function dropsAll({ capabilities }: SecurityContext): boolean {
  return capabilities?.drop?.includes("ALL") === true;
}
