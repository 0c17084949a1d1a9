import { redactChange } from "../spark/redact.ts";
import { redactConfChange } from "../spark/redact-conf.ts";
import { refusalText } from "../admission/texts.ts";
import type { AnyRun, Decided, Decision, PolicyOutcome } from "../engine/decision.ts";
import type { Mode, ExceptionTerms } from "../engine/policy.ts";
import type { ConfigMap } from "../kubernetes/config-map.ts";
import type { Pod } from "../kubernetes/pod.ts";
import type { Role } from "../spark/role.ts";

export type Verdict = "denied" | "changed" | "ok" | "skipped";

/**
 * What a policy comes to: `deny` and `change` happen, `warn` is a violation that does not refuse,
 * `keep` left a choice of the user's, `except` an exception holds, `would-…` belongs to policies in Warn or Audit, `shadowed` gave way to another, `error` failed.
 */
export type Action =
  | "deny"
  | "warn"
  | "change"
  | "keep"
  | "would-deny"
  | "would-change"
  | "shadowed"
  | "except"
  | "error";

export interface ReportFinding {
  readonly policy: string;
  readonly mode: Mode;
  readonly action: Action;
  /** Kubernetes field path; empty where it is about no single field. */
  readonly field: string;
  readonly text: string;
}

/** Where an object came from. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Where in the object the Pod is, as a prefix of its fields: empty, or `spec.template.`. */
  readonly prefix: string;
}

/** What the policies say of one object. */
export interface ReportEntry extends Omit<Origin, "prefix"> {
  readonly role: Role | undefined;
  readonly verdict: Verdict;
  /** Why it was skipped. */
  readonly reason: string | undefined;
  readonly findings: readonly ReportFinding[];
  /** The object before and after, fit to be shown; absent where nothing changes. */
  readonly change: ShownChange | undefined;
}

export interface ShownChange {
  readonly before: Pod | ConfigMap;
  readonly after: Pod | ConfigMap;
}

/** The same data for every format. */
export interface Report {
  /** Digest of the policies. */
  readonly policySet: string;
  readonly entries: readonly ReportEntry[];
}

/** Makes an entry of a decision. */
export function reportEntry(origin: Origin, decision: Decision): ReportEntry {
  const { prefix, ...place } = origin;
  switch (decision.kind) {
    case "skipped":
      return skippedEntry(origin, decision.reason);
    case "malformed":
      return {
        ...place,
        role: decision.role,
        verdict: decision.refused ? "denied" : "ok",
        reason: undefined,
        findings: decision.errors.map((error) => ({
          policy: "well-formed",
          mode: "Enforce",
          action: decision.refused ? "deny" : "warn",
          field: prefix + error.path,
          text: error.message,
        })),
        change: undefined,
      };
    case "decided":
    case "decided-conf":
    case "decided-application": {
      const { enforced, preview } = decision;
      const changes = enforced.operations.length > 0;
      return {
        ...place,
        // All others speak of drivers and executors alike.
        role: decision.kind === "decided" ? decision.subject.role : undefined,
        verdict: enforced.refused ? "denied" : changes ? "changed" : "ok",
        reason: undefined,
        findings: [...findingsOf(enforced, prefix), ...previewFindings(preview, prefix)],
        change: changes ? changeOf(decision) : undefined,
      };
    }
  }
}

function changeOf(decision: Decided): ShownChange | undefined {
  switch (decision.kind) {
    case "decided":
      return redactChange({ before: decision.subject.pod, after: decision.enforced.pod });
    case "decided-conf":
      return redactConfChange(decision.subject.object, decision.enforced.text);
    case "decided-application":
      return undefined; // never changed
  }
}

/** An entry for an object that no policy looks at. */
export function skippedEntry(origin: Origin, reason: string): ReportEntry {
  const { file, line, kind, namespace, name } = origin;
  return {
    ...{ file, line, kind, namespace, name },
    role: undefined,
    verdict: "skipped",
    reason,
    findings: [],
    change: undefined,
  };
}

function findingsOf(run: AnyRun, prefix: string): readonly ReportFinding[] {
  return run.outcomes.flatMap((outcome) => [
    ...refusals(outcome, prefix, outcome.refuses ? "deny" : "warn"),
    ...effects(outcome, "change"),
  ]);
}

function previewFindings(run: AnyRun | undefined, prefix: string): readonly ReportFinding[] {
  return (run?.outcomes ?? [])
    .filter((outcome) => outcome.mode !== "Enforce")
    .flatMap((outcome) => [
      ...refusals(outcome, prefix, outcome.refuses ? "would-deny" : "warn"),
      ...effects(outcome, "would-change"),
    ]);
}

function refusals(
  outcome: PolicyOutcome,
  prefix: string,
  action: Action,
): readonly ReportFinding[] {
  const { policy, mode, error, violations } = outcome;
  if (error !== undefined) {
    const text = `could not be evaluated: ${error}`;
    return [{ policy, mode, action: action === "warn" ? "error" : action, field: "", text }];
  }
  return violations.map((violation) => ({
    policy,
    mode,
    action,
    field: prefix + violation.field,
    text: refusalText(violation, outcome),
  }));
}

function effects(outcome: PolicyOutcome, action: Action): readonly ReportFinding[] {
  const { policy, mode, effect, shadowedBy, exception } = outcome;
  if (exception !== undefined) {
    return [{ policy, mode, action: "except", field: "", text: exceptionText(exception) }];
  }
  if (shadowedBy !== undefined) {
    return [{ policy, mode, action: "shadowed", field: "", text: `shadowed by ${shadowedBy}` }];
  }
  if (effect === undefined) return [];
  const { summary, replaced, kept } = effect;
  const changes = replaced.length > 0 || summary === undefined ? replaced : [summary];
  return [
    ...changes.map((text) => ({ policy, mode, action, field: "", text })),
    ...kept.map((text) => ({ policy, mode, action: "keep" as const, field: "", text })),
  ];
}

/** `excepted by old-images until 2027-01-31: the image is frozen (team-risk)` */
function exceptionText({ name, expiresAt, reason, owner }: ExceptionTerms): string {
  return `excepted by ${name} until ${momentText(expiresAt)}: ${reason} (${owner})`;
}

/** A moment as people write it: the date alone where it is midnight UTC. */
export function momentText(at: number): string {
  return new Date(at)
    .toISOString()
    .replace(/T00:00:00\.000Z$/, "")
    .replace(/\.000Z$/, "Z");
}
