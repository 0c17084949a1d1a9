import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isConfigMap, type ConfigMap } from "../kubernetes/config-map.ts";
import { applicationOfConf } from "./application.ts";
import { displayName } from "./pod-subject.ts";
import { parseProperties } from "./properties.ts";
import { SparkConf } from "./spark-conf.ts";
import type { ConfSubject, Recognition, Stage } from "./subject.ts";

/** The key of a driver's ConfigMap under which its conf is (Spark's Constants.SPARK_CONF_FILE_NAME). */
export const PROPERTIES_KEY = "spark.properties";

/**
 * Names of the ConfigMaps that carry a driver's conf: of spark-submit and Kubeflow's operator
 * (`spark-drv-HEX-conf-map`, KubernetesClientUtils.configMapNameDriver), of Apache's operator (`APP-ATTEMPT-spark-drv-conf-map`).
 */
const NAME = /^spark-drv-.*-conf-map$|-spark-drv-conf-map$/;

/** Labels that Spark itself gives its Pods; those of the conf cannot change them (Constants.scala). */
const LABEL_PREFIX = {
  driver: "spark.kubernetes.driver.label.",
  executor: "spark.kubernetes.executor.label.",
} as const;

/** Tells whether an admitted ConfigMap carries a driver's conf, and what it says of drivers and executors. Never throws. */
export function recognizeConfigMap(admitted: AdmittedObject, stage: Stage): Recognition {
  const { object } = admitted;
  if (!isConfigMap(object)) return { kind: "skipped", reason: "not-a-conf" };
  const text = propertiesOf(object);
  if (text === undefined || !NAME.test(object.metadata?.name ?? "")) {
    return { kind: "skipped", reason: "not-a-conf" };
  }
  const properties = parseProperties(text);
  // The driver cannot read it either, and ends before it does anything.
  if (properties.kind === "malformed") return { kind: "skipped", reason: "unreadable-conf" };
  const conf = SparkConf.ofProperties(properties.entries, PROPERTIES_KEY);
  const facet = (role: "driver" | "executor"): ConfSubject => ({
    surface: "driver-conf",
    role,
    namespace: admitted.namespace,
    name: displayName(object.metadata),
    application: applicationOfConf(conf),
    stage,
    labels: labelsOf(conf, role),
    user: admitted.user,
    conf,
    object,
  });
  return { kind: "conf", facets: [facet("driver"), facet("executor")] };
}

/** The text of a driver's conf; undefined where the map has none. */
export function propertiesOf({ data }: ConfigMap): string | undefined {
  return data != null && Object.hasOwn(data, PROPERTIES_KEY) ? data[PROPERTIES_KEY] : undefined;
}

function labelsOf(conf: SparkConf, role: "driver" | "executor"): Readonly<Record<string, string>> {
  const prefix = LABEL_PREFIX[role];
  const labels = new Map<string, string>();
  for (const key of conf.keys()) {
    if (key.startsWith(prefix)) labels.set(key.slice(prefix.length), conf.raw(key) ?? "");
  }
  const { id, name } = applicationOfConf(conf);
  labels.set("spark-role", role);
  if (id !== undefined) labels.set("spark-app-selector", id);
  if (name !== undefined) labels.set("spark-app-name", name);
  return Object.fromEntries(labels);
}
