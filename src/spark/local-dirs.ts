import type { Container, EnvVar, Pod, Volume } from "../kubernetes/pod.ts";

/**
 * Spark takes every volume with a name like this that its container mounts for a local dir, and for nothing else
 * (LocalDirsFeatureStep).
 */
const VOLUME_PREFIX = "spark-local-dir-";

/** Where Spark writes shuffle and spilled data: what the JVM reads (Utils.getConfiguredLocalDirs). */
export const LOCAL_DIRS_VARIABLE = "SPARK_LOCAL_DIRS";

/** Comes before SPARK_LOCAL_DIRS in the JVM; nothing on Kubernetes sets it but users. */
export const EXECUTOR_DIRS_VARIABLE = "SPARK_EXECUTOR_DIRS";

/** Spark writes to all of them in turn; nodes have 24 disks at most. What has more is nobody's wish, and is left alone. */
export const MOST_LOCAL_DIRS = 256;

/** A local dir of Spark's: a volume, and where the Spark container mounts it. */
export interface LocalDir {
  /** In `spec.volumes`. */
  readonly volumeIndex: number;
  readonly volume: Volume;
  readonly mountPath: string;
}

/** The local dirs of a Spark container, in the order of its mounts. A volume that is mounted twice counts once. */
export function localDirsOf(pod: Pod, container: Container): readonly LocalDir[] {
  // By name, and the first of a name: a hostile Pod has thousands.
  const places = new Map<string, { readonly volumeIndex: number; readonly volume: Volume }>();
  for (const [volumeIndex, volume] of (pod.spec?.volumes ?? []).entries()) {
    if (!places.has(volume.name)) places.set(volume.name, { volumeIndex, volume });
  }
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const place = name.startsWith(VOLUME_PREFIX) ? places.get(name) : undefined;
    places.delete(name);
    return place === undefined ? [] : [{ ...place, mountPath: mountPath ?? "" }];
  });
}

/** A container's variable as the kubelet resolves it: of several with one name the last counts. */
export function variableOf(
  container: Container,
  name: string,
): { readonly index: number; readonly variable: EnvVar } | undefined {
  const env = container.env ?? [];
  const index = env.findLastIndex((entry) => entry.name === name);
  const variable = env[index];
  return variable === undefined ? undefined : { index, variable };
}

/** The paths in a value of SPARK_LOCAL_DIRS; undefined for what only the kubelet can tell. */
export function pathsIn({ value, valueFrom }: EnvVar): readonly string[] | undefined {
  if (valueFrom != null || value?.includes("$(") === true) return undefined;
  return (value ?? "")
    .split(",")
    .map((path) => path.trim())
    .filter((path) => path !== "");
}

/** A name for a further local dir's volume, and where it can be mounted. */
export interface FreePlace {
  readonly name: string;
  readonly mountPath: string;
}

/**
 * `count` places that nothing in the Pod has, nor one of the `taken` paths, to be numbered from `first` on; none where a
 * volume is mounted at the root, in which all others would lie.
 */
export function freePlaces(
  pod: Pod,
  container: Container,
  taken: readonly string[],
  { first, count }: { readonly first: number; readonly count: number },
): readonly FreePlace[] {
  const names = new Set((pod.spec?.volumes ?? []).map(({ name }) => name));
  const mounts = (container.volumeMounts ?? []).map((mount) => mount.mountPath ?? "");
  const paths = [...mounts, ...taken];
  const places: FreePlace[] = [];
  if (paths.some((path) => liesIn("/", path))) return places;
  for (let number = first; places.length < count; number++) {
    const name = `${VOLUME_PREFIX}${number}`;
    // The second only where the user mounts something at /var or /var/data: a mount in a mount is nobody's wish.
    const mountPath = [`/var/data/${name}`, `/${name}`].find(
      (candidate) => !paths.some((path) => overlap(path, candidate)),
    );
    if (!names.has(name) && mountPath !== undefined) places.push({ name, mountPath });
  }
  return places;
}

/** Whether a volume can be mounted there: an absolute path, not the root, without `.`, `..` and colons. */
export function isMountPath(path: string): boolean {
  return /^(?:\/(?!\.{1,2}(?:\/|$))[^/:]+)+\/?$/.test(path);
}

/** Whether one path is the other, or lies in it. */
export function overlap(a: string, b: string): boolean {
  return liesIn(a, b) || liesIn(b, a);
}

/** Whether a path is a folder, or lies in it. */
export function liesIn(path: string, folder: string): boolean {
  const trimmed = folder.replace(/\/+$/, "");
  return path === trimmed || path === folder || path.startsWith(`${trimmed}/`);
}
