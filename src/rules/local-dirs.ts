import { isDeepStrictEqual } from "node:util";
import { EACH } from "../cel/reads.ts";
import type { Draft, Path } from "../engine/draft.ts";
import { knownNamespace, type Facts } from "../engine/facts.ts";
import type { Effect, Violation } from "../engine/policy.ts";
import type { RuleKind } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";
import { isManagedByKueue } from "../kubernetes/kueue.ts";
import { podSecurityLevel, type PodSecurityLevel } from "../kubernetes/namespace.ts";
import { impliesTerms, restrictTo } from "../kubernetes/node-affinity.ts";
import type { Container, Pod, ResourceList } from "../kubernetes/pod.ts";
import { parseQuantity } from "../kubernetes/quantity.ts";
import { sparkContainerIndex } from "../spark/container.ts";
import { LOCAL_DIRS_VARIABLE, variableOf } from "../spark/local-dirs.ts";
import type { PodSubject } from "../spark/subject.ts";
import type { LocalDisk } from "../kubernetes/platform.ts";
import { requiredTerms } from "./capacity-choice.ts";
import { planLocalDirs, type LocalDirsPlan } from "./local-dirs-plan.ts";
import {
  compileLocalDirs,
  LOCAL_DIRS_SCHEMA,
  type EphemeralStorage,
  type LocalDirs,
} from "./local-dirs-spec.ts";

const NODE_AFFINITY: Path = ["spec", "affinity", "nodeAffinity"];
const REQUIRED_TERMS: Path = [
  ...NODE_AFFINITY,
  "requiredDuringSchedulingIgnoredDuringExecution",
  "nodeSelectorTerms",
];
const PREFERRED: Path = [...NODE_AFFINITY, "preferredDuringSchedulingIgnoredDuringExecution"];
const EPHEMERAL_STORAGE = "ephemeral-storage";
const FS_GROUP: Path = ["spec", "securityContext", "fsGroup"];

/**
 * The user of Spark's images (apache/spark Dockerfile, spark_uid). As fsGroup it is a group that every process of
 * the Pod gets in addition, so any number does, whatever user the container runs as.
 */
const SPARK_GROUP = 185;

/** Shuffle and spilled data on local disks. */
export const localDirs: RuleKind = {
  key: "localDirs",
  combine: "one",
  surfaces: ["pod"],
  description:
    "Spark's local dirs (shuffle, spill) on local disks, by swapping what is under them.",
  example: `localDirs:
  disk: nvme
  diskNodes: Required
  ephemeralStorage: { request: 100Gi }`,
  schema: LOCAL_DIRS_SCHEMA,
  compile: (block, environment) => {
    const spec = compileLocalDirs(block, environment);
    return {
      writes: writesOf(spec),
      mutate: (draft, subject, facts) => mutate(draft, subject, facts, spec),
      judge: (pod, subject, facts) => judge(pod, subject, facts, spec),
    };
  },
};

function writesOf({ diskNodes, sources, ephemeralStorage }: LocalDirs): readonly string[][] {
  const container = ["spec", "containers", EACH];
  const storage = Object.keys(ephemeralStorage ?? {}).map((key) => `${key}s`);
  return [
    ["spec", "volumes"],
    [...container, "volumeMounts"],
    [...container, "env"],
    ...storage.map((key) => [...container, "resources", key, EPHEMERAL_STORAGE]),
    ...(sources.some(({ ephemeral }) => ephemeral != null) ? [[...FS_GROUP].map(String)] : []),
    ...(diskNodes === "Off" ? [] : [[...NODE_AFFINITY].map(String)]),
  ];
}

function mutate(
  draft: Draft,
  subject: PodSubject,
  facts: Facts,
  spec: LocalDirs,
): Effect | undefined {
  const index = sparkContainerIndex(draft.pod, subject.role);
  const container = draft.pod.spec?.containers?.[index ?? -1];
  if (index === undefined || container === undefined) return undefined;
  const plan = planLocalDirs(draft.pod, container, spec);
  const obstacle = obstacleTo(plan, draft.pod, facts, spec);
  if (obstacle !== undefined) return left([...plan.kept, obstacle]);
  const mark = draft.mark();
  applyPlan(draft, index, container, plan);
  const kept = [...plan.kept];
  if (plan.sources.length > 0) {
    chooseNodes(draft, spec, kept);
    if (plan.sources.some(({ ephemeral }) => ephemeral != null)) setFsGroup(draft);
    if (plan.sources.some(({ emptyDir }) => emptyDir != null)) {
      askForStorage(draft, index, spec.ephemeralStorage, kept);
    }
  }
  if (!draft.isChangedSince(mark)) return left(kept);
  const count = plan.sources.length;
  const dirs = count === 1 ? "1 dir" : `${count} dirs`;
  return {
    summary: `shuffle on local disk ${spec.disk.name} (${dirs})`,
    replaced: plan.replaced,
    kept,
  };
}

function left(kept: readonly string[]): Effect | undefined {
  return kept.length === 0 ? undefined : { summary: undefined, replaced: [], kept };
}

function judge(pod: Pod, subject: PodSubject, facts: Facts, spec: LocalDirs): readonly Violation[] {
  if (spec.ifNotAllowed === "Keep") return [];
  const container = pod.spec?.containers?.[sparkContainerIndex(pod, subject.role) ?? -1];
  if (container === undefined) return [];
  const level = refusingLevel(planLocalDirs(pod, container, spec), facts);
  if (level === undefined) return [];
  return [
    {
      field: "metadata.namespace",
      message: `PodSecurity ${level} refuses hostPath, which local disk ${quoted(spec.disk.name)} needs`,
      fix: "ask the platform team for a namespace that allows it, or for a disk by emptyDir",
    },
  ];
}

