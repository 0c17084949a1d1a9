import { APPLIED_ANNOTATION } from "../engine/applied.ts";
import type { Decision, PolicyOutcome, Run } from "../engine/decision.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { oneLine } from "../engine/text.ts";
import type { Subject } from "../spark/subject.ts";
import type { ReviewRequest } from "./review.ts";
import { causeText, reasonsOf, refusalMessage, violationText, warningText } from "./texts.ts";

/** An AdmissionReview (admission.k8s.io/v1) with its response. */
export interface AdmissionReviewAnswer {
  readonly apiVersion: "admission.k8s.io/v1";
  readonly kind: "AdmissionReview";
  readonly response: AdmissionResponse;
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: AdmissionStatus;
  readonly patchType?: "JSONPatch";
  /** Base64 of the JSON Patch. */
  readonly patch?: string;
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** 422 Invalid with causes: of all codes and reasons the one that kubectl prints as a list, a line a cause. */
interface AdmissionStatus {
  readonly status: "Failure";
  readonly code: 422;
  readonly reason: "Invalid";
  readonly message: string;
  readonly details: {
    readonly kind: string;
    readonly name: string;
    readonly causes: readonly {
      readonly reason: "FieldValueInvalid";
      readonly field: string;
      readonly message: string;
    }[];
  };
}

/**
 * Characters of an audit annotation's value. The API server sets no limit of its own; an audit log line of
 * more than some KiB is cut by those who collect it.
 */
const LONGEST_AUDIT_VALUE = 2048;

/** Names of Kubernetes are no longer; one that was not checked yet may be. */
const LONGEST_NAME = 253;

/** Writes the answer to a review. */
export function encodeAnswer(
  set: PolicySet,
  request: ReviewRequest,
  decision: Decision,
): AdmissionReviewAnswer {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: request.uid, ...responseOf(set, request, decision) },
  };
}

function responseOf(
  set: PolicySet,
  request: ReviewRequest,
  decision: Decision,
): Omit<AdmissionResponse, "uid"> {
  switch (decision.kind) {
    case "skipped":
      return { allowed: true };
    case "malformed":
      return malformedResponse(request, decision);
    case "decided":
      return decidedResponse(set, request, decision);
  }
}

function malformedResponse(
  request: ReviewRequest,
  { errors, refused }: Extract<Decision, { kind: "malformed" }>,
): Omit<AdmissionResponse, "uid"> {
  const texts = errors.map(({ path, message }) => ({ field: path || "object", text: message }));
  if (!refused) {
    return {
      allowed: true,
      warnings: texts.map(({ field, text }) =>
        oneLine(`[sparkgate] not looked at: ${field} ${text}`, 120),
      ),
    };
  }
  const reasons = texts.map((entry) => ({ policy: "well-formed", ...entry }));
  const name = nameOf(request);
  return {
    allowed: false,
    status: failure(name, refusalMessage(`Pod ${name}`, reasons), reasons),
  };
}

/** The name of an object that could not be read, or `PREFIX*` where it has none yet. */
function nameOf({ name, object }: ReviewRequest): string {
  if (name !== "") return name;
  const { metadata } = (object ?? {}) as { readonly metadata?: unknown };
  const { generateName } = (metadata ?? {}) as { readonly generateName?: unknown };
  return typeof generateName === "string" ? `${generateName}*` : "(without a name)";
}

function decidedResponse(
  set: PolicySet,
  request: ReviewRequest,
  decision: Extract<Decision, { kind: "decided" }>,
): Omit<AdmissionResponse, "uid"> {
  const { subject, enforced, preview } = decision;
  const common = {
    ...listed("warnings", warningsOf(subject, enforced, preview)),
    auditAnnotations: auditAnnotationsOf(set, enforced, preview),
  };
  if (enforced.refused) {
    const reasons = enforced.outcomes
      .filter((outcome) => outcome.refuses)
      .flatMap((outcome) => reasonsOf(outcome, request.uid));
    const what = `${subject.role} Pod ${subject.name}`;
    return {
      allowed: false,
      status: failure(subject.name, refusalMessage(what, reasons), reasons),
      ...common,
    };
  }
  if (enforced.operations.length === 0) return { allowed: true, ...common };
  return {
    allowed: true,
    patchType: "JSONPatch",
    patch: Buffer.from(JSON.stringify(enforced.operations)).toString("base64"),
    ...common,
  };
}

