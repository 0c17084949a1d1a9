import type { Pod, StringMap } from "../kubernetes/pod.ts";
import { ROLE_LABEL } from "./role.ts";
import type { SparkConf } from "./spark-conf.ts";

/** Which Spark application an object belongs to. Every part may be missing: of a Pod nothing but labels says it. */
export interface Application {
  /** `spark.app.id`: the same on the driver and all its executors. The only key to join them by. */
  readonly id: string | undefined;
  /**
   * `spark.app.name`, sanitised. A driver has the name given to spark-submit, its executors the one that
   * the code chose at run time, so they may differ.
   */
  readonly name: string | undefined;
  /** The SparkApplication's name, on Pods of Kubeflow's operator: the same for a retry, which has another id. */
  readonly operatorApp: string | undefined;
}

/** On the driver and all its executors. */
export const APPLICATION_ID_LABEL = "spark-app-selector";
const NAME_LABEL = "spark-app-name";
/** On driver and executors alike (kubeflow/spark-operator pkg/common LabelSparkAppName). */
export const OPERATOR_APP_LABEL = "sparkoperator.k8s.io/app-name";

/** Reads the application's identity from a Pod's labels. */
export function applicationOf(pod: Pod): Application {
  const labels = pod.metadata?.labels ?? {};
  const own = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return {
    id: own(APPLICATION_ID_LABEL),
    name: own(NAME_LABEL),
    operatorApp: own(OPERATOR_APP_LABEL),
  };
}

/** Reads the application's identity from its conf, as the labels of its driver will say it. */
export function applicationOfConf(conf: SparkConf): Application {
  const name = conf.text("spark.app.name");
  return {
    id: conf.text("spark.app.id"),
    name: name === undefined ? undefined : nameLabelOf(name),
    operatorApp: conf.text(`spark.kubernetes.driver.label.${OPERATOR_APP_LABEL}`),
  };
}

const LABEL_PREFIX = {
  driver: "spark.kubernetes.driver.label.",
  executor: "spark.kubernetes.executor.label.",
} as const;

/** The labels that the Pods of a role will have: those of the conf cannot change Spark's own (Constants.scala). */
export function podLabelsOfConf(
  conf: SparkConf,
  role: "driver" | "executor",
  { id, name }: Application,
): StringMap {
  const prefix = LABEL_PREFIX[role];
  const labels = new Map<string, string>();
  for (const key of conf.keys()) {
    if (key.startsWith(prefix)) labels.set(key.slice(prefix.length), conf.raw(key) ?? "");
  }
  labels.set(ROLE_LABEL, role);
  if (id !== undefined) labels.set(APPLICATION_ID_LABEL, id);
  if (name !== undefined) labels.set(NAME_LABEL, name);
  return Object.fromEntries(labels);
}

/** DNS labels are no longer. */
const LONGEST_LABEL = 63;

/** The label that Spark makes of an application's name (KubernetesConf.getAppNameLabel). */
export function nameLabelOf(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, "-")
    .replaceAll(/-+/g, "-")
    .slice(0, LONGEST_LABEL)
    .replace(/^-/, "")
    .replace(/-$/, "");
}
