import { quoted } from "../engine/text.ts";
import type { Container, Pod, Volume, VolumeSource } from "../kubernetes/pod.ts";
import { hasSource, sourceKinds } from "../kubernetes/volume-source.ts";
import {
  EXECUTOR_DIRS_VARIABLE,
  freePlaces,
  isMountPath,
  liesIn,
  LOCAL_DIRS_VARIABLE,
  localDirsOf,
  MOST_LOCAL_DIRS,
  overlap,
  pathsIn,
  variableOf,
  type FreePlace,
  type LocalDir,
} from "../spark/local-dirs.ts";
import type { LocalDirs } from "./local-dirs-spec.ts";

/** What is to become of the local dirs of one Pod. */
export interface LocalDirsPlan {
  /** Volumes that get another source, by their index in `spec.volumes`. */
  readonly swaps: readonly { readonly volumeIndex: number; readonly volume: Volume }[];
  /** Volumes and mounts that come in addition. */
  readonly added: readonly { readonly volume: Volume; readonly mountPath: string }[];
  /** A new value of SPARK_LOCAL_DIRS; undefined: as it is. */
  readonly paths: readonly string[] | undefined;
  /** The sources under all local dirs that are the policy's, changed or not. */
  readonly sources: readonly VolumeSource[];
  readonly replaced: readonly string[];
  readonly kept: readonly string[];
}

const NOTHING: LocalDirsPlan = {
  swaps: [],
  added: [],
  paths: undefined,
  sources: [],
  replaced: [],
  kept: [],
};

/**
 * Plans the local dirs of a Pod. Names, mount paths and SPARK_LOCAL_DIRS of those that Spark made stay, only what is
 * under them is swapped: Spark has decided on the paths before admission, and its recovery of shuffle data reads
 * meaning into them (KubernetesLocalDiskShuffleDataIO).
 */
export function planLocalDirs(pod: Pod, container: Container, spec: LocalDirs): LocalDirsPlan {
  if (variableOf(container, EXECUTOR_DIRS_VARIABLE) !== undefined) {
    return { ...NOTHING, kept: [`${EXECUTOR_DIRS_VARIABLE} is set, which Spark takes instead`] };
  }
  const dirs = localDirsOf(pod, container);
  if (dirs.length > MOST_LOCAL_DIRS) return tooMany(dirs.length);
  return dirs.length === 0 ? inject(pod, container, spec) : swapAll(pod, container, spec, dirs);
}

const NO_PLACE = "a volume is mounted at /: no local dir beside it";

/** Each is compared with each, and each swap copies the list of volumes. */
function tooMany(count: number): LocalDirsPlan {
  return {
    ...NOTHING,
    kept: [`${count} local dirs are left as they are, more than ${MOST_LOCAL_DIRS}`],
  };
}

function swapAll(
  pod: Pod,
  container: Container,
  spec: LocalDirs,
  dirs: readonly LocalDir[],
): LocalDirsPlan {
  const swapped = dirs.map(({ volume, volumeIndex }, index) => ({
    volumeIndex,
    ...swap(volume, sourceAt(spec, index), spec),
  }));
  const plan: LocalDirsPlan = {
    ...NOTHING,
    swaps: swapped.filter(({ volume }, index) => volume !== dirs[index]?.volume),
    sources: swapped.flatMap(({ kept }, index) =>
      kept === undefined ? [sourceAt(spec, index)] : [],
    ),
    replaced: swapped.flatMap(({ replaced }) => replaced ?? []),
    kept: swapped.flatMap(({ kept }) => kept ?? []),
  };
  // A job that has brought a disk of its own, or wants memory, has counted its dirs.
  if (plan.kept.length > 0 || spec.sources.length <= dirs.length) return plan;
  return extend(
    pod,
    container,
    spec,
    dirs.map(({ mountPath }) => mountPath),
    plan,
  );
}

/** What one volume becomes, and why not. */
interface Swap {
  readonly volume: Volume;
  readonly replaced?: string;
  readonly kept?: string;
}

