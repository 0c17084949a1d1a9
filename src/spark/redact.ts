import type { Container, Pod, StringMap, Volume } from "../kubernetes/pod.ts";

const HIDDEN = "(hidden)";

/** kubectl keeps the whole manifest here, environment included. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Variables that Spark sets itself and that hold no secret. */
const OPEN_VARIABLES: ReadonlySet<string> = new Set([
  "SPARK_APPLICATION_ID",
  "SPARK_CONF_DIR",
  "SPARK_EXECUTOR_CORES",
  "SPARK_EXECUTOR_ID",
  "SPARK_EXECUTOR_MEMORY",
  "SPARK_LOCAL_DIRS",
  "SPARK_RESOURCE_PROFILE_ID",
]);

/** Words that Spark itself puts among a driver's arguments. Everything else may be a password. */
const OPEN_ARGUMENTS: ReadonlySet<string> = new Set([
  "driver",
  "executor",
  "--properties-file",
  "/opt/spark/conf/spark.properties",
  "--class",
  "org.apache.spark.deploy.PythonRunner",
  "org.apache.spark.deploy.RRunner",
]);

/** Sources of volumes without names of Secrets and attributes of drivers, which may be credentials. */
const OPEN_SOURCES: ReadonlySet<string> = new Set([
  ...["name", "configMap", "downwardAPI", "emptyDir", "ephemeral", "hostPath", "image", "nfs"],
  "persistentVolumeClaim",
]);

/** Annotations of Sparkgate's own. */
const OWN_ANNOTATIONS = "sparkgate.io/";

/**
 * Copies of a Pod before and after a change that may be shown to whoever sees reports: as `redactPod`, and of
 * annotations only what the change wrote.
 */
export function redactChange({ before, after }: Change): Change {
  const sent = before.metadata?.annotations ?? {};
  return {
    before: hideAnnotations(redactPod(before), () => false),
    after: hideAnnotations(
      redactPod(after),
      (key, value) => !Object.hasOwn(sent, key) || sent[key] !== value,
    ),
  };
}

/** A Pod before and after something was done to it. */
export interface Change {
  readonly before: Pod;
  readonly after: Pod;
}

function hideAnnotations(pod: Pod, isOpen: (key: string, value: string) => boolean): Pod {
  const { metadata } = pod;
  if (metadata?.annotations == null) return pod;
  const annotations = Object.entries(metadata.annotations).map(([key, value]) => [
    key,
    key.startsWith(OWN_ANNOTATIONS) || isOpen(key, value) ? value : HIDDEN,
  ]);
  return {
    ...pod,
    metadata: { ...metadata, annotations: Object.fromEntries(annotations) as StringMap },
  };
}

/**
 * A copy of a Pod that may be shown: values of environment variables, arguments, commands, kubectl's copy of
 * the manifest and what volumes of Secrets and drivers say are hidden, since jobs carry passwords in all of them.
 */
export function redactPod(pod: Pod): Pod {
  const { metadata, spec } = pod;
  const annotations = Object.entries(metadata?.annotations ?? {}).map(([key, value]) => [
    key,
    key === LAST_APPLIED ? HIDDEN : value,
  ]);
  return {
    ...pod,
    ...(metadata?.annotations != null && {
      metadata: {
        ...metadata,
        annotations: Object.fromEntries(annotations) as typeof metadata.annotations,
      },
    }),
    ...(spec != null && {
      spec: {
        ...spec,
        ...redactedList("containers", spec.containers),
        ...redactedList("initContainers", spec.initContainers),
        ...redactedList("ephemeralContainers", spec.ephemeralContainers),
        ...(spec.volumes != null && { volumes: spec.volumes.map(redactVolume) }),
      },
    }),
  };
}

function redactedList(key: string, containers: readonly Container[] | null | undefined) {
  return containers == null ? {} : { [key]: containers.map(redactContainer) };
}

function redactVolume(volume: Volume): Volume {
  const entries = Object.entries(volume).map(([key, source]: [string, unknown]) => [
    key,
    OPEN_SOURCES.has(key) || source === null ? source : { hidden: true },
  ]);
  return { name: volume.name, ...(Object.fromEntries(entries) as object) };
}

function redactContainer(container: Container): Container {
  const { env, args, command, lifecycle } = container;
  return {
    ...container,
    ...(env != null && {
      env: env.map((entry) =>
        entry.value == null || OPEN_VARIABLES.has(entry.name) ? entry : { ...entry, value: HIDDEN },
      ),
    }),
    ...(args != null && {
      args: args.map((argument) => (OPEN_ARGUMENTS.has(argument) ? argument : HIDDEN)),
    }),
    ...(command != null && { command: command.map(() => HIDDEN) }),
    // Hooks and probes run commands and send headers.
    ...(lifecycle != null && { lifecycle: { hidden: true } }),
    ...hiddenProbes(container),
  };
}

function hiddenProbes(container: Container) {
  const probes = ["livenessProbe", "readinessProbe", "startupProbe"];
  const present = probes.filter((probe) => Object.hasOwn(container, probe));
  return Object.fromEntries(present.map((probe) => [probe, { hidden: true }]));
}
