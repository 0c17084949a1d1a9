import type { EnvVar, JsonObject, Pod, Volume } from "../../kubernetes/pod.ts";
import { sparkContainerIndex } from "../container.ts";
import { LOCAL_DIRS_VARIABLE, variableOf } from "../local-dirs.ts";
import type { ConfReader } from "./conf-reader.ts";
import { javaOptions } from "./executor-java-options.ts";
import { EXECUTOR_HADOOP_MAP_KEY, hadoopConf } from "./hadoop-conf.ts";
import { executorMemory } from "./memory.ts";
import { resourceNamePrefix, UNIQUE_ID, USER, UUID } from "./placeholders.ts";
import {
  CONF_DIR,
  containerOf,
  fieldVariable,
  metadataOf,
  plainVariables,
  secretVariables,
  specOf,
  type Identity,
} from "./pod-parts.ts";
import { readTemplate } from "./pod-template.ts";
import { isSince } from "../spark-version.ts";
import type { Language } from "./submission.ts";
import {
  isWithoutLocalDirs,
  localDirs,
  NO_LOCAL_DIRS,
  secretVolumes,
  userVolumes,
  type Mounted,
} from "./volumes.ts";

/** What an executor Pod is made of, beside the conf that its driver reads. */
export interface ExecutorInput extends Identity {
  /** The Pod that builds it, as it came out of admission. */
  readonly driver: Pod;
  readonly language: Language;
  readonly template: unknown;
}

/** Of the first executor. */
const ID = "1";

const LONGEST_HOSTNAME = 63;

/** Explicit, for plugins that resize executors while they run. */
const RESIZE_POLICY = ["cpu", "memory"].map((resourceName) => ({
  ...{ resourceName, restartPolicy: "NotRequired" },
}));

/** Known to nobody before the driver runs. */
const DRIVER_IP = "0.0.0.0";

/**
 * The first Pod that the driver creates for its executors, step by step in the order of KubernetesExecutorBuilder. Code of the
 * application that changes the conf is not seen; its name is that of the conf.
 */
export function executorPod(conf: ConfReader, input: ExecutorInput): Pod & JsonObject {
  const { appId } = input;
  const template = readTemplate(conf, "executor", input.template);
  const { spec, sidecars } = template;
  const prefix =
    conf.text("spark.kubernetes.executor.podNamePrefix") ??
    resourceNamePrefix(conf.entries.get("spark.app.name") ?? "spark");
  const name = `${prefix}-exec-${ID}`;
  const memory = executorMemory(conf, input);
  const container = containerOf(conf, template.container, {
    ...{ role: "executor", version: input.version, memoryMiB: memory.total },
  });
  const secrets = secretVolumes(conf, "executor");
  const user = userVolumes(conf, { role: "executor", claimPrefix: name, executorId: ID });
  const ownConf = confVolume(conf);
  const hadoop = hadoopConf(conf.text(EXECUTOR_HADOOP_MAP_KEY));
  const before = [
    ...(container.volumeMounts ?? []),
    ...ownConf.mounts,
    ...secrets.mounts,
    ...user.mounts,
    ...hadoop.mounts,
  ];
  const local = isWithoutLocalDirs(conf, "executor", input.version)
    ? NO_LOCAL_DIRS
    : localDirs(conf, before, inheritedDirs(input.driver, conf));
  const volumes: readonly Volume[] = [
    ...[...(spec.volumes ?? []), ...ownConf.volumes, ...secrets.volumes],
    ...[...user.volumes, ...hadoop.volumes, ...local.volumes],
  ];
  const executor = {
    ...container,
    args: [...(container.args ?? []), "executor"],
    ports: portsOf(conf),
    env: [
      ...(container.env ?? []),
      ...environment(conf, input, memory.heap),
      ...hadoop.variables,
      ...(local.paths.length === 0
        ? []
        : [{ name: LOCAL_DIRS_VARIABLE, value: local.paths.join(",") }]),
    ],
    volumeMounts: [...before, ...local.mounts],
    ...(isSince(input.version, "4.2") && { resizePolicy: RESIZE_POLICY }),
    ...(conf.isTrue("spark.decommission.enabled") && {
      lifecycle: { preStop: { exec: { command: [decommissionScript(conf)] } } },
    }),
  };
  const owner = {
    ...{ apiVersion: "v1", kind: "Pod", name: input.driver.metadata?.name, controller: true },
  };
  const labels = { "spark-exec-id": ID, "spark-exec-resourceprofile-id": "0" };
  const metadata = metadataOf(
    conf,
    { ...input, role: "executor", name, labels, executorId: ID, appId },
    template.metadata,
  );
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadata,
      ownerReferences: [...(metadata.ownerReferences ?? []), owner],
    },
    spec: {
      ...specOf(conf, "executor", spec),
      ...(isSince(input.version, "4.1") && { terminationGracePeriodSeconds: graceOf(conf) }),
      ...{ hostname: hostnameOf(name), containers: [...sidecars, executor], volumes },
    },
  };
}

