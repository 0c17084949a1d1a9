import type { Container, Pod, SecurityContext } from "../pod.ts";

/** The user of Spark's images. They say it by its name, of which the kubelet makes nothing. */
export const IMAGE_USER = { uid: 185, name: "spark" };

/**
 * The command that gives a container's process the user and the rights that the security contexts say; the container's
 * goes before the Pod's.
 * @throws Error where the real kubelet would not start it (pkg/kubelet/kuberuntime verifyRunAsNonRoot)
 */
export function runAs(pod: Pod, container: Container): string {
  const context: SecurityContext = { ...pod.spec.securityContext, ...container.securityContext };
  const { runAsNonRoot = false, runAsUser, allowPrivilegeEscalation = true, fsGroup } = context;
  if (runAsNonRoot && runAsUser === undefined) {
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${IMAGE_USER.name}), cannot verify user is non-root`,
    );
  }
  if (runAsNonRoot && runAsUser === 0) {
    throw new Error("container's runAsUser breaks non-root policy");
  }
  const isDropped = context.capabilities?.drop?.includes("ALL") === true;
  return [
    `setpriv --reuid ${runAsUser ?? IMAGE_USER.uid} --regid 0`,
    fsGroup === undefined ? "--clear-groups" : `--groups ${fsGroup}`,
    ...(allowPrivilegeEscalation ? [] : ["--no-new-privs"]),
    ...(isDropped ? ["--bounding-set=-all --inh-caps=-all"] : []),
    // The kernel clears --pdeathsig at a change of user: so setpriv sets it, which does both in order.
    "--pdeathsig KILL",
  ].join(" ");
}
