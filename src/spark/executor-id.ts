import type { Maybe, Pod } from "../kubernetes/pod.ts";

/** Spark numbers its executors so, from 1. */
export const EXECUTOR_ID_LABEL = "spark-exec-id";
const POD_INDEX_LABEL = "apps.kubernetes.io/pod-index";
/** The StatefulSet and Deployment allocators label every Pod so, and number it after it was admitted (StatefulSetPodsAllocator). */
const UNASSIGNED = "EXECID";

/**
 * The number of an executor within its application, counted from 1, or undefined when the Pod does not
 * say one. A StatefulSet's ordinal counts from 0, so ordinal + 1 stands in; a Deployment's Pod has none.
 */
export function executorIdOf(pod: Pod): number | undefined {
  const labels = pod.metadata?.labels;
  const id = ownValue(labels, EXECUTOR_ID_LABEL);
  if (id !== UNASSIGNED) return wholeNumber(id, 1);
  const ordinal = wholeNumber(ownValue(labels, POD_INDEX_LABEL), 0);
  return ordinal === undefined ? undefined : ordinal + 1;
}

function ownValue(labels: Maybe<Readonly<Record<string, string>>>, key: string) {
  return labels != null && Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function wholeNumber(text: string | undefined, least: number): number | undefined {
  // Spark and Kubernetes count with 32 bits; beyond that no arithmetic on shares would be exact.
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least ? value : undefined;
}
