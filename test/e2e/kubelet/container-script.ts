import { join } from "node:path";
import type { Container, Pod } from "../pod.ts";
import { quote } from "./quote.ts";
import { IMAGE_USER, runAs } from "./run-as.ts";
import { entryPoint, runsSpark } from "./spark-image.ts";
import type { KubeletContext } from "./volumes.ts";

/** What a container is made of beside its specification. */
export interface ContainerParts {
  /** For its scripts and what it writes outside of volumes. */
  readonly folder: string;
  /** The file of what it prints. */
  readonly log: string;
  /** Of its Pod. */
  readonly address: string;
  /** Folders by volume. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Bash that puts a process under the container's limits. */
  readonly limit: string;
}

/** Folders of the machine which a container sees through an overlay. */
const OVERLAID = ["opt", "var", "mnt"];
const PERF_DATA = `/tmp/hsperfdata_${IMAGE_USER.name}`;
/** As in the images, where jobs leave what they copy. */
const WORK_DIR = "/opt/spark/work-dir";

/**
 * The two bash scripts of a container. `run` is its first process: in namespaces of its own, it lays out the file system and
 * becomes what the container runs. `exec` runs the command that it is given, beside it.
 */
export function containerScripts(
  context: KubeletContext,
  pod: Pod,
  container: Container,
  parts: ContainerParts,
): { readonly run: string; readonly exec: string } {
  const env = environment(pod, container, parts.address);
  const workingDir = container.workingDir ?? (runsSpark(container) ? WORK_DIR : "/");
  const enter = [
    parts.limit,
    ...[...env].map(([name, value]) => `export ${name}=${quote(value)}`),
    `export SPARK_HOME=/opt/spark SPARK_LOCAL_HOSTNAME=${parts.address} PYSPARK_PYTHON=python3`,
    `cd ${quote(workingDir)}`,
  ];
  const user = runAs(pod, container);
  const { command = [], args = [] } = container;
  const first = runsSpark(container)
    ? entryPoint(container, env, parts.address)
    : [...command, ...args].map(quote).join(" ");
  if (first === "") throw new Error(`container ${container.name} has no command: images have none`);
  const layOut = [
    ...fileSystem(context, parts.folder),
    ...volumeMounts(container, parts.volumes),
    `install -d -m 775 -o ${IMAGE_USER.uid} -g ${IMAGE_USER.uid} ${WORK_DIR}`,
  ];
  const script = (...lines: string[]): string => `${["set -e", ...lines].join("\n")}\n`;
  return {
    run: script(
      `exec >> ${quote(parts.log)} 2>&1`,
      ...layOut,
      ...enter,
      // Tells the kubelet that it has started.
      "echo >&3; exec 3>&-",
      `exec ${user} ${first}`,
    ),
    exec: script(...enter, `exec ${user} "$@"`),
  };
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
    `install -m 755 ${quote(join(context.root, "decom.sh"))} /opt/decom.sh`,
    // JVMs leave their figures in /tmp, which is the machine's, by the process id, which is the same in each container.
    `mkdir -p ${PERF_DATA}; mount -t tmpfs -o mode=755,uid=${IMAGE_USER.uid} tmpfs ${PERF_DATA}`,
    `mount --bind ${quote(context.applications)} /opt/app`,
    `mount --bind ${quote(join(context.root, "hosts"))} /etc/hosts`,
    `mount --bind ${quote(join(context.root, "passwd"))} /etc/passwd`,
  ];
}

function volumeMounts(
  { volumeMounts: mounts = [] }: Container,
  folders: ReadonlyMap<string, string>,
): string[] {
  // Outer mounts first, else they would hide the inner ones.
  return mounts
    .toSorted((a, b) => a.mountPath.length - b.mountPath.length)
    .map(({ name, mountPath, subPath = "" }) => {
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
