import { RuleProblem } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";
import { quantityToMiB } from "../kubernetes/quantity.ts";
import type { Language } from "../spark/carried.ts";

/** The block of memory, as its schema has it. */
interface MemorySpec {
  readonly overheadFactor?: Readonly<Partial<Record<Language, number>>>;
  readonly minOverhead?: string;
  readonly action?: Memory["action"];
  readonly maxTotal?: string;
  readonly maxTasksPerCore?: number;
}

/** What a memory policy asks of Pods. */
export interface Memory {
  readonly overheadFactor: Readonly<Record<Language, number>>;
  /** MiB. */
  readonly minOverhead: number;
  readonly action: "Raise" | "Warn" | "Deny";
  readonly maxTotal: MaxTotal | undefined;
  readonly maxTasksPerCore: number | undefined;
}

interface MaxTotal {
  /** As the policy says it. */
  readonly text: string;
  readonly mebibytes: number;
}

/** What Spark takes itself (Constants.NON_JVM_MEMORY_OVERHEAD_FACTOR, Config.MEMORY_OVERHEAD_FACTOR). */
const FACTORS: Memory["overheadFactor"] = { jvm: 0.1, python: 0.4, r: 0.4 };
const MIN_OVERHEAD = "384Mi";

/** Checks a block that fits the schema. Throws a RuleProblem for what the schema cannot say. */
export function compileMemory(block: unknown): Memory {
  const spec = block as MemorySpec;
  const minOverhead = mebibytesOf(spec.minOverhead ?? MIN_OVERHEAD, "minOverhead");
  const { maxTotal } = spec;
  const most = maxTotal === undefined ? Infinity : mebibytesOf(maxTotal, "maxTotal");
  if (most <= minOverhead) {
    const least = spec.minOverhead ?? MIN_OVERHEAD;
    throw problem("maxTotal", `leaves no room for a heap beside minOverhead ${quoted(least)}`);
  }
  return {
    overheadFactor: { ...FACTORS, ...spec.overheadFactor },
    minOverhead,
    action: spec.action ?? "Warn",
    maxTotal: maxTotal === undefined ? undefined : { text: maxTotal, mebibytes: most },
    maxTasksPerCore: spec.maxTasksPerCore,
  };
}

/** MiB of overhead that a heap needs, whole ones as Spark counts them. Unknown counts as jvm. */
export function neededOverhead(
  { overheadFactor, minOverhead }: Pick<Memory, "overheadFactor" | "minOverhead">,
  language: Language | undefined,
  heap: number,
): number {
  return Math.max(Math.trunc(overheadFactor[language ?? "jvm"] * heap), minOverhead);
}

function mebibytesOf(text: string, key: string): number {
  const amount = quantityToMiB(text);
  if (amount === undefined || amount < 0) {
    throw problem(key, `${quoted(text)} is no quantity such as 384Mi or 64Gi`);
  }
  // Spark's 384m are MiB, Kubernetes' are thousandths of a byte.
  if (amount > 0 && amount < 1) {
    throw problem(key, `${quoted(text)} is less than 1Mi: write Mi or Gi`);
  }
  return Math.ceil(amount);
}

function problem(key: string, message: string): RuleProblem {
  return new RuleProblem(message, { path: [key], allowed: [] });
}
