import type { Pod } from "./pod.ts";

/*
 * Annotations by which profiles were chosen before there were fields. Old Pod templates still have them. Those for
 * AppArmor count (registry/core/pod applyAppArmorVersionSkew). Those for seccomp have no effect since Kubernetes 1.27,
 * but a Pod in which one says something else than the field is refused (validateSeccompAnnotationsAndFields).
 */

const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_OF_POD = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";

/** The keys of annotations that turn AppArmor off for a container. */
export function unconfiningAnnotations({ metadata }: Pod): readonly string[] {
  return Object.entries(metadata?.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APP_ARMOR) && !isConfining(value))
    .map(([key]) => key);
}

function isConfining(value: string): boolean {
  return value === "" || value === "runtime/default" || value.startsWith("localhost/");
}

/**
 * The key of the annotation with which the API server would not take RuntimeDefault for a Pod's or, where it is named, a
 * container's seccompProfile; undefined where there is none.
 */
export function opposingAnnotation({ metadata }: Pod, container?: string): string | undefined {
  const key = container === undefined ? SECCOMP_OF_POD : SECCOMP_OF_CONTAINER + container;
  const annotations = metadata?.annotations ?? {};
  if (!Object.hasOwn(annotations, key)) return undefined;
  const value = annotations[key];
  return value === "runtime/default" || value === "docker/default" ? undefined : key;
}
