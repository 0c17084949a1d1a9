import type { Violation } from "../engine/policy.ts";
import { applicationFacts } from "../spark/application-facts.ts";
import type { Language } from "../spark/carried.ts";
import { type MemoryOf, type PodMemory, readMemory } from "../spark/memory-model.ts";
import type { SparkConf } from "../spark/spark-conf.ts";
import type { ConfSubject } from "../spark/subject.ts";
import { judgeCores, WRITE_OUT } from "./memory-cores.ts";
import { type Memory, neededOverhead } from "./memory-spec.ts";

/** What is wrong with the memory of the Pods of a role, by what a conf says of them. */
export function judgeConfMemory(
  conf: SparkConf,
  subject: ConfSubject,
  spec: Memory,
): readonly Violation[] {
  const { place } = subject;
  const of = memoryOf(conf, subject);
  if (of === undefined) return [];
  const { maxTasksPerCore } = spec;
  const cores =
    of.role === "driver" || maxTasksPerCore === undefined
      ? []
      : judgeCores(conf, place, maxTasksPerCore);
  const reading = readMemory(conf, of);
  if (reading.kind === "unknown") {
    const message = `cannot be judged: ${reading.why}`;
    return [{ field: place.fieldOf(reading.key), message, fix: WRITE_OUT }, ...cores];
  }
  const { memory } = reading;
  return [
    ...judgeOverhead(memory, of, subject, spec),
    ...judgeTotal(memory, of, subject, spec),
    ...cores,
  ];
}

/**
 * Whose memory a facet of a conf tells, if anybody's: Pods of a server of Connect and of a cluster's workers are their
 * operators' own, and a driver in client mode is no Pod of Spark's.
 */
export function memoryOf(conf: SparkConf, subject: ConfSubject): MemoryOf | undefined {
  const isApplication = subject.surface === "application";
  const isSubmitted = !isApplication || subject.isMended;
  if (isApplication && subject.kind === "SparkCluster") return undefined;
  const { language } = applicationFacts(subject);
  if (subject.role === "executor") {
    // One that is a Spark of its own has no executors.
    const master = conf.raw("spark.kubernetes.driver.master");
    return master?.startsWith("local") === true
      ? undefined
      : { role: "executor", language, isSubmitted };
  }
  return isSubmitted ? { role: "driver", language, isSubmitted } : undefined;
}

/** Overhead that is less than a policy asks for, in MiB. */
export interface Lack {
  readonly is: number;
  readonly needed: number;
  readonly language: Language;
}

/** Undefined where there is enough. */
export function lackOf(memory: PodMemory, of: MemoryOf, spec: Memory): Lack | undefined {
  // Workers that have memory of their own need no overhead (Spark's docs of spark.executor.memoryOverhead).
  const language = memory.python > 0 ? "jvm" : (of.language ?? "jvm");
  const needed = neededOverhead(spec, language, memory.heap);
  const is = memory.overhead.least;
  return is < needed ? { is, needed, language } : undefined;
}

/** The entry of a conf with which there is no lack any more. */
export function remedyOf(
  { needed, language }: Lack,
  { heap, isOverheadFixed }: PodMemory,
  role: MemoryOf["role"],
  { overheadFactor }: Memory,
): { readonly key: string; readonly value: string } {
  if (isOverheadFixed) return { key: `spark.${role}.memoryOverhead`, value: `${needed}m` };
  const key = `spark.${role}.memoryOverheadFactor`;
  const isEnough = (factor: number) => Math.trunc(factor * heap) >= needed;
  const own = overheadFactor[language];
  if (isEnough(own)) return { key, value: String(own) };
  let parts = Math.ceil((needed / heap) * FACTOR_PARTS);
  while (!isEnough(parts / FACTOR_PARTS)) parts++;
  return { key, value: String(parts / FACTOR_PARTS) };
}

/** A factor that comes of minOverhead has so many decimals. */
const FACTOR_PARTS = 10_000;

function judgeOverhead(
  memory: PodMemory,
  of: MemoryOf,
  { place }: ConfSubject,
  spec: Memory,
): readonly Violation[] {
  const lack = lackOf(memory, of, spec);
  if (lack === undefined) return [];
  const { is, needed, language } = lack;
  const { key, value } = remedyOf(lack, memory, of.role, spec);
  const field = place.fieldOf(memory.overheadKey ?? `spark.${of.role}.memoryOverhead`);
  const message = `comes to ${is} MiB, needs ${needed} MiB (${language}, heap ${memory.heap} MiB)`;
  const most = spec.maxTotal?.mebibytes ?? Infinity;
  const fix =
    memory.total.most - is + needed > most
      ? lessHeap(memory, of, place, spec)
      : place.assignment(key, value);
  return [{ field, message, fix }];
}

function judgeTotal(
  memory: PodMemory,
  of: MemoryOf,
  { place }: ConfSubject,
  spec: Memory,
): readonly Violation[] {
  const { maxTotal } = spec;
  const total = memory.total.most;
  if (maxTotal === undefined || total <= maxTotal.mebibytes) return [];
  return [
    {
      field: place.fieldOf(`spark.${of.role}.memory`),
      message: `comes to ${total} MiB with all on top of it, above ${maxTotal.text}`,
      fix: lessHeap(memory, of, place, spec),
    },
  ];
}

/** A smaller heap than this no JVM of Spark's starts with (UnifiedMemoryManager: 1.5 times 300 MiB). */
const LEAST_HEAP = 450;

/** A heap with which the Pod has room for all that the policy asks for. */
function lessHeap(
  memory: PodMemory,
  of: MemoryOf,
  { assignment }: ConfSubject["place"],
  spec: Memory,
): string {
  const { heap, overhead, isOverheadFixed, total } = memory;
  const room = (spec.maxTotal?.mebibytes ?? Infinity) - (total.most - heap - overhead.most);
  const wanted = spec.overheadFactor[memory.python > 0 ? "jvm" : (of.language ?? "jvm")];
  const share = isOverheadFixed ? wanted : Math.max(wanted, overhead.least / heap);
  const least = Math.max(memory.minOverhead, spec.minOverhead);
  const most = Math.floor(Math.min(room / (1 + share), room - least));
  if (most < LEAST_HEAP)
    return "ask for less memory, off-heap, of Python's workers and overhead too";
  const text = most >= 4096 ? `${Math.floor(most / 1024)}g` : `${most}m`;
  return assignment(`spark.${of.role}.memory`, text);
}
