import { entriesAt, itemsAt, valueAt } from "../kubernetes/json.ts";
import { OPERATOR_APP_LABEL } from "./application.ts";
import { ConfFields, type FieldKey, textOf } from "./conf-fields.ts";
import type { SparkConf } from "./spark-conf.ts";

/*
 * Kubeflow's operator makes arguments of spark-submit of a SparkApplication
 * (internal/controller/sparkapplication/submission.go, buildSparkSubmitArgs). Of arguments that give a key twice the last
 * one counts, so the order of the steps below is the operator's: what the fields below `sparkConf` say wins over it.
 */

type PodRole = "driver" | "executor";

/** Before `sparkConf`, which wins over them. */
const BEFORE: readonly FieldKey[] = [
  ["image", "spark.kubernetes.container.image"],
  ["imagePullPolicy", "spark.kubernetes.container.image.pullPolicy"],
  ["pythonVersion", "spark.kubernetes.pyspark.pythonVersion"],
  ["memoryOverheadFactor", "spark.kubernetes.memoryOverheadFactor"],
];

const PULL_SECRETS: readonly FieldKey[] = [
  ["imagePullSecrets", "spark.kubernetes.container.image.pullSecrets"],
];

/** Options of their own, such as `--packages`: SparkSubmitArguments takes the conf only where there is none. */
const DEPENDENCIES: readonly FieldKey[] = [
  ["deps.jars", "spark.jars"],
  ["deps.packages", "spark.jars.packages"],
  ["deps.excludePackages", "spark.jars.excludes"],
  ["deps.repositories", "spark.jars.repositories"],
  ["deps.pyFiles", "spark.submit.pyFiles"],
  ["deps.files", "spark.files"],
  ["deps.archives", "spark.archives"],
];

const OF_ROLE: Readonly<Record<PodRole, readonly FieldKey[]>> = {
  driver: [
    ["image", "spark.kubernetes.driver.container.image"],
    ["cores", "spark.driver.cores"],
    ["coreRequest", "spark.kubernetes.driver.request.cores"],
    ["coreLimit", "spark.kubernetes.driver.limit.cores"],
    ["memory", "spark.driver.memory"],
    ["memoryOverhead", "spark.driver.memoryOverhead"],
    ["serviceAccount", "spark.kubernetes.authenticate.driver.serviceAccountName"],
    ["javaOptions", "spark.driver.extraJavaOptions"],
    ["kubernetesMaster", "spark.kubernetes.driver.master"],
  ],
  executor: [
    ["image", "spark.kubernetes.executor.container.image"],
    ["instances", "spark.executor.instances"],
    ["cores", "spark.executor.cores"],
    ["coreRequest", "spark.kubernetes.executor.request.cores"],
    ["coreLimit", "spark.kubernetes.executor.limit.cores"],
    ["memory", "spark.executor.memory"],
    ["memoryOverhead", "spark.executor.memoryOverhead"],
    ["serviceAccount", "spark.kubernetes.authenticate.executor.serviceAccountName"],
    ["deleteOnTermination", "spark.kubernetes.executor.deleteOnTermination"],
    ["javaOptions", "spark.executor.extraJavaOptions"],
  ],
};

const ENVIRONMENT: Readonly<Record<PodRole, string>> = {
  driver: "spark.kubernetes.driverEnv.",
  executor: "spark.executorEnv.",
};

const ROLES: readonly PodRole[] = ["driver", "executor"];

const TRACKING = "spark.dynamicAllocation.shuffleTracking.enabled";

const DYNAMIC_ALLOCATION: readonly FieldKey[] = [
  ["initialExecutors", "spark.dynamicAllocation.initialExecutors"],
  ["minExecutors", "spark.dynamicAllocation.minExecutors"],
  ["maxExecutors", "spark.dynamicAllocation.maxExecutors"],
  ["shuffleTrackingEnabled", TRACKING],
  ["shuffleTrackingTimeout", "spark.dynamicAllocation.shuffleTracking.timeout"],
];

/** The operator copies all other labels of the object onto its Pods (kubeflow/spark-operator#2714). */
const KUEUE_PREFIX = "kueue.x-k8s.io/";

/** Where in an object the operator finds what it makes the conf of. */
export interface KubeflowPlace {
  readonly spec: unknown;
  /** The field of the spec, such as `spec.template`. */
  readonly at: string;
  readonly object: unknown;
}

/**
 * The conf that the operator makes of a spec.
 * @param name of the SparkApplication; undefined where that is not known yet
 */