function confVolume(conf: ConfReader): Mounted {
  if (conf.isTrue("spark.kubernetes.executor.disableConfigMap")) return { volumes: [], mounts: [] };
  const name = "spark-conf-volume-exec";
  return {
    volumes: [{ name, configMap: { name: `spark-exec-${UNIQUE_ID}-conf-map` } }],
    mounts: [{ name, mountPath: CONF_DIR }],
  };
}

function portsOf(conf: ConfReader) {
  const containerPort = conf.int("spark.blockManager.port") ?? 7079;
  return containerPort === 0 ? [] : [{ name: "blockmanager", containerPort, protocol: "TCP" }];
}

function hostnameOf(name: string): string {
  return name
    .slice(-LONGEST_HOSTNAME)
    .replace(/^\W+/, "")
    .replaceAll(/[^\w-]+/g, "_");
}

/** Also over what the template says. */
function graceOf(conf: ConfReader): number {
  return conf.seconds("spark.kubernetes.executor.terminationGracePeriodSeconds") ?? 30;
}

function decommissionScript(conf: ConfReader): string {
  return conf.text("spark.kubernetes.decommission.script") ?? "/opt/decom.sh";
}

/** The driver's environment comes before the conf: its executors have the paths that it has. */
function inheritedDirs(driver: Pod, conf: ConfReader): readonly string[] {
  const index = sparkContainerIndex(driver, "driver") ?? -1;
  const container = driver.spec?.containers?.[index];
  const found = container && variableOf(container, LOCAL_DIRS_VARIABLE)?.variable.value;
  const paths = found ?? conf.text("spark.local.dir") ?? `/var/data/spark-${UUID}`;
  return paths.split(",");
}

function environment(conf: ConfReader, input: ExecutorInput, heap: number): readonly EnvVar[] {
  const byAddress =
    isSince(input.version, "4.1") &&
    (conf.boolean("spark.kubernetes.executor.useDriverPodIP") ?? isSince(input.version, "4.3"));
  const host = byAddress ? DRIVER_IP : (conf.text("spark.driver.host") ?? "");
  const port = conf.int("spark.driver.port") ?? 7078;
  const classPath = conf.text("spark.executor.extraClassPath");
  return plainVariables([
    ["SPARK_USER", USER],
    ["SPARK_DRIVER_URL", `spark://CoarseGrainedScheduler@${host}:${port}`],
    ["SPARK_EXECUTOR_CORES", String(conf.int("spark.executor.cores") ?? 1)],
    ["SPARK_EXECUTOR_MEMORY", `${heap}m`],
    ["SPARK_APPLICATION_ID", input.appId],
    ["SPARK_CONF_DIR", CONF_DIR],
    ["SPARK_EXECUTOR_ID", ID],
    ["SPARK_RESOURCE_PROFILE_ID", "0"],
    ...conf.withPrefix("spark.executorEnv."),
    // The image's entrypoint adds it as --conf.
    ["SPARK_DRIVER_POD_IP", DRIVER_IP],
    ...(conf.isTrue("spark.authenticate") ? ([["_SPARK_AUTH_SECRET", "scrubbed"]] as const) : []),
    ...(classPath === undefined ? [] : ([["SPARK_CLASSPATH", classPath]] as const)),
    ...javaOptions(conf, input).map((option, at) => [`SPARK_JAVA_OPT_${at}`, option] as const),
  ]).concat(
    fieldVariable("SPARK_EXECUTOR_POD_IP", "status.podIP"),
    fieldVariable("SPARK_EXECUTOR_POD_NAME", "metadata.name"),
    secretVariables(conf, "executor"),
  );
}
