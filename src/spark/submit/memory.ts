import type { ConfReader } from "./conf-reader.ts";
import { isSince } from "./spark-version.ts";
import type { Language } from "./submission.ts";

const FACTOR = "spark.kubernetes.memoryOverheadFactor";

/** ResourceProfile.MEMORY_OVERHEAD_MIN_MIB; since 4.0 the default of `spark.ROLE.minMemoryOverhead`. */
const LEAST_OVERHEAD = 384;

/** Of heaps that nobody sizes, in MiB. */
const HEAP = 1024;

/**
 * The share of the heap that comes on top of it (BasicDriverFeatureStep.defaultOverheadFactor); the driver's is handed on to
 * executors by its conf. 0.4 for Python and R, whose workers live outside of the heap.
 */
export function overheadFactor(conf: ConfReader, language: Language): number {
  return conf.number(FACTOR) ?? (language === "java" ? 0.1 : 0.4);
}

/** `Double.toString` of a factor. */
export function factorText(factor: number): string {
  return Number.isInteger(factor) ? `${factor}.0` : String(factor);
}

/** MiB in the shortest form, which the API server gives a quantity. */
export function memoryQuantity(mebibytes: number): string {
  return mebibytes % 1024 === 0 && mebibytes > 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`;
}

/** What a driver asks for, in MiB (BasicDriverFeatureStep). */
export function driverMemory(
  conf: ConfReader,
  { factor, version }: { readonly factor: number; readonly version: string },
): number {
  const heap = conf.mebibytes("spark.driver.memory") ?? HEAP;
  return heap + overhead(conf, "driver", { heap, factor, version });
}

/** What an executor asks for, in MiB: its heap, and all of it (ResourceProfile.getResourcesForClusterManager). */
export function executorMemory(
  conf: ConfReader,
  { language, version }: { readonly language: Language; readonly version: string },
): { readonly heap: number; readonly total: number } {
  const heap = conf.mebibytes("spark.executor.memory") ?? HEAP;
  const factor = conf.number(FACTOR) ?? 0.1;
  const offHeap = conf.isTrue("spark.memory.offHeap.enabled")
    ? (conf.mebibytesOfBytes("spark.memory.offHeap.size") ?? 0)
    : 0;
  const python = language === "python" ? (conf.mebibytes("spark.executor.pyspark.memory") ?? 0) : 0;
  return {
    heap,
    total: heap + overhead(conf, "executor", { heap, factor, version }) + offHeap + python,
  };
}

interface Overhead {
  readonly heap: number;
  readonly factor: number;
  readonly version: string;
}

function overhead(
  conf: ConfReader,
  role: "driver" | "executor",
  { heap, factor, version }: Overhead,
): number {
  const whole = conf.mebibytes(`spark.${role}.memoryOverhead`);
  if (whole !== undefined) return whole;
  const own = conf.number(`spark.${role}.memoryOverheadFactor`) ?? factor;
  const said = isSince(version, "4.0")
    ? conf.mebibytes(`spark.${role}.minMemoryOverhead`)
    : undefined;
  const least = said ?? LEAST_OVERHEAD;
  return Math.max(Math.trunc(own * heap), least);
}
