import type { Language } from "./carried.ts";
import type { SparkConf, TypedValue } from "./spark-conf.ts";
import { isSince } from "./spark-version.ts";

/** MiB: two amounts where it depends on the version of Spark which it is, and that is not known. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** What Spark's container in a Pod asks for, as request and limit, in MiB. */
export interface PodMemory {
  readonly heap: number;
  /** For what the JVM needs beside its heap, and for what is no JVM. */
  readonly overhead: Bounds;
  /** The key that says how large it is; undefined where nobody says it, and Spark's own share of the heap counts. */
  readonly overheadKey: string | undefined;
  /** Whether that key says an amount, and no share of the heap. */
  readonly isOverheadFixed: boolean;
  /** What the overhead would be of however small a heap, on one version or another. */
  readonly minOverhead: number;
  /** `spark.executor.pyspark.memory`: what Python's workers may use in all, beside the overhead. */
  readonly python: number;
  /** Heap, overhead, off-heap memory, Python's workers. */
  readonly total: Bounds;
}

/** The memory, or the key because of which nobody can tell it from here. */
export type MemoryReading =
  | { readonly kind: "known"; readonly memory: PodMemory }
  | { readonly kind: "unknown"; readonly key: string; readonly why: string };

/** Whose memory. */
export interface MemoryOf {
  readonly role: "driver" | "executor";
  /** Unknown counts as jvm. */
  readonly language: Language | undefined;
  /** Of Spark, such as `3.5`; undefined: any since 3.5. */
  readonly version?: string | undefined;
  /**
   * Whether the driver is submitted to the cluster: its conf then hands its share of overhead and the application's language
   * on to executors. In client mode nothing does.
   */
  readonly isSubmitted: boolean;
}

const FACTOR = "spark.kubernetes.memoryOverheadFactor";

/** ResourceProfile.MEMORY_OVERHEAD_MIN_MIB; since 4.0 the default of `spark.ROLE.minMemoryOverhead`. */
const LEAST_OVERHEAD = 384;

/** Of heaps that nobody sizes, in MiB. */
const HEAP = 1024;

const MIB = 2 ** 20;
const INT_MAX = 2 ** 31 - 1;

