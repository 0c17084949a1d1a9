import type { Draft, Path } from "../engine/draft.ts";
import type { Effect, Violation } from "../engine/policy.ts";
import { quoted } from "../engine/text.ts";
import { valueAt } from "../kubernetes/json.ts";
import type { Pod, ResourceList } from "../kubernetes/pod.ts";
import { quantityToMiB } from "../kubernetes/quantity.ts";
import { applicationFacts } from "../spark/application-facts.ts";
import { CARRIED_ANNOTATION } from "../spark/carried.ts";
import { sparkContainerIndex } from "../spark/container.ts";
import { parseJavaSize } from "../spark/java-size.ts";
import { variableOf } from "../spark/local-dirs.ts";
import type { PodSubject } from "../spark/subject.ts";
import { WRITE_OUT } from "./memory-cores.ts";
import { type Memory, neededOverhead } from "./memory-spec.ts";
import { sentenceOf } from "./spark-conf-judges.ts";

/** What -Xmx gets (the entrypoint of Spark's images). No driver's Pod says how large its heap is. */
const HEAP_VARIABLE = "SPARK_EXECUTOR_MEMORY";
const MIB = 2 ** 20;

/** What is wrong with the memory of a Pod. */
export function judgePodMemory(pod: Pod, subject: PodSubject, spec: Memory): readonly Violation[] {
  const { language } = applicationFacts(subject);
  // A carried fact lifts no denial; and Python's workers may have memory of their own, which a conf says and no Pod.
  const needed = (heap: number) =>
    Math.min(...[undefined, language].map((one) => neededOverhead(spec, one, heap)));
  return [...judgeTotal(pod, subject, spec), ...judgeHeadroom(headroomOf(pod, subject), needed)];
}

/** Tells what is wrong with the memory of a Pod, and changes nothing. */
export function tellPodMemory(pod: Pod, subject: PodSubject, spec: Memory): Effect | undefined {
  const headroom = isSeenInConf(subject) ? undefined : headroomOf(pod, subject);
  return told([
    ...judgeTotal(pod, subject, spec).map(sentenceOf),
    ...judgeHeadroom(headroom, neededBy(subject, spec)).map(sentenceOf),
  ]);
}

/** Gives an executor whose conf nobody has seen the overhead that the policy asks for, and tells what else is wrong. */
export function raisePodMemory(
  draft: Draft,
  subject: PodSubject,
  spec: Memory,
): Effect | undefined {
  const headroom = isSeenInConf(subject) ? undefined : headroomOf(draft.pod, subject);
  const needed = neededBy(subject, spec);
  if (headroom?.heap === undefined || headroom.limit >= headroom.heap + needed(headroom.heap)) {
    return tellPodMemory(draft.pod, subject, spec);
  }
  const { index, heap, limit } = headroom;
  const wanted = Math.ceil(heap + needed(heap));
  const obstacle = obstacleTo(wanted, draft.pod, spec);
  if (obstacle !== undefined) {
    return told([
      ...judgeTotal(draft.pod, subject, spec).map(sentenceOf),
      ...judgeHeadroom(headroom, needed).map((found) => `${sentenceOf(found)}; ${obstacle}`),
    ]);
  }
  const at: Path = ["spec", "containers", index, "resources"];
  draft.set([...at, "limits", "memory"], `${wanted}Mi`);
  const request = memoryIn(draft.pod.spec?.containers?.[index]?.resources?.requests);
  if (request !== undefined && request < wanted) {
    draft.set([...at, "requests", "memory"], `${wanted}Mi`);
  }
  return { summary: `memory ${limit} -> ${wanted} MiB`, replaced: [], kept: [] };
}

function told(kept: readonly string[]): Effect | undefined {
  return kept.length === 0 ? undefined : { summary: undefined, replaced: [], kept };
}

