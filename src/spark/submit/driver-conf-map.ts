import type { JsonObject } from "../../kubernetes/pod.ts";
import { PROPERTIES_KEY } from "../driver-conf.ts";
import { writeProperties } from "../properties.ts";
import type { ConfReader } from "./conf-reader.ts";
import { CONF_MAP_NAME, TEMPLATE_DIR, TEMPLATE_FILE, type DriverInput } from "./driver-pod.ts";
import { EXECUTOR_HADOOP_MAP_KEY, HADOOP_MAP_KEY } from "./hadoop-conf.ts";
import { factorText } from "./memory.ts";
import { UNIQUE_ID } from "./placeholders.ts";
import { RefusedSubmission } from "./refused-submission.ts";
import { templateKey } from "./pod-template.ts";
import { isOfSubmitter, listOf, uploaded } from "./resource-uri.ts";

/** Names of Services are no longer (KUBERNETES_DNS_LABEL_NAME_MAX_LENGTH). */
const LONGEST_SERVICE = 63;

/** In place of tokens (DriverKubernetesCredentialsFeatureStep). */
const REDACTED = "<present_but_redacted>";

const CREDENTIALS_DIR = "/mnt/secrets/spark-kubernetes-credentials";

/** Credentials of the submitter's: the key's end, that of where the driver finds it, and the file's name there. */
const CREDENTIALS: readonly (readonly [given: string, mounted: string, file: string])[] = [
  ["oauthToken", "oauthTokenFile", "oauth-token"],
  ["caCertFile", "caCertFile", "ca-cert"],
  ["clientKeyFile", "clientKeyFile", "client-key"],
  ["clientCertFile", "clientCertFile", "client-cert"],
];

/** The conf that the driver reads: the submission's, and what the steps add (getAdditionalPodSystemProperties). */
export function driverConf(conf: ConfReader, input: DriverInput): ReadonlyMap<string, string> {
  for (const key of ["spark.driver.bindAddress", "spark.driver.host"]) {
    if (conf.has(key)) throw new RefusedSubmission(`${key}: Spark on Kubernetes sets it itself`);
  }
  const all = new Map(conf.entries);
  for (const key of all.keys()) if (key.endsWith("oauthToken")) all.set(key, REDACTED);
  const service = `${input.prefix}-driver-svc`;
  const host = service.length <= LONGEST_SERVICE ? service : `spark-${UNIQUE_ID}-driver-svc`;
  const { language } = input.submission;
  const added: [string, string][] = [
    ["spark.kubernetes.driver.pod.name", input.name],
    ["spark.app.id", input.appId],
    ["spark.kubernetes.submitInDriver", "true"],
    ["spark.kubernetes.memoryOverheadFactor", factorText(input.factor)],
    ["spark.kubernetes.resource.type", language],
    ["spark.driver.host", `${host}.${input.namespace}.svc`],
    ["spark.driver.port", String(conf.int("spark.driver.port") ?? 7078)],
    ["spark.driver.blockManager.port", String(conf.int("spark.driver.blockManager.port") ?? 7079)],
    ...uploads(conf),
    ...credentials(conf),
  ];
  const hadoop = conf.text(HADOOP_MAP_KEY);
  if (hadoop !== undefined) added.push([EXECUTOR_HADOOP_MAP_KEY, hadoop]);
  if (input.hasExecutorTemplate) {
    added.push([templateKey("executor"), `${TEMPLATE_DIR}/${TEMPLATE_FILE}`]);
  }
  for (const [key, value] of added) all.set(key, value);
  return all;
}

/** Of each list what is the submitter's is uploaded, and then stands in front of what is not. */
function uploads(conf: ConfReader): readonly [string, string][] {
  return ["spark.jars", "spark.files", "spark.archives", "spark.submit.pyFiles"].flatMap((key) => {
    const all = listOf(conf.entries.get(key));
    const local = all.filter(isOfSubmitter);
    if (local.length === 0) return [];
    const moved = local.map((uri) => uploaded(uri, conf.entries));
    const list = [...moved, ...all.filter((uri) => !isOfSubmitter(uri))];
    return [[key, list.join(",")] as [string, string]];
  });
}

function credentials(conf: ConfReader): readonly [string, string][] {
  return CREDENTIALS.flatMap(([given, mounted, file]): [string, string][] =>
    conf.has(`spark.kubernetes.authenticate.driver.${given}`)
      ? [[`spark.kubernetes.authenticate.driver.mounted.${mounted}`, `${CREDENTIALS_DIR}/${file}`]]
      : [],
  );
}

/** The ConfigMap that spark-submit applies behind the Pod (KubernetesClientUtils.buildConfigMap). */
export function driverConfMap(
  conf: ReadonlyMap<string, string>,
  { namespace, name }: DriverInput,
): JsonObject {
  const entries = [...conf].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: CONF_MAP_NAME,
      namespace,
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, controller: true }],
    },
    immutable: true,
    data: {
      "spark.kubernetes.namespace": namespace,
      [PROPERTIES_KEY]: `#Java properties built from Kubernetes config map with name: ${CONF_MAP_NAME}\n${writeProperties(entries)}`,
    },
  };
}
