import type { EnvVar, JsonObject, Pod, Volume, VolumeMount } from "../../kubernetes/pod.ts";
import { LOCAL_DIRS_VARIABLE } from "../local-dirs.ts";
import type { ConfReader } from "./conf-reader.ts";
import { hadoopConf, HADOOP_MAP_KEY } from "./hadoop-conf.ts";
import { driverMemory } from "./memory.ts";
import { UNIQUE_ID, USER, UUID } from "./placeholders.ts";
import {
  CONF_DIR,
  containerOf,
  fieldVariable,
  hasCredentials,
  metadataOf,
  plainVariables,
  secretVariables,
  specOf,
  type Identity,
} from "./pod-parts.ts";
import { readTemplate } from "./pod-template.ts";
import { isOfSubmitter, NO_RESOURCE, uploaded } from "./resource-uri.ts";
import { isSince } from "../spark-version.ts";
import type { Submission } from "./submission.ts";
import {
  isWithoutLocalDirs,
  localDirs,
  NO_LOCAL_DIRS,
  secretVolumes,
  userVolumes,
  type Mounted,
} from "./volumes.ts";

/** The key and file of an executor's template in the driver (Constants.scala). */
export const TEMPLATE_DIR = "/opt/spark/pod-template";
export const TEMPLATE_FILE = "pod-spec-template.yml";

const SPARK_CONNECT_PORT = 15_002;

/** What a driver Pod is made of, beside its conf. */
export interface DriverInput extends Identity {
  readonly submission: Submission;
  readonly name: string;
  /** KubernetesConf.resourceNamePrefix. */
  readonly prefix: string;
  readonly factor: number;
  readonly template: unknown;
  readonly hasExecutorTemplate: boolean;
}

/** The name of the ConfigMap with the driver's conf (KubernetesClientUtils.configMapNameDriver). */
export const CONF_MAP_NAME = `spark-drv-${UNIQUE_ID}-conf-map`;

/** The Pod that spark-submit creates, step by step in the order of KubernetesDriverBuilder. */
export function driverPod(conf: ConfReader, input: DriverInput): Pod & JsonObject {
  const template = readTemplate(conf, "driver", input.template);
  const { spec, sidecars } = template;
  const { version } = input;
  const { language } = input.submission;
  const container = containerOf(conf, template.container, {
    ...{ role: "driver", version, memoryMiB: driverMemory(conf, { language, version }) },
  });
  const secrets = secretVolumes(conf, "driver");
  const user = userVolumes(conf, {
    ...{ role: "driver", claimPrefix: `${input.prefix}-driver`, executorId: undefined },
  });
  const hadoop = hadoopConf(conf.text(HADOOP_MAP_KEY));
  const secretVolume = credentials(conf, input.prefix);
  const templateVolume = executorTemplate(input);
  const before: readonly VolumeMount[] = [
    ...(container.volumeMounts ?? []),
    ...secretVolume.mounts,
    ...secrets.mounts,
    ...user.mounts,
    ...hadoop.mounts,
    ...templateVolume.mounts,
  ];
  const paths = conf.text("spark.local.dir")?.split(",") ?? [`/var/data/spark-${UUID}`];
  const local = isWithoutLocalDirs(conf, "driver", input.version)
    ? NO_LOCAL_DIRS
    : localDirs(conf, before, paths);
  const confVolume = {
    name: "spark-conf-volume-driver",
    configMap: {
      name: CONF_MAP_NAME,
      items: [{ key: "spark.properties", mode: 0o644, path: "spark.properties" }],
    },
  } as Volume;
  const volumes: readonly Volume[] = [
    ...(spec.volumes ?? []),
    ...secretVolume.volumes,
    ...secrets.volumes,
    ...user.volumes,
    ...hadoop.volumes,
    ...templateVolume.volumes,
    ...local.volumes,
    confVolume,
  ];
  const driver = {
    ...container,
    args: [...(container.args ?? []), ...argumentsOf(conf, input.submission)],
    ports: [...(container.ports ?? []), ...portsOf(conf, input.version)],
    env: [...(container.env ?? []), ...environment(conf, input), ...lastVariables(local.paths)],
    volumeMounts: [
      ...before,
      ...local.mounts,
      { name: "spark-conf-volume-driver", mountPath: CONF_DIR },
    ],
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadataOf(conf, { ...input, role: "driver" }, template.metadata),
    spec: { ...specOf(conf, "driver", spec), containers: [...sidecars, driver], volumes },
  };
}

