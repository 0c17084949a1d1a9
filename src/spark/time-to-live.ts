import type { Pod } from "../kubernetes/pod.ts";
import type { Parsed } from "./java-string.ts";

/**
 * The annotation of a driver Pod that says how many seconds after its end it may be deleted: a whole number, as
 * `ttlSecondsAfterFinished` of a Job. Nothing in Kubernetes deletes a finished Pod for its age, and spark-submit's drivers
 * stay for good; `sparkgate sweep` goes by it.
 */
export const TTL_ANNOTATION = "sparkgate.io/ttl-seconds-after-finished";

/** The time to live that a Pod's annotation says, in seconds; undefined where it has none. */
export function annotatedTimeToLive({ metadata }: Pod): Parsed<number> | undefined {
  const annotations = metadata?.annotations ?? {};
  if (!Object.hasOwn(annotations, TTL_ANNOTATION)) return undefined;
  const text = annotations[TTL_ANNOTATION] ?? "";
  return /^\d{1,10}$/.test(text)
    ? { kind: "known", value: Number(text) }
    : { kind: "invalid", why: "must be a whole number of seconds, such as 86400" };
}
