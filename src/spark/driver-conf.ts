import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isConfigMap, type ConfigMap } from "../kubernetes/config-map.ts";
import { applicationOfConf, podLabelsOfConf } from "./application.ts";
import { CARRIED_KEY, OWN } from "./carried.ts";
import { SUBMITTED } from "./conf-place.ts";
import { hasHiddenMetadata, podMetadata } from "./pod-metadata.ts";
import { displayName } from "./pod-subject.ts";
import { isBehindAddition, parseProperties } from "./properties.ts";
import { MOST_KEYS, SparkConf } from "./spark-conf.ts";
import type { DriverConfSubject, Recognition, Stage } from "./subject.ts";

/** The key of a driver's ConfigMap under which its conf is (Spark's Constants.SPARK_CONF_FILE_NAME). */
export const PROPERTIES_KEY = "spark.properties";

/**
 * Names of the ConfigMaps that carry a driver's conf: of spark-submit and Kubeflow's operator
 * (`spark-drv-HEX-conf-map`, KubernetesClientUtils.configMapNameDriver), of Apache's operator (`APP-ATTEMPT-spark-drv-conf-map`).
 */
const NAME = /^spark-drv-.*-conf-map$|-spark-drv-conf-map$/;

/** Bytes of all data of a ConfigMap (Kubernetes' validation.ValidateConfigMap); webhooks are asked before that is looked at. */
const LARGEST = 1024 * 1024;

/** Tells whether an admitted ConfigMap carries a driver's conf, and what it says of drivers and executors. Never throws. */
export function recognizeConfigMap(admitted: AdmittedObject, stage: Stage): Recognition {
  const { object } = admitted;
  if (!isConfigMap(object)) return { kind: "skipped", reason: "not-a-conf" };
  const text = propertiesOf(object);
  if (text === undefined || !NAME.test(object.metadata?.name ?? "")) {
    return { kind: "skipped", reason: "not-a-conf" };
  }
  const message = whyTooLarge(text);
  if (message !== undefined) {
    // Refused, not let go: who pads a conf is not to be judged less than who does not.
    const errors = [{ path: `data[${PROPERTIES_KEY}]`, message }];
    return { kind: "malformed", surface: "driver-conf", role: "driver", errors };
  }
  const properties = parseProperties(text);
  // The driver cannot read it either, and ends before it does anything.
  if (properties.kind === "malformed") return { kind: "skipped", reason: "unreadable-conf" };
  const carried = properties.entries.get(CARRIED_KEY);
  if (carried !== undefined && !isBehindAddition(text, carried.line)) {
    const path = `data[${PROPERTIES_KEY}]`;
    const errors = [{ path, message: `line ${carried.line} sets ${CARRIED_KEY}, ${OWN}` }];
    return { kind: "malformed", surface: "driver-conf", role: "driver", errors };
  }
  const conf = SparkConf.ofProperties(properties.entries, PROPERTIES_KEY);
  const application = applicationOfConf(conf);
  const facet = (role: "driver" | "executor"): DriverConfSubject => ({
    surface: "driver-conf",
    role,
    namespace: admitted.namespace,
    name: displayName(object.metadata),
    application,
    stage,
    labels: podLabelsOfConf(conf, role, application),
    user: admitted.user,
    conf,
    place: SUBMITTED,
    podMetadata: podMetadata({ confOf: role, isOpen: hasHiddenMetadata(conf, role) }, SUBMITTED),
    object,
  });
  return { kind: "conf", facets: [facet("driver"), facet("executor")] };
}

function whyTooLarge(text: string): string | undefined {
  if (text.length > LARGEST) return "has more than 1 MiB, which no ConfigMap may have";
  const lines = countOf(text, "\n") + countOf(text, "\r");
  return lines > MOST_KEYS ? `has ${lines} lines, at most ${MOST_KEYS} are read` : undefined;
}

function countOf(text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count++;
  return count;
}

/** The text of a driver's conf; undefined where the map has none. */
export function propertiesOf({ data }: ConfigMap): string | undefined {
  return data != null && Object.hasOwn(data, PROPERTIES_KEY) ? data[PROPERTIES_KEY] : undefined;
}