function failure(
  name: string,
  message: string,
  reasons: readonly { policy: string; field: string; text: string }[],
): AdmissionStatus {
  return {
    status: "Failure",
    code: 422,
    reason: "Invalid",
    message,
    details: {
      kind: "Pod",
      name: oneLine(name, LONGEST_NAME),
      causes: reasons.map((reason) => ({
        reason: "FieldValueInvalid",
        field: oneLine(reason.field, 300),
        message: causeText(reason),
      })),
    },
  };
}

/**
 * What the author of the object is told. Of changes only a driver's are told, since nobody reads the warnings
 * on an executor, which go to the driver; a choice that was replaced and a refusal that was not made always are.
 */
function warningsOf(subject: Subject, enforced: Run, preview: Run | undefined): readonly string[] {
  const warnings = enforced.outcomes.flatMap((outcome) => enforcedWarnings(subject, outcome));
  for (const outcome of preview?.outcomes ?? []) {
    if (outcome.mode === "Warn") warnings.push(...previewWarnings(outcome));
  }
  return warnings;
}

function enforcedWarnings(subject: Subject, outcome: PolicyOutcome): string[] {
  const { policy, effect, error, refuses, violations } = outcome;
  const warnings = (effect?.replaced ?? []).map((text) => warningText(policy, text));
  if (effect !== undefined && effect.replaced.length === 0 && subject.role !== "executor") {
    warnings.push(warningText(policy, effect.summary));
  }
  if (refuses) return warnings;
  if (error !== undefined) warnings.push(warningText(policy, `could not be evaluated: ${error}`));
  return [...warnings, ...violations.map((found) => warningText(policy, violationText(found)))];
}

function previewWarnings({ policy, effect, error, violations }: PolicyOutcome): string[] {
  const texts = violations.map(
    (found) => `would be refused: ${found.field}: ${violationText(found)}`,
  );
  if (effect !== undefined) texts.push(`would change: ${effect.summary}`);
  if (error !== undefined) texts.push(`could not be evaluated: ${error}`);
  return texts.map((text) => warningText(policy, text));
}

/**
 * For the API server's audit log. The values depend on the object alone: a second, different one for the same key
 * (reinvocation) is dropped by the API server with a line in its log.
 */
function auditAnnotationsOf(
  set: PolicySet,
  enforced: Run,
  preview: Run | undefined,
): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = { "policy-set": set.digest };
  const applied = enforced.pod.metadata?.annotations?.[APPLIED_ANNOTATION];
  if (applied !== undefined && !enforced.refused) annotations["applied"] = cut(applied);
  const refusing = enforced.outcomes.filter((outcome) => outcome.refuses);
  if (refusing.length > 0) annotations["refused-by"] = names(refusing);
  const spared = enforced.outcomes.filter(
    (outcome) => !outcome.refuses && (outcome.violations.length > 0 || outcome.error !== undefined),
  );
  if (spared.length > 0) annotations["not-refused"] = names(spared);
  const previewed = (preview?.outcomes ?? []).filter((outcome) => outcome.mode !== "Enforce");
  const wouldRefuse = previewed.filter((outcome) => outcome.refuses);
  if (wouldRefuse.length > 0) annotations["would-be-refused-by"] = names(wouldRefuse);
  const wouldChange = previewed.filter((outcome) => outcome.changes.length > 0);
  if (wouldChange.length > 0) annotations["would-be-changed-by"] = names(wouldChange);
  return annotations;
}

function names(outcomes: readonly PolicyOutcome[]): string {
  return cut(outcomes.map((outcome) => outcome.policy).join(","));
}

function cut(text: string): string {
  return text.length > LONGEST_AUDIT_VALUE ? `${text.slice(0, LONGEST_AUDIT_VALUE - 1)}…` : text;
}

function listed<K extends string>(key: K, values: readonly string[]) {
  return (values.length > 0 ? { [key]: values } : {}) as {
    readonly [key in K]?: readonly string[];
  };
}
