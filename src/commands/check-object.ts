import { decide } from "../engine/decide.ts";
import type { Decision } from "../engine/decision.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { parseFieldPath } from "../kubernetes/field-path.ts";
import { isRecord } from "../kubernetes/json.ts";
import { findPod, type FoundPod } from "../kubernetes/pod-template.ts";
import type { JsonObject } from "../kubernetes/pod.ts";
import type { DocumentPath, SourceDocument } from "../policy/document.ts";
import type { Problem } from "../policy/problem.ts";
import { reportEntry, skippedEntry, type Origin, type ReportEntry } from "../report/report.ts";
import { ROLE_LABEL, ROLES, type Role } from "../spark/role.ts";
import { podRequest } from "./pod-request.ts";
import type { Facts } from "../engine/facts.ts";

/** What the policies say of an object, or why it is none. */
export type CheckedObject =
  | {
      readonly kind: "judged";
      readonly entry: ReportEntry;
      /** What the entry was made of; undefined where there is no Pod. */
      readonly judgement: Judgement | undefined;
    }
  | { readonly kind: "unreadable"; readonly problem: Problem };

/** A decision on the Pod of an object, and what it was asked with. */
export interface Judgement {
  readonly request: AdmittedObject;
  readonly facts: Facts;
  readonly decision: Decision;
}

export interface CheckObjectOptions {
  /** For a Pod that does not say its own. */
  readonly role?: Role;
  /** For an object that does not say its own. */
  readonly namespace: string;
}

/** What is known of a namespace. */
export type FactsOf = (namespace: string) => Facts;

/** Judges an object of a file as the webhook would judge the Pod in it. */
export function checkObject(
  set: PolicySet,
  document: SourceDocument,
  options: CheckObjectOptions,
  factsOf: FactsOf,
): CheckedObject {
  const { value } = document;
  if (!isRecord(value)) return unreadable(document, [], "is not a Kubernetes object");
  const kind = text(value["kind"]);
  if (kind === undefined)
    return unreadable(document, [], "is not a Kubernetes object: it has no kind");
  const origin = originOf(document, value, kind, options.namespace);
  const found = findPod(value);
  if (found === undefined) {
    return judged(skippedEntry(origin, `a ${kind} holds no Pod that could be judged`));
  }
  const request = { ...podRequest(found.value, options), namespace: origin.namespace };
  const facts = factsOf(origin.namespace);
  const decision = decide(set, request, facts);
  if (decision.kind === "malformed") {
    const [error] = decision.errors;
    return unreadable(document, pathIn(found, error?.path ?? ""), error?.message ?? "is no Pod");
  }
  if (decision.kind === "skipped" && decision.reason === "not-spark") {
    const reason = `not Spark's: no label ${ROLE_LABEL}; --role ${ROLES.join("|")} judges it as one`;
    return judged(skippedEntry(origin, reason));
  }
  const prefix = found.path.map((key) => `${key}.`).join("");
  return judged(reportEntry({ ...origin, prefix }, decision), { request, facts, decision });
}

function judged(entry: ReportEntry, judgement?: Judgement): CheckedObject {
  return { kind: "judged", entry, judgement };
}

function unreadable(document: SourceDocument, path: DocumentPath, message: string): CheckedObject {
  return { kind: "unreadable", problem: document.problem(path, message) };
}

function originOf(
  document: SourceDocument,
  value: JsonObject,
  kind: string,
  namespace: string,
): Origin {
  const metadata = isRecord(value["metadata"]) ? value["metadata"] : {};
  const { file, line } = document.problem([], "");
  return {
    file,
    line,
    kind,
    namespace: text(metadata["namespace"]) ?? namespace,
    name: text(metadata["name"]) ?? `${text(metadata["generateName"]) ?? ""}*`,
    prefix: "",
  };
}

/** A Kubernetes field path of the Pod as a path in the document. */
function pathIn({ path }: FoundPod, fieldPath: string): DocumentPath {
  return [...path, ...parseFieldPath(fieldPath)];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
