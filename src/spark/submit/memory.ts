import type { Language as AnyLanguage } from "../carried.ts";
import { handedOnFactor, readMemory, type PodMemory } from "../memory-model.ts";
import { type ConfReader, valueOf } from "./conf-reader.ts";
import { RefusedSubmission } from "./refused-submission.ts";
import type { Language } from "./submission.ts";

/** Of the memory of what is submitted. */
interface Submitted {
  readonly language: Language;
  readonly version: string;
}

/** The share of the heap that the driver hands on to its executors by its conf. */
export function overheadFactor(conf: ConfReader, language: Language): number {
  return valueOf(handedOnFactor(conf.sparkConf, anyLanguage(language))) ?? 0;
}

/** `Double.toString` of a factor. */
export function factorText(factor: number): string {
  if (factor === 0 || factor === Infinity || (factor >= 1e-3 && factor < 1e7)) {
    return Number.isInteger(factor) ? `${factor}.0` : String(factor);
  }
  const [digits = "", exponent = ""] = factor.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${exponent.replace("+", "")}`;
}

/** MiB in the shortest form, which the API server gives a quantity. */
export function memoryQuantity(mebibytes: number): string {
  return mebibytes % 1024 === 0 && mebibytes > 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`;
}

/** What a driver asks for, in MiB. */
export function driverMemory(conf: ConfReader, submitted: Submitted): number {
  return memoryOf(conf, "driver", submitted).total.least;
}

/** What an executor asks for, in MiB: its heap, and all of it. */
export function executorMemory(
  conf: ConfReader,
  submitted: Submitted,
): { readonly heap: number; readonly total: number } {
  const { heap, total } = memoryOf(conf, "executor", submitted);
  return { heap, total: total.least };
}

function memoryOf(
  { sparkConf }: ConfReader,
  role: "driver" | "executor",
  { language, version }: Submitted,
): PodMemory {
  const of = { role, version, language: anyLanguage(language), isSubmitted: true };
  const reading = readMemory(sparkConf, of);
  if (reading.kind === "known") return reading.memory;
  throw new RefusedSubmission(`${reading.key}: ${reading.why}`);
}

function anyLanguage(language: Language): AnyLanguage {
  return language === "java" ? "jvm" : language;
}
