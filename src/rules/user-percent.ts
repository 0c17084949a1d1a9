import { quoted } from "../engine/text.ts";
import type { Pod } from "../kubernetes/pod.ts";

/** By this a job chooses its share: spark.kubernetes.executor.annotation.sparkgate.io/on-demand-percent=40. */
const ANNOTATION = "sparkgate.io/on-demand-percent";

/** What a job may choose, percent. */
export interface UserRange {
  readonly min: number;
  readonly max: number;
}

/** The percent that counts for a Pod, and what is told where that is not what its job wants. */
export interface ChosenPercent {
  readonly percent: number;
  readonly replaced: readonly string[];
}

/** What a job chose by annotation, within the range; the policy's percent where it chose nothing or may not choose. */
export function percentFor(
  { metadata }: Pod,
  percent: number,
  range: UserRange | undefined,
): ChosenPercent {
  const annotations = metadata?.annotations ?? {};
  const text = Object.hasOwn(annotations, ANNOTATION) ? annotations[ANNOTATION] : undefined;
  if (text === undefined) return { percent, replaced: [] };
  const isPercent = /^\d{1,3}$/.test(text) && Number(text) <= 100;
  const chosen =
    range === undefined || !isPercent
      ? percent
      : Math.min(Math.max(Number(text), range.min), range.max);
  if (isPercent && chosen === Number(text)) return { percent: chosen, replaced: [] };
  const why =
    range === undefined
      ? "the policy leaves no choice"
      : `the policy allows ${range.min} to ${range.max}`;
  return {
    percent: chosen,
    replaced: [`${ANNOTATION} ${quoted(text)} replaced: ${chosen}, ${why}`],
  };
}
