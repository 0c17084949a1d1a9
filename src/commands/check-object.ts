import { decide } from "../engine/decide.ts";
import type { Decision } from "../engine/decision.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { parseFieldPath } from "../kubernetes/field-path.ts";
import { isRecord } from "../kubernetes/json.ts";
import type { JsonObject } from "../kubernetes/pod.ts";
import type { DocumentPath, SourceDocument } from "../policy/document.ts";
import type { Problem } from "../policy/problem.ts";
import { reportEntry, skippedEntry, type Origin, type ReportEntry } from "../report/report.ts";
import { ROLE_LABEL, ROLES, type Role } from "../spark/role.ts";
import { objectRequest, type ObjectRequest } from "./object-request.ts";
import type { Facts } from "../engine/facts.ts";

/** What the policies say of an object, or why it is none. */
export type CheckedObject =
  | {
      readonly kind: "judged";
      readonly entry: ReportEntry;
      /** What the entry was made of; undefined where there is nothing to judge. */
      readonly judgement: Judgement | undefined;
    }
  | { readonly kind: "unreadable"; readonly problem: Problem };

/** A decision on an object, and what it was asked with. */
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

/** Judges an object of a file as the webhook would judge it, or the Pod in it. */
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
  const found = objectRequest(value, options);
  if (found === undefined) return judged(skippedEntry(origin, nothingIn(kind)));
  const request = { ...found.request, namespace: origin.namespace };
  const facts = factsOf(origin.namespace);
  const decision = decide(set, request, facts);
  if (decision.kind === "malformed") {
    const [error] = decision.errors;
    const path = pathIn(found, error?.path ?? "");
    return unreadable(document, path, error?.message ?? `is no ${request.kind}`);
  }
  if (decision.kind === "skipped" && decision.reason === "not-a-conf") {
    return judged(skippedEntry(origin, nothingIn(kind)));
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

function nothingIn(kind: string): string {
  return `a ${kind} holds no Pod that could be judged`;
}

/** A field path of what was judged as a path in the document. */
function pathIn({ path }: ObjectRequest, fieldPath: string): DocumentPath {
  return [...path, ...parseFieldPath(fieldPath)];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