function swap(volume: Volume, source: VolumeSource, spec: LocalDirs): Swap {
  const { name, emptyDir } = volume;
  if (emptyDir == null) {
    if (hasSource(volume, source)) return { volume };
    const [kind = "source"] = sourceKinds(volume);
    return { volume, kept: `${name} is left on the job's own ${kind}` };
  }
  const inMemory = emptyDir.medium === "Memory";
  if (inMemory && spec.tmpfs === "Keep")
    return { volume, kept: `${name} is left in memory (tmpfs)` };
  if (inMemory)
    return { volume: { name, ...source }, replaced: `${name} in memory (tmpfs) replaced: disk` };
  if (source.emptyDir == null) return { volume: { name, ...source } };
  const sizeLimit = emptyDir.sizeLimit ?? source.emptyDir.sizeLimit;
  if (sizeLimit == null || sizeLimit === emptyDir.sizeLimit) return { volume };
  return { volume: { name, emptyDir: { ...emptyDir, sizeLimit } } };
}

/** The dirs that there are, and further ones for the other disks. */
function extend(
  pod: Pod,
  container: Container,
  spec: LocalDirs,
  mounted: readonly string[],
  plan: LocalDirsPlan,
): LocalDirsPlan {
  const found = variableOf(container, LOCAL_DIRS_VARIABLE);
  const paths = found === undefined ? mounted : pathsIn(found.variable);
  if (paths === undefined) {
    return { ...plan, kept: [`${LOCAL_DIRS_VARIABLE} cannot be read here: no further disks`] };
  }
  if (paths.length > MOST_LOCAL_DIRS) return tooMany(paths.length);
  const wanted = { first: mounted.length + 1, count: spec.sources.length - mounted.length };
  const places = freePlaces(pod, container, paths, wanted);
  if (places.length === 0) return { ...plan, kept: [...plan.kept, NO_PLACE] };
  return addAt(
    spec,
    places,
    mounted.length,
    [...paths, ...places.map(({ mountPath }) => mountPath)],
    plan,
  );
}

/** Spark has made no volumes: its step is left out (4.1: excludedFeatureSteps), or the Pod is none of its making. */
function inject(pod: Pod, container: Container, spec: LocalDirs): LocalDirsPlan {
  const found = variableOf(container, LOCAL_DIRS_VARIABLE);
  const paths = found === undefined ? [] : pathsIn(found.variable);
  if (paths === undefined) {
    return { ...NOTHING, kept: [`${LOCAL_DIRS_VARIABLE} cannot be read here: left as it is`] };
  }
  if (paths.length > MOST_LOCAL_DIRS) return tooMany(paths.length);
  const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath ?? "");
  const taken = paths.find(
    (path, index) =>
      !isMountPath(path) ||
      mounts.some((mount) => overlap(path, mount)) ||
      paths.slice(0, index).some((other) => overlap(path, other)),
  );
  if (taken !== undefined) {
    const where = mounts.some((mount) => liesIn(taken, mount))
      ? "on a volume of the job's own"
      : "as it is";
    return { ...NOTHING, kept: [`local dir ${quoted(taken)} is left ${where}`] };
  }
  // Names from 1 on that no volume has; mounted where the variable says, as far as it says anything.
  const count = Math.max(paths.length, spec.sources.length);
  const free = freePlaces(pod, container, paths, { first: 1, count });
  if (free.length === 0) return { ...NOTHING, kept: [NO_PLACE] };
  const places = free.map((place, index) => ({
    ...place,
    mountPath: paths[index] ?? place.mountPath,
  }));
  const all = places.map(({ mountPath }) => mountPath);
  return addAt(spec, places, 0, all.length === paths.length ? undefined : all, NOTHING);
}

function addAt(
  spec: LocalDirs,
  places: readonly FreePlace[],
  first: number,
  paths: readonly string[] | undefined,
  plan: LocalDirsPlan,
): LocalDirsPlan {
  const added = places.map(({ name, mountPath }, index) => ({
    volume: { name, ...sourceAt(spec, first + index) },
    mountPath,
  }));
  const sources = added.map((_volume, index) => sourceAt(spec, first + index));
  return { ...plan, added, paths, sources: [...plan.sources, ...sources] };
}

/** Dirs and disks are matched by their order; more dirs than disks share them. */
function sourceAt({ sources, disk }: LocalDirs, index: number): VolumeSource {
  return sources[index % sources.length] ?? disk.volumeSource;
}