/** Why nothing at all is to be done, or undefined. */
function obstacleTo(
  plan: LocalDirsPlan,
  pod: Pod,
  facts: Facts,
  { disk, diskNodes }: LocalDirs,
): string | undefined {
  const level = refusingLevel(plan, facts);
  if (level !== undefined)
    return `PodSecurity ${level} refuses hostPath: local dirs are left as they are`;
  if (putsHostPath(plan) && diskNodes === "Required" && isManagedByKueue(pod)) {
    if (requiresDisk(pod, disk)) return undefined;
    return `Kueue chooses the nodes, and hostPath needs those with disk ${disk.name}: left as it is`;
  }
  return undefined;
}

/** Whether a Pod runs on nodes with the disk already. Without terms it may run anywhere: no term contradicts. */
function requiresDisk(pod: Pod, disk: LocalDisk): boolean {
  const terms = requiredTerms(pod);
  return terms.length > 0 && impliesTerms(terms, disk.nodeSelectorTerms);
}

/** The PodSecurity level that refuses what the plan puts in. Throws where that takes a namespace that is not known. */
function refusingLevel(plan: LocalDirsPlan, facts: Facts): PodSecurityLevel | undefined {
  if (!putsHostPath(plan)) return undefined;
  // Baseline and restricted both forbid it (pod-security-admission policy/check_hostPathVolumes.go).
  const level = podSecurityLevel(knownNamespace(facts));
  return level === "privileged" ? undefined : level;
}

function putsHostPath({ swaps, added }: LocalDirsPlan): boolean {
  return [...swaps, ...added].some(({ volume }) => volume.hostPath != null);
}

function applyPlan(
  draft: Draft,
  index: number,
  container: Container,
  { swaps, added, paths }: LocalDirsPlan,
): void {
  for (const { volumeIndex, volume } of swaps) draft.set(["spec", "volumes", volumeIndex], volume);
  draft.append(
    ["spec", "volumes"],
    added.map(({ volume }) => volume),
  );
  const at: Path = ["spec", "containers", index];
  draft.append(
    [...at, "volumeMounts"],
    added.map(({ volume, mountPath }) => ({ name: volume.name, mountPath })),
  );
  if (paths === undefined) return;
  const value = paths.join(",");
  const found = variableOf(container, LOCAL_DIRS_VARIABLE);
  if (found === undefined) draft.append([...at, "env"], [{ name: LOCAL_DIRS_VARIABLE, value }]);
  else draft.set([...at, "env", found.index, "value"], value);
}

/** Makes a Pod run, or rather run, on nodes that have the disk. */
function chooseNodes(
  draft: Draft,
  { disk, diskNodes, preferences }: LocalDirs,
  kept: string[],
): void {
  if (diskNodes === "Off") return;
  if (isManagedByKueue(draft.pod)) {
    kept.push(`Kueue chooses the nodes: those with disk ${disk.name} are not asked for`);
    return;
  }
  if (diskNodes === "Required") {
    if (requiresDisk(draft.pod, disk)) return;
    const own = requiredTerms(draft.pod);
    draft.set(REQUIRED_TERMS, restrictTo(own, [], disk.nodeSelectorTerms));
    return;
  }
  const present =
    draft.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  draft.append(
    PREFERRED,
    preferences.filter((term) => !present.some((other) => isDeepStrictEqual(other, term))),
  );
}

/** A fresh filesystem is root's; the kubelet hands it to this group. It does so for no hostPath, and need not for emptyDir. */
function setFsGroup(draft: Draft): void {
  const context = draft.pod.spec?.securityContext;
  if (context?.fsGroup == null) draft.set(FS_GROUP, SPARK_GROUP);
}

/** Asks for room for shuffle where the container asks for none: Spark never does, so the scheduler knows nothing of it. */
function askForStorage(
  draft: Draft,
  index: number,
  storage: EphemeralStorage | undefined,
  kept: string[],
): void {
  if (storage === undefined) return;
  const resources = draft.pod.spec?.containers?.[index]?.resources;
  const request = amountOf(resources?.requests);
  const limit = amountOf(resources?.limits);
  if (request !== undefined || limit !== undefined) {
    // A request must not exceed a limit, and both may be a LimitRanger's: it comes before us.
    const asked = request ?? limit;
    if (bytesOf(asked) < bytesOf(storage.request)) {
      kept.push(`ephemeral-storage ${String(asked)} is left, less than ${storage.request}`);
    }
    return;
  }
  const at: Path = ["spec", "containers", index, "resources"];
  draft.set([...at, "requests", EPHEMERAL_STORAGE], storage.request);
  if (storage.limit !== undefined) draft.set([...at, "limits", EPHEMERAL_STORAGE], storage.limit);
}

function amountOf(resources: ResourceList | null | undefined): string | number | undefined {
  return resources == null || !Object.hasOwn(resources, EPHEMERAL_STORAGE)
    ? undefined
    : resources[EPHEMERAL_STORAGE];
}

function bytesOf(quantity: string | number | undefined): number {
  return parseQuantity(quantity ?? 0) ?? 0;
}
