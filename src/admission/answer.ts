import type { Decided, Decision } from "../engine/decision.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { oneLine } from "../engine/text.ts";
import type { Subject } from "../spark/subject.ts";
import type { ReviewRequest } from "./review.ts";
import { auditAnnotationsOf } from "./audit-annotations.ts";
import { causeText, reasonsOf, refusalMessage, type Reason } from "./texts.ts";
import { warningsOf } from "./warnings.ts";

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

const CAUSE = "FieldValueInvalid" as const;

/** A Pod of thousands of containers would make an answer of megabytes, which etcd's clients and logs then carry. */
const MOST_CAUSES = 50;

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
      readonly reason: typeof CAUSE;
      readonly field: string;
      readonly message: string;
    }[];
  };
}

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
    case "decided-conf":
    case "decided-application":
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
  const { kind } = request; // one that was recognized
  return {
    allowed: false,
    status: failure(kind, name, refusalMessage(`${kind} ${name}`, reasons), reasons),
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
  decision: Decided,
): Omit<AdmissionResponse, "uid"> {
  const { subject, enforced, preview } = decision;
  const common = {
    ...listed("warnings", warningsOf(subject, enforced, preview)),
    auditAnnotations: auditAnnotationsOf(set.digest, decision),
  };
  if (enforced.refused) {
    const reasons = enforced.outcomes
      .filter((outcome) => outcome.refuses)
      .flatMap((outcome) => reasonsOf(outcome, request.uid));
    return {
      allowed: false,
      status: failure(
        kindOf(subject),
        subject.name,
        refusalMessage(whatIs(subject), reasons),
        reasons,
      ),
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

function kindOf(subject: Subject): string {
  switch (subject.surface) {
    case "pod":
      return "Pod";
    case "driver-conf":
      return "ConfigMap";
    case "application":
      return subject.kind;
  }
}

/** What was refused, as its author knows it: of a conf the application, since the name of its ConfigMap says nothing. */
function whatIs(subject: Subject): string {
  const { surface, role, name, application } = subject;
  if (surface === "pod") return `${role} Pod ${name}`;
  if (surface === "application") return `${subject.kind} ${name}`;
  return `the conf of ${application.name ?? application.id ?? "an application"} (ConfigMap ${name})`;
}

function failure(
  kind: string,
  name: string,
  message: string,
  reasons: readonly Reason[],
): AdmissionStatus {
  const causes = reasons.slice(0, MOST_CAUSES).map((reason) => ({
    reason: CAUSE,
    field: oneLine(reason.field, 300),
    message: causeText(reason),
  }));
  if (reasons.length > MOST_CAUSES) {
    const message = `[sparkgate] +${reasons.length - MOST_CAUSES} more: sparkgate explain`;
    causes.push({ reason: CAUSE, field: "spec", message });
  }
  return {
    status: "Failure",
    code: 422,
    reason: "Invalid",
    message,
    details: {
      kind,
      name: oneLine(name, LONGEST_NAME),
      causes,
    },
  };
}

function listed<K extends string>(key: K, values: readonly string[]) {
  return (values.length > 0 ? { [key]: values } : {}) as {
    readonly [key in K]?: readonly string[];
  };
}