export function kubeflowConf(place: KubeflowPlace, name: string | undefined): SparkConf {
  const { spec, at, object } = place;
  const fields = new ConfFields();
  if (name !== undefined) fields.set("spark.app.name", name, "metadata.name");
  fields.lists(spec, at, DEPENDENCIES);
  resourceType(fields, place);
  fields.set(
    "spark.kubernetes.namespace",
    valueAt(object, "metadata", "namespace"),
    "metadata.namespace",
  );
  fields.fields(spec, at, BEFORE);
  fields.lists(spec, at, PULL_SECRETS);
  sparkConf(fields, place);
  fields.map(spec, at, "hadoopConf", "spark.hadoop.");
  for (const role of ROLES) ofRole(fields, place, role, name);
  fields.map(spec, at, "nodeSelector", "spark.kubernetes.node.selector.");
  dynamicAllocation(fields, place);
  return fields.done();
}

/** By the file's name, as SparkSubmit does (SparkSubmit.isPython, isR), whatever `type` says. */
function resourceType(fields: ConfFields, { spec, at }: KubeflowPlace): void {
  const file = valueAt(spec, "mainApplicationFile");
  if (typeof file !== "string") return;
  const ending = /\.(py|r)$/i.exec(file)?.[1]?.toLowerCase() ?? "";
  const type = ending === "py" ? "python" : ending === "r" ? "r" : "java";
  fields.set("spark.kubernetes.resource.type", type, `${at}.mainApplicationFile`);
}

/** The keys that are said as such. The name of the driver's Pod is the operator's own, as is that of the application. */
export function sparkConf(fields: ConfFields, { spec, at }: KubeflowPlace): void {
  for (const [key, value] of entriesAt(spec, "sparkConf")) {
    if (OPERATORS_OWN.has(key)) continue;
    fields.set(key, value, `${at}.sparkConf[${key}]`);
  }
}

const OPERATORS_OWN: ReadonlySet<string> = new Set([
  "spark.app.name",
  "spark.kubernetes.driver.pod.name",
]);

function ofRole(
  fields: ConfFields,
  { spec, at, object }: KubeflowPlace,
  role: PodRole,
  name: string | undefined,
): void {
  const own = valueAt(spec, role);
  const path = `${at}.${role}`;
  const labels = `spark.kubernetes.${role}.label.`;
  if (name !== undefined) fields.set(labels + OPERATOR_APP_LABEL, name, "metadata.name");
  // In place of the role's own, also where `sparkConf` names one.
  fields.fields(spec, at, [["image", `spark.kubernetes.${role}.container.image`]]);
  fields.fields(own, path, OF_ROLE[role]);
  applicationLabels(fields, object, labels);
  fields.map(own, path, "labels", labels);
  fields.map(own, path, "annotations", `spark.kubernetes.${role}.annotation.`);
  fields.map(own, path, "envVars", ENVIRONMENT[role]);
  for (const [key, reference] of entriesAt(own, "envSecretKeyRefs")) {
    const [secret, entry] = ["name", "key"].map((part) => textOf(valueAt(reference, part)) ?? "");
    const where = `${path}.envSecretKeyRefs[${key}]`;
    fields.set(`spark.kubernetes.${role}.secretKeyRef.${key}`, `${secret}:${entry}`, where);
  }
  itemsAt(own, "secrets").forEach((secret, index) => {
    const key = textOf(valueAt(secret, "name"));
    if (key === undefined) return;
    const where = `${path}.secrets[${index}].path`;
    fields.set(`spark.kubernetes.${role}.secrets.${key}`, valueAt(secret, "path"), where);
  });
}

/** Labels of the object, which its Pods get too. */
export function applicationLabels(fields: ConfFields, object: unknown, prefix: string): void {
  for (const [key, value] of entriesAt(object, "metadata", "labels")) {
    if (key.startsWith(KUEUE_PREFIX)) continue;
    fields.set(prefix + key, value, `metadata.labels[${key}]`);
  }
}

/** Tracking is on unless it is turned off, whatever `sparkConf` says of it. */
export function dynamicAllocation(fields: ConfFields, { spec, at }: KubeflowPlace): void {
  const own = valueAt(spec, "dynamicAllocation");
  if (valueAt(own, "enabled") !== true) return;
  const path = `${at}.dynamicAllocation`;
  fields.set("spark.dynamicAllocation.enabled", true, `${path}.enabled`);
  fields.set(TRACKING, true, `${path}.shuffleTrackingEnabled`);
  fields.fields(own, path, DYNAMIC_ALLOCATION);
}
