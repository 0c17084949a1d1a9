import { itemsAt, valueAt } from "../kubernetes/json.ts";
import { podEnd } from "../kubernetes/pod-end.ts";
import type { Pod, StringMap } from "../kubernetes/pod.ts";
import { recognizePod } from "./pod-subject.ts";
import type { Recognition } from "./subject.ts";
import { annotatedTimeToLive, TTL_ANNOTATION } from "./time-to-live.ts";

/** By what finished drivers are judged. */
export interface SweepTerms {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Seconds that a driver without the annotation lives after its end; undefined: for good. */
  readonly olderThan: number | undefined;
  /** Failed drivers stay, whatever their annotation says. */
  readonly keepFailed: boolean;
}

/** A driver Pod past its time to live, exactly as it was seen: one that has changed since is another one. */
export interface FinishedDriver {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly phase: "Succeeded" | "Failed";
  /** Milliseconds since 1970. */
  readonly endedAt: number;
  /** Seconds after its end. */
  readonly timeToLive: number;
  readonly timeToLiveFrom: "annotation" | "option";
}

/** Why a Pod stays. */
export const LEFT_REASONS = [
  "not-a-driver",
  "unreadable",
  "being-deleted",
  "not-finished",
  "operator",
  "controller",
  "keep-failed",
  "no-time-to-live",
  "bad-time-to-live",
  "end-unknown",
  "not-yet",
] as const;

export type LeftReason = (typeof LEFT_REASONS)[number];

export type DriverVerdict =
  | { readonly kind: "due"; readonly driver: FinishedDriver }
  | {
      readonly kind: "left";
      readonly reason: LeftReason;
      /** What is wrong with it, where somebody should mend it. */
      readonly text?: string;
    };

/** Tells whether a Pod is a finished driver past its time to live. What is not known for sure stays. Never throws. */
export function judgeDriver(pod: unknown, terms: SweepTerms): DriverVerdict {
  const recognition = recognizePod(seen(pod), "validating");
  if (recognition.kind === "malformed") return left("unreadable", shapeText(recognition));
  if (recognition.kind !== "subject" || recognition.subject.role !== "driver") {
    return left("not-a-driver");
  }
  const driver = recognition.subject.pod;
  const phase = textAt(driver, "status", "phase");
  if (valueAt(driver, "metadata", "deletionTimestamp") != null) return left("being-deleted");
  if (phase !== "Succeeded" && phase !== "Failed") return left("not-finished");
  if (isOfOperator(recognition.subject.labels)) return left("operator");
  if (hasController(driver)) return left("controller");
  if (phase === "Failed" && terms.keepFailed) return left("keep-failed");
  return judgeAge(driver, phase, terms);
}

function judgeAge(driver: Pod, phase: FinishedDriver["phase"], terms: SweepTerms): DriverVerdict {
  const annotated = annotatedTimeToLive(driver);
  // Who wrote it meant something else than the default: it is not for us to say what.
  if (annotated?.kind === "invalid") {
    return left("bad-time-to-live", `metadata.annotations[${TTL_ANNOTATION}]: ${annotated.why}`);
  }
  const timeToLive = annotated?.value ?? terms.olderThan;
  if (timeToLive === undefined) return left("no-time-to-live");
  const endedAt = podEnd(driver);
  if (endedAt === undefined) return left("end-unknown", "status: nothing says when it ended");
  if (terms.at < endedAt + timeToLive * 1000) return left("not-yet");
  const [uid, resourceVersion] = [idAt(driver, "uid"), idAt(driver, "resourceVersion")];
  const [namespace, name] = [idAt(driver, "namespace"), idAt(driver, "name")];
  if (uid === "" || resourceVersion === "" || namespace === "" || name === "") {
    return left("unreadable", "metadata: has no name, namespace, uid or resourceVersion");
  }
  const timeToLiveFrom = annotated === undefined ? "option" : "annotation";
  const object = { namespace, name, uid, resourceVersion };
  return { kind: "due", driver: { ...object, phase, endedAt, timeToLive, timeToLiveFrom } };
}

/**
 * Kubeflow's and Apache's operator read the state of their application from its driver Pod, and delete it by a time of
 * their own (timeToLiveSeconds, ttlAfterStopMillis).
 */
const OPERATOR_PREFIXES = ["sparkoperator.k8s.io/", "spark.operator/"];

function isOfOperator(labels: StringMap): boolean {
  return Object.keys(labels).some((key) =>
    OPERATOR_PREFIXES.some((prefix) => key.startsWith(prefix)),
  );
}

/** A Job or a StatefulSet would make another one in its place, or count it as lost. */
function hasController(pod: Pod): boolean {
  return itemsAt(pod, "metadata", "ownerReferences").some(
    (owner) => valueAt(owner, "controller") === true,
  );
}

function seen(pod: unknown) {
  const kind = { group: "", version: "v1", kind: "Pod", subResource: "", operation: "CREATE" };
  return {
    ...kind,
    namespace: idAt(pod, "namespace"),
    object: pod,
    admission: "validating" as const,
  };
}

function shapeText({ errors }: Extract<Recognition, { kind: "malformed" }>): string {
  return errors.map(({ path, message }) => `${path}: ${message}`).join(", ");
}

function left(reason: LeftReason, text?: string): DriverVerdict {
  return text === undefined ? { kind: "left", reason } : { kind: "left", reason, text };
}

function idAt(pod: unknown, key: string): string {
  return textAt(pod, "metadata", key) ?? "";
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const text = valueAt(value, ...path);
  return typeof text === "string" ? text : undefined;
}
