import type { StringMap } from "./pod.ts";

/** What is known of a namespace. */
export interface Namespace {
  readonly name: string;
  readonly labels: StringMap;
}

/** Levels of the Pod Security Standards, the most permissive first. */
export type PodSecurityLevel = "privileged" | "baseline" | "restricted";

const ENFORCE_LABEL = "pod-security.kubernetes.io/enforce";

/**
 * The level at which PodSecurity refuses Pods in a namespace. Where the label is missing it is the API server's
 * default, which is `privileged` unless its own configuration says otherwise, and nobody can ask for that; a value that
 * is none counts as `restricted`, as it does for the API server (k8s.io/pod-security-admission api/helpers.go
 * PolicyToEvaluate).
 */
export function podSecurityLevel({ labels }: Namespace): PodSecurityLevel {
  const level = Object.hasOwn(labels, ENFORCE_LABEL) ? labels[ENFORCE_LABEL] : "privileged";
  return level === "privileged" || level === "baseline" ? level : "restricted";
}
