import { join } from "node:path";
import type { Container, Pod } from "../pod.ts";
import { IMAGE_USER, runAs } from "./run-as.ts";
import { type KubeletContext, podFolder, prepareVolume } from "./volumes.ts";

/** Folders of the machine which a Pod sees through an overlay. */
const OVERLAID = ["opt", "var", "mnt"];

/** The container that the process kubelet runs. Spark appends its own: it is the last one. */
export function sparkContainer(pod: Pod): Container {
  return pod.spec.containers.at(-1) ?? pod.spec.containers[0];
}

/**
 * The bash script that is a Pod's process: run in a mount namespace of its own, it lays out the
 * file system and becomes what the image's entry point would become.
 *
 * Every step to the job is an `exec`, so that signals to the script's process id reach Java itself.
 */
export async function podScript(
  context: KubeletContext,
  pod: Pod,
  address: string,
): Promise<string> {
  const container = sparkContainer(pod);
  const env = environment(pod, container, address);
  const lines = [
    "set -e",
    ...fileSystem(context, podFolder(context, pod)),
    ...(await volumeMounts(context, pod, container)),
    // As in the images, where jobs leave what they copy: their own user's.
    `install -d -m 775 -o ${IMAGE_USER.uid} -g ${IMAGE_USER.uid} /opt/spark/work-dir; cd /opt/spark/work-dir`,
    ...[...env].map(([name, value]) => `export ${name}=${quote(value)}`),
    `export SPARK_HOME=/opt/spark SPARK_LOCAL_HOSTNAME=${address} PYSPARK_PYTHON=python3`,
    `exec ${runAs(pod, container)} ${entryPoint(container, env, address)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Quotes a word for bash. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Overlays, so that mount points can be made without touching the machine or the installed Spark. */
function fileSystem(context: KubeletContext, folder: string): string[] {
  const layers = quote(join(folder, "layers"));
  const overlay = (lower: string, name: string, target: string): string =>
    `mkdir -p ${layers}/${name}/upper ${layers}/${name}/work; mount -t overlay overlay -o ` +
    `lowerdir=${lower},upperdir=${layers}/${name}/upper,workdir=${layers}/${name}/work ${target}`;
  return [
    // The upper layers are on a tmpfs: the machine's file system may be an overlay itself.
    `mkdir -p ${layers}; mount -t tmpfs tmpfs ${layers}`,
    ...OVERLAID.map((name) => overlay(`/${name}`, name, `/${name}`)),
    "mkdir -p /opt/spark /opt/app",
    overlay(quote(context.sparkHome), "spark", "/opt/spark"),
    `mount --bind ${quote(context.applications)} /opt/app`,
    `mount --bind ${quote(join(context.root, "hosts"))} /etc/hosts`,
    `mount --bind ${quote(join(context.root, "passwd"))} /etc/passwd`,
  ];
}

async function volumeMounts(
  context: KubeletContext,
  pod: Pod,
  container: Container,
): Promise<string[]> {
  const folders = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? []) {
    folders.set(volume.name, await prepareVolume(context, pod, volume));
  }
  // Outer mounts first, else they would hide the inner ones.
  const mounts = [...(container.volumeMounts ?? [])].sort(
    (a, b) => a.mountPath.length - b.mountPath.length,
  );
  return mounts.map(({ name, mountPath, subPath = "" }) => {
    const source = join(folders.get(name) ?? "", subPath);
    return `mkdir -p ${quote(mountPath)}; mount --bind ${quote(source)} ${quote(mountPath)}`;
  });
}

function environment(pod: Pod, container: Container, address: string): Map<string, string> {
  const fields: Record<string, string | undefined> = {
    "status.podIP": address,
    "metadata.name": pod.metadata.name,
    "metadata.namespace": pod.metadata.namespace,
    "spec.nodeName": pod.spec.nodeName,
  };
  const variables = (container.env ?? [])
    // Kubernetes takes names that no shell can export.
    .filter(({ name }) => /^[A-Za-z_]\w*$/.test(name))
    .map(({ name, value, valueFrom }): [string, string] => {
      const field = fields[valueFrom?.fieldRef?.fieldPath ?? ""];
      return [name, value ?? field ?? ""];
    });
  return new Map(variables);
}

/** What `entrypoint.sh` of Spark's images does, which pip's PySpark does not have. */
function entryPoint(
  container: Container,
  env: ReadonlyMap<string, string>,
  address: string,
): string {
  const [role, ...args] = container.args ?? [];
  switch (role) {
    case "driver":
      return [
        "/opt/spark/bin/spark-submit",
        `--conf spark.driver.bindAddress=${address}`,
        `--conf spark.executorEnv.SPARK_DRIVER_POD_IP=${address}`,
        "--deploy-mode client",
        ...args.map(quote),
      ].join(" ");
    case "executor":
      return executorCommand(env, address);
    default:
      return [...(container.command ?? []), ...(container.args ?? [])].map(quote).join(" ");
  }
}

function executorCommand(env: ReadonlyMap<string, string>, address: string): string {
  const value = (name: string): string => quote(env.get(name) ?? "");
  const options = [...env].filter(([name]) => name.startsWith("SPARK_JAVA_OPT_"));
  const memory = env.get("SPARK_EXECUTOR_MEMORY") ?? "1g";
  return [
    "java",
    ...options.map(([, option]) => quote(option)),
    `-Xms${memory} -Xmx${memory}`,
    '-cp "/opt/spark/conf::/opt/spark/jars/*"',
    "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend",
    `--driver-url ${value("SPARK_DRIVER_URL")}`,
    `--executor-id ${value("SPARK_EXECUTOR_ID")}`,
    `--cores ${value("SPARK_EXECUTOR_CORES")}`,
    `--app-id ${value("SPARK_APPLICATION_ID")}`,
    `--hostname ${address}`,
    `--resourceProfileId ${value("SPARK_RESOURCE_PROFILE_ID")}`,
    `--podName ${value("SPARK_EXECUTOR_POD_NAME")}`,
  ].join(" ");
}
