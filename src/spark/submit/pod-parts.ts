import type {
  Container,
  EnvVar,
  ObjectMeta,
  PodSpec,
  ResourceRequirements,
} from "../../kubernetes/pod.ts";
import { nameLabelOf } from "../application.ts";
import type { ConfReader } from "./conf-reader.ts";
import { memoryQuantity } from "./memory.ts";
import { RefusedSubmission } from "./refused-submission.ts";
import { isSince } from "../spark-version.ts";
import { listOf } from "./resource-uri.ts";

type Role = "driver" | "executor";

/** Where Spark mounts its conf (Constants.SPARK_CONF_DIR_INTERNAL). */
export const CONF_DIR = "/opt/spark/conf";

/** What is known of the application that a Pod belongs to. */
export interface Identity {
  /** Of Spark, for the label `spark-version`. */
  readonly version: string;
  readonly appId: string;
  readonly namespace: string;
}

export interface PodIdentity extends Identity {
  readonly role: Role;
  readonly name: string;
  /** Labels of Spark's own that only this role has. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly executorId?: string;
}

/** KubernetesConf.labels and annotations; those of the conf cannot be Spark's own. */
export function metadataOf(conf: ConfReader, pod: PodIdentity, template: ObjectMeta): ObjectMeta {
  const { role, version, appId } = pod;
  const labels = {
    "spark-version": version,
    "spark-app-selector": appId,
    "spark-app-name": nameLabelOf(conf.entries.get("spark.app.name") ?? "spark"),
    "spark-role": role,
    ...pod.labels,
  };
  const prefix = `spark.kubernetes.${role}.label.`;
  const own = conf.withPrefix(prefix);
  const taken = own.find(([key]) => Object.hasOwn(labels, key));
  if (taken !== undefined) {
    throw new RefusedSubmission(`${prefix}${taken[0]}: this label is Spark's own`);
  }
  const substituted = ([key, value]: readonly [string, string]) => [
    key,
    value.replaceAll("{{APP_ID}}", appId).replaceAll("{{EXECUTOR_ID}}", pod.executorId ?? ""),
  ];
  const inLabels = isSince(version, "4.0") ? substituted : (entry: readonly string[]) => entry;
  const annotations = conf.withPrefix(`spark.kubernetes.${role}.annotation.`).map(substituted);
  const ownLabels = own.map((entry) => inLabels(entry));
  const allAnnotations = { ...template.annotations, ...entriesOf(annotations) };
  return {
    ...template,
    name: pod.name,
    namespace: pod.namespace,
    labels: { ...template.labels, ...entriesOf(ownLabels), ...labels },
    ...(Object.keys(allAnnotations).length > 0 && { annotations: allAnnotations }),
  };
}

function entriesOf(entries: readonly (readonly string[])[]): Readonly<Record<string, string>> {
  return Object.fromEntries(entries) as Record<string, string>;
}

/** What Basic{Driver,Executor}FeatureStep and the credentials' steps say of a Pod. */
export function specOf(conf: ConfReader, role: Role, template: PodSpec): PodSpec {
  const nodeSelector = {
    ...template.nodeSelector,
    ...Object.fromEntries(conf.withPrefix("spark.kubernetes.node.selector.")),
    ...Object.fromEntries(conf.withPrefix(`spark.kubernetes.${role}.node.selector.`)),
  };
  const imagePullSecrets = listOf(conf.text("spark.kubernetes.container.image.pullSecrets")).map(
    (name) => ({ name }),
  );
  const schedulerName =
    conf.text(`spark.kubernetes.${role}.scheduler.name`) ??
    conf.text("spark.kubernetes.scheduler.name");
  const account = serviceAccountOf(conf, role, template);
  return {
    ...template,
    restartPolicy: "Never",
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
    ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
    ...(schedulerName !== undefined && { schedulerName }),
    ...(account !== undefined && { serviceAccount: account, serviceAccountName: account }),
  };
}

/** An executor's template wins, a driver's does not; credentials of the submitter's stand in for a driver's account. */
function serviceAccountOf(conf: ConfReader, role: Role, template: PodSpec): string | undefined {
  const key = (of: Role) => `spark.kubernetes.authenticate.${of}.serviceAccountName`;
  const ofDriver = conf.text(key("driver"));
  if (role === "driver") return hasCredentials(conf) ? undefined : ofDriver;
  const own = (template as { readonly serviceAccount?: string }).serviceAccount;
  return own === undefined ? (conf.text(key("executor")) ?? ofDriver) : undefined;
}

/** Whether spark-submit makes a Secret of credentials for the driver (DriverKubernetesCredentialsFeatureStep). */
export function hasCredentials(conf: ConfReader): boolean {
  return ["oauthToken", "caCertFile", "clientKeyFile", "clientCertFile"].some((what) =>
    conf.has(`spark.kubernetes.authenticate.driver.${what}`),
  );
}

interface ContainerInput {
  readonly role: Role;
  readonly version: string;
  readonly memoryMiB: number;
}

/** The Spark container's name, image and what it asks for. */
export function containerOf(
  conf: ConfReader,
  template: Container | undefined,
  { role, version, memoryMiB }: ContainerInput,
): Container {
  const key = `spark.kubernetes.${role}.container.image`;
  const image = conf.text(key) ?? conf.text("spark.kubernetes.container.image");
  if (image === undefined) {
    throw new RefusedSubmission(`spark.kubernetes.container.image: must be set, or ${key}`);
  }
  return {
    ...template,
    name: template?.name ?? `spark-kubernetes-${role}`,
    image,
    imagePullPolicy: conf.text("spark.kubernetes.container.image.pullPolicy") ?? "IfNotPresent",
    resources: resourcesOf(conf, role, memoryMiB, template?.resources ?? {}),
    ...(isSince(version, "4.3") && {
      securityContext: {
        ...template?.securityContext,
        allowPrivilegeEscalation: mayEscalate(conf, role),
      },
    }),
  } as Container;
}

function resourcesOf(
  conf: ConfReader,
  role: Role,
  memoryMiB: number,
  { requests, limits, ...others }: ResourceRequirements,
): ResourceRequirements {
  const cpu =
    conf.text(`spark.kubernetes.${role}.request.cores`) ??
    String(conf.int(`spark.${role}.cores`) ?? 1);
  const limit = conf.text(`spark.kubernetes.${role}.limit.cores`);
  const memory = memoryQuantity(memoryMiB);
  return {
    ...others,
    requests: { ...requests, cpu, memory },
    limits: {
      ...limits,
      ...(limit !== undefined && { cpu: limit }),
      memory,
      ...devicesOf(conf, role),
    },
  };
}

function mayEscalate(conf: ConfReader, role: Role): boolean {
  const key = "securityContext.allowPrivilegeEscalation";
  const own = conf.boolean(`spark.kubernetes.${role}.${key}`);
  return own ?? conf.isTrue(`spark.kubernetes.${key}`);
}

/** `spark.ROLE.resource.gpu.amount` and `.vendor` (KubernetesUtils.buildResourcesQuantities). */
function devicesOf(conf: ConfReader, role: Role): Readonly<Record<string, string>> {
  const prefix = `spark.${role}.resource.`;
  const devices: Record<string, string> = {};
  for (const [key, amount] of conf.withPrefix(prefix)) {
    if (!key.endsWith(".amount")) continue;
    const device = key.slice(0, -".amount".length);
    const vendor = conf.text(`${prefix}${device}.vendor`);
    if (vendor === undefined) throw new RefusedSubmission(`${prefix}${device}.vendor: is missing`);
    devices[`${vendor}/${device}`] = amount;
  }
  return devices;
}

/** `spark.kubernetes.ROLE.secretKeyRef.VARIABLE=NAME:KEY` (EnvSecretsFeatureStep). */
export function secretVariables(conf: ConfReader, role: Role): readonly EnvVar[] {
  const prefix = `spark.kubernetes.${role}.secretKeyRef.`;
  return conf.withPrefix(prefix).map(([name, reference]) => {
    const [secret, key, ...more] = reference.split(":");
    if (secret === undefined || key === undefined || more.length > 0) {
      throw new RefusedSubmission(`${prefix}${name}: must be NAME:KEY of a Secret`);
    }
    return { name, valueFrom: { secretKeyRef: { name: secret, key } } };
  });
}

export function fieldVariable(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } };
}

export function plainVariables(
  entries: readonly (readonly [name: string, value: string])[],
): readonly EnvVar[] {
  return entries.map(([name, value]) => ({ name, value }));
}