/** What a Pod of Spark's will ask for, by its conf. */
export function readMemory(conf: SparkConf, of: MemoryOf): MemoryReading {
  try {
    return { kind: "known", memory: of.role === "driver" ? driver(conf, of) : executor(conf, of) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { kind: "unknown", key: error.key, why: error.message };
  }
}

/**
 * The share of the heap that comes on top of it where nobody says another for the role: the driver's, which it hands on to its
 * executors (BasicDriverFeatureStep.defaultOverheadFactor).
 */
export function handedOnFactor(
  conf: SparkConf,
  language: Language | undefined,
): TypedValue<number> {
  const found = checked(conf.double(FACTOR), (factor) => factor >= 0, "must not be negative");
  return found.kind === "absent"
    ? { kind: "known", value: defaultFactor(language), key: FACTOR, where: "" }
    : found;
}

/** 0.4 for Python and R, whose workers live outside of the heap (Constants.NON_JVM_MEMORY_OVERHEAD_FACTOR). */
function defaultFactor(language: Language | undefined): number {
  return language === "python" || language === "r" ? 0.4 : 0.1;
}

/** BasicDriverFeatureStep. */
function driver(conf: SparkConf, of: MemoryOf): PodMemory {
  // Read there whether or not it counts.
  known(handedOnFactor(conf, of.language));
  const heap = heapOf(conf, of.role);
  const overhead = overheadOf(conf, of, heap);
  return { heap, ...overhead, python: 0, total: plus(overhead.overhead, heap) };
}

/** BasicExecutorFeatureStep, and ResourceProfile.getResourcesForClusterManager for the default profile. */
function executor(conf: SparkConf, of: MemoryOf): PodMemory {
  const heap = heapOf(conf, of.role);
  const overhead = overheadOf(conf, of, heap);
  const said = known(notNegative(conf.bytes("spark.executor.pyspark.memory", "m"))) ?? 0;
  const python = of.isSubmitted && of.language === "python" ? said / MIB : 0;
  const total = plus(overhead.overhead, heap + offHeapOf(conf) + python);
  return { heap, ...overhead, python, total };
}

function plus({ least, most }: Bounds, more: number): Bounds {
  return { least: least + more, most: most + more };
}

function heapOf(conf: SparkConf, role: MemoryOf["role"]): number {
  const read = conf.bytes(`spark.${role}.memory`, "m");
  const bytes = known(checked(read, (amount) => amount > 0, "must be above 0"));
  return bytes === undefined ? HEAP : bytes / MIB;
}

function overheadOf(
  conf: SparkConf,
  { role, language, version, isSubmitted }: MemoryOf,
  heap: number,
): Pick<PodMemory, "overhead" | "overheadKey" | "isOverheadFixed" | "minOverhead"> {
  // Spark reads all of them, whichever counts.
  const minimum = minimumOf(conf, role, version);
  const usual = isSubmitted ? language : undefined;
  const handedOn = handedOnFactor(conf, usual);
  const ofRole = conf.double(`spark.${role}.memoryOverheadFactor`);
  const own = checked(ofRole, (factor) => factor > 0, "must be above 0");
  const said = own.kind === "absent" ? handedOn : own;
  const factor = known(said) ?? 0;
  const fixed = notNegative(conf.bytes(`spark.${role}.memoryOverhead`, "m"));
  const bytes = known(fixed);
  if (bytes !== undefined) {
    const amount = bytes / MIB;
    const overhead = { least: amount, most: amount };
    return {
      ...{ overhead, overheadKey: keyOf(fixed) },
      ...{ isOverheadFixed: true, minOverhead: amount },
    };
  }
  // spark-submit writes its default into the conf: nobody wished for it.
  const isDefault = own.kind === "absent" && factor === defaultFactor(usual);
  const share = Math.min(Math.trunc(factor * heap), INT_MAX);
  return {
    overhead: { least: Math.max(share, minimum.least), most: Math.max(share, minimum.most) },
    overheadKey: isDefault ? undefined : keyOf(said),
    isOverheadFixed: false,
    minOverhead: minimum.most,
  };
}

/** Before 4.0 nobody reads the key: where the version is not known, both may be. */
function minimumOf(conf: SparkConf, role: MemoryOf["role"], version: string | undefined): Bounds {
  if (version !== undefined && !isSince(version, "4.0")) {
    return { least: LEAST_OVERHEAD, most: LEAST_OVERHEAD };
  }
  const bytes = known(conf.bytes(`spark.${role}.minMemoryOverhead`, "m"));
  const said = bytes === undefined ? LEAST_OVERHEAD : bytes / MIB;
  if (version !== undefined) return { least: said, most: said };
  return { least: Math.min(said, LEAST_OVERHEAD), most: Math.max(said, LEAST_OVERHEAD) };
}

/** Utils.executorOffHeapMemorySizeAsMb: an int, which a long wraps around to. */
function offHeapOf(conf: SparkConf): number {
  const key = "spark.memory.offHeap.size";
  const bytes = known(notNegative(conf.bytes(key, "b"))) ?? 0;
  const amount = Math.trunc(bytes / MIB) | 0;
  if (known(conf.boolean("spark.memory.offHeap.enabled")) !== true) return 0;
  if (amount > 0) return amount;
  throw new Unreadable(key, "must be above 0 where spark.memory.offHeap.enabled is true");
}

/** A value that nobody can tell from here, or over which Spark throws. */
class Unreadable extends Error {
  readonly key: string;

  constructor(key: string, why: string) {
    super(why);
    this.key = key;
  }
}

/** The value; undefined where there is none. */
function known<Value>(read: TypedValue<Value>): Value | undefined {
  if (read.kind === "absent") return undefined;
  if (read.kind === "known") return read.value;
  throw new Unreadable(read.key, read.why);
}

function keyOf(read: TypedValue<unknown>): string | undefined {
  return read.kind === "absent" ? undefined : read.key;
}

function notNegative(read: TypedValue<number>): TypedValue<number> {
  return checked(read, (value) => value >= 0, "must not be negative");
}

/** With the check of the entry's that Spark throws over. */
function checked(
  read: TypedValue<number>,
  isFit: (value: number) => boolean,
  why: string,
): TypedValue<number> {
  if (read.kind !== "known" || isFit(read.value)) return read;
  const { key, where } = read;
  return { kind: "invalid", why, key, where };
}
