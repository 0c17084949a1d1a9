import type { JsonObject, Volume, VolumeMount } from "../../kubernetes/pod.ts";
import type { ConfReader } from "./conf-reader.ts";
import { RefusedSubmission } from "./refused-submission.ts";
import { isSince } from "../spark-version.ts";

/** Volumes and where the Spark container mounts them. */
export interface Mounted {
  readonly volumes: readonly Volume[];
  readonly mounts: readonly VolumeMount[];
}

/** Whose volumes: claims on demand have their Pod's name in theirs. */
export interface Owner {
  readonly role: "driver" | "executor";
  /** `PREFIX-driver`, `PREFIX-exec-1`. */
  readonly claimPrefix: string;
  /** In place of SPARK_EXECUTOR_ID; undefined for drivers. */
  readonly executorId: string | undefined;
}

type Options = ReadonlyMap<string, string>;

/** The user's own volumes, `spark.kubernetes.ROLE.volumes.TYPE.NAME.…` (KubernetesVolumeUtils, MountVolumesFeatureStep). */
export function userVolumes(conf: ConfReader, owner: Owner): Mounted {
  const prefix = `spark.kubernetes.${owner.role}.volumes.`;
  const found = new Map<string, { type: string; name: string; options: Map<string, string> }>();
  for (const [key, value] of conf.withPrefix(prefix)) {
    const [type = "", name, ...rest] = key.split(".");
    if (name === undefined) continue;
    const id = `${type}.${name}`;
    const volume = found.get(id) ?? { type, name, options: new Map<string, string>() };
    volume.options.set(rest.join("."), value);
    found.set(id, volume);
  }
  const mounted = [...found.values()].map(({ type, name, options }, index) => {
    const at = `${prefix}${type}.${name}.`;
    const mountPath = required(options, "mount.path", at);
    const source = sourceOf(type, options, { at, owner, index });
    const readOnly = options.get("mount.readOnly")?.toLowerCase() === "true";
    const subPath = options.get("mount.subPath");
    const subPathExpr = options.get("mount.subPathExpr");
    return {
      volume: { name, ...source },
      mount: {
        name,
        ...(readOnly && { readOnly }),
        mountPath,
        ...(subPath !== undefined && { subPath }),
        ...(subPathExpr !== undefined && { subPathExpr }),
      },
    };
  });
  const paths = mounted.map(({ mount }) => mount.mountPath);
  const twice = mounted.find(({ mount }, index) => paths.indexOf(mount.mountPath) !== index);
  if (twice !== undefined) {
    throw new RefusedSubmission(
      `${prefix}…${twice.volume.name}.mount.path: another volume has the same`,
    );
  }
  return {
    volumes: mounted.map(({ volume }) => volume),
    mounts: mounted.map(({ mount }) => mount),
  };
}

interface Place {
  readonly at: string;
  readonly owner: Owner;
  readonly index: number;
}

function sourceOf(type: string, options: Options, place: Place): JsonObject {
  const { at } = place;
  switch (type) {
    case "hostPath":
      return {
        hostPath: {
          path: required(options, "options.path", at),
          type: options.get("options.type") ?? "",
        },
      };
    case "emptyDir": {
      const medium = options.get("options.medium");
      const sizeLimit = options.get("options.sizeLimit");
      return {
        emptyDir: {
          ...(medium !== undefined && { medium }),
          ...(sizeLimit !== undefined && { sizeLimit }),
        },
      };
    }
    case "persistentVolumeClaim": {
      const claimName = claimOf(required(options, "options.claimName", at), place);
      const readOnly = options.get("mount.readOnly")?.toLowerCase() === "true";
      return { persistentVolumeClaim: { claimName, ...(readOnly && { readOnly }) } };
    }
    case "nfs":
      return {
        nfs: {
          server: required(options, "options.server", at),
          path: required(options, "options.path", at),
        },
      };
    default:
      throw new RefusedSubmission(`${at}mount.path: Spark knows no volumes of type ${type}`);
  }
}

function claimOf(template: string, { owner, index }: Place): string {
  const onDemand = template.replaceAll("OnDemand", `${owner.claimPrefix}-pvc-${index}`);
  return owner.executorId === undefined
    ? onDemand
    : onDemand.replaceAll("SPARK_EXECUTOR_ID", owner.executorId);
}

function required(options: Options, key: string, at: string): string {
  const value = options.get(key);
  if (value === undefined) throw new RefusedSubmission(`${at}${key}: is missing`);
  return value;
}

/** Secrets as folders: `spark.kubernetes.ROLE.secrets.NAME=PATH` (MountSecretsFeatureStep). */
export function secretVolumes(conf: ConfReader, role: Owner["role"]): Mounted {
  const secrets = conf.withPrefix(`spark.kubernetes.${role}.secrets.`);
  return {
    volumes: secrets.map(
      ([name]) => ({ name: `${name}-volume`, secret: { secretName: name } }) as Volume,
    ),
    mounts: secrets.map(([name, mountPath]) => ({ name: `${name}-volume`, mountPath })),
  };
}

/** Volumes of local dirs, and the paths in SPARK_LOCAL_DIRS. */
interface LocalDirs extends Mounted {
  readonly paths: readonly string[];
}

export const NO_LOCAL_DIRS: LocalDirs = { volumes: [], mounts: [], paths: [] };

/** Since 4.1 a conf can leave out steps. */
export function isWithoutLocalDirs(
  conf: ConfReader,
  role: Owner["role"],
  version: string,
): boolean {
  const excluded = conf.text(`spark.kubernetes.${role}.pod.excludedFeatureSteps`);
  return isSince(version, "4.1") && excluded?.includes("LocalDirsFeatureStep") === true;
}

/**
 * Where Spark writes shuffle and spilled data (LocalDirsFeatureStep): the user's volumes that are named so, or one emptyDir
 * for each path.
 * @param paths where they are, unless they are volumes
 */
export function localDirs(
  conf: ConfReader,
  mounts: readonly VolumeMount[],
  paths: readonly string[],
): LocalDirs {
  const own = mounts.filter(({ name }) => name.startsWith("spark-local-dir-"));
  if (own.length > 0) {
    return { volumes: [], mounts: [], paths: own.map(({ mountPath }) => mountPath ?? "") };
  }
  const emptyDir = conf.isTrue("spark.kubernetes.local.dirs.tmpfs") ? { medium: "Memory" } : {};
  const name = (index: number) => `spark-local-dir-${index + 1}`;
  return {
    volumes: paths.map((_, index) => ({ name: name(index), emptyDir })),
    mounts: paths.map((mountPath, index) => ({ name: name(index), mountPath })),
    paths,
  };
}