/** DriverCommandFeatureStep. */
function argumentsOf(conf: ConfReader, submission: Submission): readonly string[] {
  const { language, resource, mainClass, args, proxyUser } = submission;
  // A jar of the submitter's is among spark.jars; the driver is told its class alone.
  const main =
    language === "java" && isOfSubmitter(resource) ? NO_RESOURCE : uploaded(resource, conf.entries);
  return [
    "driver",
    ...(proxyUser === undefined ? [] : ["--proxy-user", proxyUser]),
    ...["--properties-file", `${CONF_DIR}/spark.properties`, "--class", mainClass, main],
    ...args,
  ];
}

function portsOf(conf: ConfReader, version: string) {
  const port = (name: string, containerPort: number) => ({ name, containerPort, protocol: "TCP" });
  const blocks =
    conf.int("spark.driver.blockManager.port") ?? conf.int("spark.blockManager.port") ?? 7079;
  return [
    port("driver-rpc-port", conf.int("spark.driver.port") ?? 7078),
    port("blockmanager", blocks),
    port("spark-ui", conf.int("spark.ui.port") ?? 4040),
    ...(isSince(version, "4.1") ? [port("spark-connect", SPARK_CONNECT_PORT)] : []),
  ];
}

function environment(conf: ConfReader, { appId, submission }: DriverInput): readonly EnvVar[] {
  const said = conf.withPrefix("spark.kubernetes.driverEnv.");
  return [
    { name: "SPARK_USER", value: USER },
    { name: "SPARK_APPLICATION_ID", value: appId },
    ...plainVariables(said),
    fieldVariable("SPARK_DRIVER_BIND_ADDRESS", "status.podIP"),
    ...secretVariables(conf, "driver"),
    ...(submission.language === "python" ? interpreters(conf, new Map(said)) : []),
    ...hadoopConf(conf.text(HADOOP_MAP_KEY)).variables,
  ];
}

/** The variables of a submitter's own environment are not known here, and would come last. */
function interpreters(conf: ConfReader, said: ReadonlyMap<string, string>): readonly EnvVar[] {
  const all = conf.text("spark.pyspark.python") ?? said.get("PYSPARK_PYTHON");
  const driver =
    conf.text("spark.pyspark.driver.python") ??
    conf.text("spark.pyspark.python") ??
    said.get("PYSPARK_DRIVER_PYTHON") ??
    said.get("PYSPARK_PYTHON");
  return [
    ...(all === undefined ? [] : [{ name: "PYSPARK_PYTHON", value: all }]),
    ...(driver === undefined ? [] : [{ name: "PYSPARK_DRIVER_PYTHON", value: driver }]),
  ];
}

/** Of LocalDirsFeatureStep, and what Client.run adds. */
function lastVariables(paths: readonly string[]): readonly EnvVar[] {
  return [
    ...(paths.length === 0 ? [] : [{ name: LOCAL_DIRS_VARIABLE, value: paths.join(",") }]),
    { name: "SPARK_CONF_DIR", value: CONF_DIR },
  ];
}

/** DriverKubernetesCredentialsFeatureStep. */
function credentials(conf: ConfReader, prefix: string): Mounted {
  if (!hasCredentials(conf)) return { volumes: [], mounts: [] };
  const name = "kubernetes-credentials";
  return {
    volumes: [{ name, secret: { secretName: `${prefix}-${name}` } } as Volume],
    mounts: [{ name, mountPath: "/mnt/secrets/spark-kubernetes-credentials" }],
  };
}

/** PodTemplateConfigMapStep. */
function executorTemplate({ prefix, hasExecutorTemplate }: DriverInput): Mounted {
  if (!hasExecutorTemplate) return { volumes: [], mounts: [] };
  const name = "pod-template-volume";
  const configMap = {
    name: `${prefix}-driver-podspec-conf-map`,
    items: [{ key: "podspec-configmap-key", path: TEMPLATE_FILE }],
  };
  return { volumes: [{ name, configMap }], mounts: [{ name, mountPath: TEMPLATE_DIR }] };
}
