import { decide } from "../../engine/decide.ts";
import type { Decision } from "../../engine/decision.ts";
import type { Facts } from "../../engine/facts.ts";
import type { Mode } from "../../engine/policy.ts";
import type { PolicySet } from "../../engine/policy-set.ts";
import { isRecord } from "../../kubernetes/json.ts";
import type { ResourceQuota } from "../../kubernetes/resource-quota.ts";
import type { AdmittedObject } from "../../kubernetes/admitted-object.ts";
import type { StringMap } from "../../kubernetes/pod.ts";
import type { NamedDocument } from "../../policy/collect.ts";
import { parseMoment } from "../../policy/moment.ts";
import type { Problem } from "../../policy/problem.ts";
import { reportEntry } from "../../report/report.ts";
import type { Role } from "../../spark/role.ts";
import { PROPERTIES_KEY } from "../../spark/driver-conf.ts";
import { objectRequest } from "../object-request.ts";
import { differences, type Expectation } from "./compare.ts";

/** What may be given beside the object. */
interface Given {
  readonly at?: string;
  readonly namespace?: { readonly name?: string; readonly labels?: StringMap };
  readonly quotas?: readonly (Omit<ResourceQuota, "hard"> & Partial<ResourceQuota>)[];
  readonly mode?: Mode | "AsWritten";
  readonly user?: { readonly username: string; readonly groups?: readonly string[] };
}

/** A case of a SparkPolicyTest. */
export interface PolicyCase extends Given {
  readonly name: string;
  readonly object: Readonly<Record<string, unknown>> | string;
  readonly role?: Role;
  readonly expect: Expectation;
}

/** The spec of a SparkPolicyTest that fits its schema. */
export interface PolicyTestSpec extends Given {
  readonly platform?: string;
  readonly alone?: boolean;
  readonly objects?: Readonly<Record<string, unknown>>;
  readonly cases: readonly PolicyCase[];
}

/** What a case came to. */
export interface CaseResult {
  readonly policy: string;
  readonly name: string;
  readonly problems: readonly Problem[];
}

/** Compiles the policies as a case wants them. */
export type CompileFor = (options: {
  readonly platform: string | undefined;
  readonly mode: Mode | undefined;
  /** Leave out all other policies. */
  readonly only: string | undefined;
}) => PolicySet;

/** So that a test that says no time never depends on the day on which it runs. */
const DEFAULT_AT = Date.UTC(2026, 0, 1);

/** The spec of a test document. */
export function specOf({ document }: NamedDocument): PolicyTestSpec {
  return (document.value as { readonly spec: PolicyTestSpec }).spec;
}

/** Runs one case of a test document; problems stand at their place in it. */
export function runCase(test: NamedDocument, index: number, compile: CompileFor): CaseResult {
  const spec = specOf(test);
  const one = spec.cases[index];
  if (one === undefined) throw new RangeError(`there is no case ${index}`);
  const problems: Problem[] = [];
  const tell: Tell = (path, message) => {
    problems.push(test.document.problem(["spec", "cases", index, ...path], message));
  };
  const at = timeOf({ ...spec, ...one });
  const found = objectRequest(objectOf(spec, one.object), { role: one.role });
  if (at === undefined) tell(["at"], "is no moment");
  if (found === undefined) tell(["object"], whyNone(spec, one.object));
  if (at !== undefined && found !== undefined)
    judge(test, one, { asked: found.request, at }, compile, tell);
  return { policy: test.name, name: one.name, problems };
}

type Tell = (path: readonly (string | number)[], message: string) => void;

function judge(
  test: NamedDocument,
  one: PolicyCase,
  { asked, at }: { readonly asked: AdmittedObject; readonly at: number },
  compile: CompileFor,
  tell: Tell,
): void {
  const spec = specOf(test);
  const given: Given = { ...spec, ...one };
  const mode = given.mode ?? "Enforce";
  const set = compile({
    platform: spec.platform,
    mode: mode === "AsWritten" ? undefined : mode,
    only: spec.alone === true ? test.name : undefined,
  });
  const request = requestOf(asked, given);
  const decision = decide(set, request, factsOf(given, request.namespace, at));
  if (decision.kind === "malformed") {
    // The API server refuses it before any policy is asked, so whatever is expected would say nothing.
    for (const { path, message } of decision.errors) tell(["object"], `${path}: ${message}`);
  }
  const place = { file: "", line: 0, kind: request.kind, namespace: "", name: "", prefix: "" };
  const { verdict, findings } = reportEntry(place, decision);
  const result = {
    verdict,
    findings: findings.filter(({ policy }) => policy === test.name),
    all: findings,
    object: admittedBy(decision, request.object),
  };
  for (const difference of differences(one.expect, result)) {
    tell(["expect", ...difference.path], difference.message);
  }
}

function timeOf({ at }: Given): number | undefined {
  return at === undefined ? DEFAULT_AT : parseMoment(at);
}

/** The object as it is admitted, where it is. */
function admittedBy(decision: Decision, object: unknown): unknown {
  switch (decision.kind) {
    case "decided":
      return decision.enforced.pod;
    case "decided-conf": {
      const map = decision.subject.object;
      return { ...map, data: { ...map.data, [PROPERTIES_KEY]: decision.enforced.text } };
    }
    default:
      return object;
  }
}

function requestOf(asked: AdmittedObject, { namespace, user }: Given): AdmittedObject {
  return {
    ...asked,
    namespace: namespace?.name ?? asked.namespace,
    user: user && { groups: [], ...user },
  };
}

function objectOf({ objects }: PolicyTestSpec, object: PolicyCase["object"]) {
  const value = typeof object === "string" ? ownValue(objects, object) : object;
  return isRecord(value) ? value : {};
}

function ownValue(objects: PolicyTestSpec["objects"], name: string): unknown {
  return objects !== undefined && Object.hasOwn(objects, name) ? objects[name] : undefined;
}

function whyNone({ objects }: PolicyTestSpec, object: PolicyCase["object"]): string {
  if (typeof object !== "string") return "holds no Pod and no conf that could be judged";
  if (ownValue(objects, object) !== undefined) return `'${object}' holds no Pod`;
  const names = Object.keys(objects ?? {});
  return `there is no object '${object}', allowed: ${names.join(", ") || "none, see spec.objects"}`;
}

function factsOf({ namespace, quotas }: Given, name: string, at: number): Facts {
  const labels = namespace?.labels;
  return {
    at,
    namespace: labels && { name, labels },
    quotas: quotas?.map((quota) => ({ name: quota.name, hard: quota.hard ?? {} })),
  };
}
