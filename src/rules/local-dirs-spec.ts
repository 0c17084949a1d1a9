import { RuleProblem, type RuleEnvironment } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";
import type { LocalDisk } from "../kubernetes/platform.ts";
import type { PreferredSchedulingTerm, VolumeSource } from "../kubernetes/pod.ts";
import { parseQuantity } from "../kubernetes/quantity.ts";
import { VOLUME_SOURCE_SCHEMA, volumeSourceProblem } from "../kubernetes/volume-source.ts";

/** The block of localDirs, as its schema has it. */
interface LocalDirsSpec {
  readonly platform?: string;
  readonly disk?: string;
  readonly volumeSources?: readonly VolumeSource[];
  readonly diskNodes?: "Required" | "Preferred" | "Off";
  readonly ephemeralStorage?: EphemeralStorage;
  readonly tmpfs?: "Keep" | "Replace";
  readonly ifNotAllowed?: "Keep" | "Deny";
}

export interface EphemeralStorage {
  readonly request: string;
  readonly limit?: string;
}

/** A block that was checked, with all defaults in it. */
export interface LocalDirs {
  readonly disk: LocalDisk;
  /** One for each disk of a node; not empty. */
  readonly sources: readonly VolumeSource[];
  readonly diskNodes: "Required" | "Preferred" | "Off";
  /** For nodes that have the disk, where they are preferred only. */
  readonly preferences: readonly PreferredSchedulingTerm[];
  readonly ephemeralStorage: EphemeralStorage | undefined;
  readonly tmpfs: "Keep" | "Replace";
  readonly ifNotAllowed: "Keep" | "Deny";
}

/** Below placement's 100: capacity outweighs the disk where a Pod cannot have both. */
const PREFERENCE_WEIGHT = 50;

const quantity = (description: string) => ({ type: "string", minLength: 1, description });

/** JSON Schema of the block. */
export const LOCAL_DIRS_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    platform: {
      type: "string",
      description: "Whose disks: a SparkPlatform. Left out: `--platform`.",
    },
    disk: { type: "string", description: "A local disk of the platform. Left out: its first." },
    volumeSources: {
      type: "array",
      minItems: 1,
      // Machines have at most 24 local disks (AWS d3en, i3en: 8); more is a mistake.
      maxItems: 24,
      items: VOLUME_SOURCE_SCHEMA,
      description:
        "A volume source of Kubernetes for each disk of a node. Left out: the disk's own, once.",
    },
    diskNodes: {
      enum: ["Required", "Preferred", "Off"],
      default: "Required",
      description:
        "Whether to run on nodes that have the disk, rather there, or wherever else the Pod may run. Preferred goes with emptyDir alone: a hostPath elsewhere would fill the root disk.",
    },
    ephemeralStorage: {
      type: "object",
      additionalProperties: false,
      required: ["request"],
      properties: {
        request: quantity("Its request, such as `100Gi`."),
        limit: quantity("Its limit; the kubelet evicts what writes more."),
      },
      description:
        "How much ephemeral storage the Spark container asks for where it asks for none. With emptyDir alone.",
    },
    tmpfs: {
      enum: ["Keep", "Replace"],
      default: "Keep",
      description: "What becomes of a local dir that the job wants in memory.",
    },
    ifNotAllowed: {
      enum: ["Keep", "Deny"],
      default: "Keep",
      description:
        "What becomes of a Pod in a namespace whose PodSecurity level refuses hostPath: left as it is, or refused.",
    },
  },
};

/** Checks a block that fits the schema. Throws a RuleProblem for what the schema cannot say. */
export function compileLocalDirs(block: unknown, environment: RuleEnvironment): LocalDirs {
  const spec = block as LocalDirsSpec;
  const disk = diskOf(spec, environment);
  const sources = spec.volumeSources ?? [disk.volumeSource];
  for (const [index, source] of (spec.volumeSources ?? []).entries()) {
    const problem = volumeSourceProblem(source);
    if (problem !== undefined) wrong(problem, ["volumeSources", index]);
  }
  const diskNodes = spec.diskNodes ?? "Required";
  if (diskNodes === "Preferred" && sources.some(({ hostPath }) => hostPath != null)) {
    wrong(
      "does not go with hostPath: on a node without the disk the Pod would not start, or fill the root disk",
      ["diskNodes"],
      ["Required", "Off (every node has the disk)"],
    );
  }
  checkEphemeralStorage(spec.ephemeralStorage, sources);
  return {
    disk,
    sources,
    diskNodes,
    preferences: disk.nodeSelectorTerms.map((preference) => ({
      weight: PREFERENCE_WEIGHT,
      preference,
    })),
    ephemeralStorage: spec.ephemeralStorage,
    tmpfs: spec.tmpfs ?? "Keep",
    ifNotAllowed: spec.ifNotAllowed ?? "Keep",
  };
}

function diskOf(spec: LocalDirsSpec, environment: RuleEnvironment): LocalDisk {
  const platform = environment.platform(spec.platform);
  const [first] = platform.localDisks;
  const disk =
    spec.disk === undefined
      ? first
      : platform.localDisks.find((candidate) => candidate.name === spec.disk);
  if (disk !== undefined) return disk;
  const missing = spec.disk === undefined ? "localDisks" : `local disk ${quoted(spec.disk)}`;
  throw new RuleProblem(`platform ${quoted(platform.name)} has no ${missing}`, {
    path: spec.disk === undefined ? [] : ["disk"],
    found: spec.disk,
    allowed: platform.localDisks.map(({ name }) => name),
  });
}

function checkEphemeralStorage(
  storage: EphemeralStorage | undefined,
  sources: readonly VolumeSource[],
): void {
  if (storage === undefined) return;
  if (!sources.some(({ emptyDir }) => emptyDir != null)) {
    wrong("counts for emptyDir alone, and no volume source is one", ["ephemeralStorage"]);
  }
  const request = bytesOf(storage.request, "request");
  const limit = storage.limit === undefined ? Infinity : bytesOf(storage.limit, "limit");
  if (request > limit) wrong("is less than the request", ["ephemeralStorage", "limit"]);
}

function bytesOf(text: string, key: string): number {
  const bytes = parseQuantity(text);
  if (bytes === undefined || bytes <= 0) {
    wrong(`${quoted(text)} is no quantity such as 100Gi`, ["ephemeralStorage", key]);
  }
  return bytes ?? 0;
}

function wrong(
  message: string,
  path: readonly (string | number)[],
  allowed: readonly string[] = [],
): void {
  throw new RuleProblem(message, { path, allowed });
}