/** Why a Pod cannot have so many MiB. */
function obstacleTo(wanted: number, pod: Pod, { maxTotal }: Memory): string | undefined {
  if (maxTotal !== undefined && wanted > maxTotal.mebibytes) {
    return "not raised: maxTotal leaves no room";
  }
  // Containers with more than the Pod as a whole (KEP-2837) are refused by the API server.
  return valueAt(pod, "spec", "resources", "limits", "memory") === undefined
    ? undefined
    : "not raised: the Pod has a limit as a whole";
}

/** MiB of overhead that a heap needs. */
function neededBy(subject: PodSubject, spec: Memory): (heap: number) => number {
  const { language } = applicationFacts(subject);
  return (heap) => neededOverhead(spec, language, heap);
}

/**
 * Whether the executor's memory was judged in its driver's conf. Not that of another resource profile than the default: its
 * code asks for another heap, and Spark takes the overhead of the conf's (ResourceProfile.getResourcesForClusterManager).
 */
function isSeenInConf({ pod, labels }: PodSubject): boolean {
  const profile = Object.hasOwn(labels, PROFILE_LABEL) ? labels[PROFILE_LABEL] : DEFAULT_PROFILE;
  const annotations = pod.metadata?.annotations ?? {};
  return profile === DEFAULT_PROFILE && Object.hasOwn(annotations, CARRIED_ANNOTATION);
}

const PROFILE_LABEL = "spark-exec-resourceprofile-id";
const DEFAULT_PROFILE = "0";

/** What an executor's container says of its memory, in MiB. */
interface Headroom {
  readonly index: number;
  /** Undefined where that cannot be told. */
  readonly heap: number | undefined;
  readonly limit: number;
}

/** Undefined for what is no executor, or has no limit by which the kernel would end it. */
function headroomOf(pod: Pod, { role }: PodSubject): Headroom | undefined {
  const index = role === "executor" ? sparkContainerIndex(pod, role) : undefined;
  const container = pod.spec?.containers?.[index ?? -1];
  const limit = memoryIn(container?.resources?.limits);
  if (index === undefined || container === undefined || limit === undefined) return undefined;
  const text = variableOf(container, HEAP_VARIABLE)?.variable.value ?? "";
  const size = parseJavaSize(text, "b");
  const heap = size.kind === "known" && size.value > 0 ? size.value / MIB : undefined;
  return { index, heap, limit };
}

function judgeHeadroom(
  headroom: Headroom | undefined,
  needed: (heap: number) => number,
): readonly Violation[] {
  if (headroom === undefined) return [];
  const { index, heap, limit } = headroom;
  if (heap === undefined) {
    const message = `cannot be judged: ${HEAP_VARIABLE} says no size`;
    return [{ field: `spec.containers[${index}].env`, message, fix: WRITE_OUT }];
  }
  const overhead = needed(heap);
  if (limit - heap >= overhead) return [];
  return [
    {
      field: `spec.containers[${index}].resources.limits.memory`,
      message: `leaves ${limit - heap} MiB beside the heap of ${heap} MiB, needs ${overhead} MiB`,
      fix: `--conf spark.executor.memoryOverhead=${overhead}m`,
    },
  ];
}

function judgeTotal(pod: Pod, { role }: PodSubject, { maxTotal }: Memory): readonly Violation[] {
  if (maxTotal === undefined) return [];
  const index = sparkContainerIndex(pod, role) ?? -1;
  const resources = pod.spec?.containers?.[index]?.resources;
  const of = role === "executor" ? "executor" : "driver";
  const above = (["limits", "requests"] as const).find(
    (list) => (memoryIn(resources?.[list]) ?? 0) > maxTotal.mebibytes,
  );
  if (above === undefined) return [];
  const amount = String(resources?.[above]?.["memory"]);
  return [
    {
      field: `spec.containers[${index}].resources.${above}.memory`,
      message: `${quoted(amount)} is above ${maxTotal.text}`,
      fix: `less of spark.${of}.memory and what comes on top of it`,
    },
  ];
}

/** MiB; undefined where there is none. */
function memoryIn(resources: ResourceList | null | undefined): number | undefined {
  return resources == null || !Object.hasOwn(resources, "memory")
    ? undefined
    : quantityToMiB(resources["memory"] ?? "");
}
