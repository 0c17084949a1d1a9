import type { ConfDraft } from "../engine/conf-draft.ts";
import type { Effect } from "../engine/policy.ts";
import { type PodMemory, readMemory } from "../spark/memory-model.ts";
import type { SparkConf } from "../spark/spark-conf.ts";
import type { ConfSubject } from "../spark/subject.ts";
import { judgeConfMemory, type Lack, lackOf, memoryOf, remedyOf } from "./memory-conf.ts";
import type { Memory } from "./memory-spec.ts";
import { sentenceOf } from "./spark-conf-judges.ts";

/** What executors get more by: a share of the heap, or where the job says an amount, which goes before a share, that. */
export const RAISED_KEYS: readonly string[] = [
  "spark.executor.memoryOverhead",
  "spark.executor.memoryOverheadFactor",
];

/** Tells what is wrong with the memory of the Pods of a role, and changes nothing. */
export function tellConfMemory(conf: SparkConf, subject: ConfSubject, spec: Memory): Effect {
  return told(judgeConfMemory(conf, subject, spec).map(sentenceOf));
}

/**
 * Gives executors the overhead that the policy asks for, and tells what else is wrong. The driver's Pod is there before its
 * conf (KubernetesClientApplication.run): nothing can be done for it.
 */
export function raiseConfMemory(draft: ConfDraft, subject: ConfSubject, spec: Memory): Effect {
  if (subject.role !== "executor") return tellConfMemory(draft.conf, subject, spec);
  if (subject.surface === "application" && !subject.isMended) {
    const { kept } = tellConfMemory(draft.conf, subject, spec);
    return told(kept.map((text) => `${text}; nothing changes the conf of this ${subject.kind}`));
  }
  // Also where nothing is to be raised: asked again, no policy of lower priority is to have its way.
  const isOurs = RAISED_KEYS.map((key) => draft.claim(key)).every(Boolean);
  const raise = raiseOf(draft.conf, subject, spec);
  if (raise === undefined) return tellConfMemory(draft.conf, subject, spec);
  if (!isOurs || raise.isTooMuch) {
    const why = isOurs ? "maxTotal leaves no room" : "another policy has spoken";
    const [lack = "", ...others] = tellConfMemory(draft.conf, subject, spec).kept;
    return told([`${lack}; not raised: ${why}`, ...others]);
  }
  const { key, value } = raise;
  draft.set(key, value);
  const { kept } = tellConfMemory(draft.conf, subject, spec);
  if (subject.surface === "application") {
    const { fieldOf } = subject.place;
    return told([`${fieldOf(key)} becomes ${value} in the driver's conf`, ...kept]);
  }
  const text = `executors' overhead ${raise.lack.is} -> ${raise.lack.needed} MiB: ${key}=${value}`;
  return raise.memory.overheadKey === undefined
    ? { summary: text, replaced: [], kept }
    : { summary: undefined, replaced: [text], kept };
}

function told(kept: readonly string[]): Effect {
  return { summary: undefined, replaced: [], kept };
}

interface Raise {
  readonly key: string;
  readonly value: string;
  readonly lack: Lack;
  /** As it was. */
  readonly memory: PodMemory;
  /** Whether the Pod would have more than the policy allows. */
  readonly isTooMuch: boolean;
}

/** What would give executors enough; undefined where they have it, or nobody can tell. */
function raiseOf(conf: SparkConf, subject: ConfSubject, spec: Memory): Raise | undefined {
  const of = memoryOf(conf, subject);
  const reading = of && readMemory(conf, of);
  if (of === undefined || reading?.kind !== "known") return undefined;
  const { memory } = reading;
  const lack = lackOf(memory, of, spec);
  if (lack === undefined) return undefined;
  const { key, value } = remedyOf(lack, memory, of.role, spec);
  const after = readMemory(conf.with(key, value), of);
  const total = after.kind === "known" ? after.memory.total.most : Infinity;
  const isTooMuch = total > (spec.maxTotal?.mebibytes ?? Infinity);
  return { key, value, lack, memory, isTooMuch };
}
