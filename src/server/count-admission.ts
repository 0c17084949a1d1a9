import type { Admission } from "../admission/admit.ts";
import { isDecided, type AnyRun, type Decided, type PolicyOutcome } from "../engine/decision.ts";
import { isOperatorGroup } from "../spark/application-kinds.ts";
import type { Role } from "../spark/role.ts";
import type { Surface } from "../spark/subject.ts";
import type { Metrics } from "./metrics.ts";

type Answered = Extract<Admission, { kind: "answered" }>;

type Verdict = "allowed" | "changed" | "denied" | "skipped" | "not-understood" | "error" | "shed";

/** The operations of Kubernetes; everything else counts as `other`, since it comes from the request. */
const OPERATIONS: ReadonlySet<string> = new Set(["CREATE", "UPDATE", "DELETE", "CONNECT"]);

/** Counts a call that was answered. A dry run counts as a call and as nothing else: nothing was enforced. */
export function countAnswered(metrics: Metrics, { request, decision }: Answered): void {
  const operation = OPERATIONS.has(request.operation) ? request.operation : "other";
  metrics.requests.inc({
    surface: surfaceOf(request, decision),
    role: roleOf(decision) ?? "none",
    operation,
    admission: request.admission,
    verdict: verdictOf(decision),
    dry_run: String(request.dryRun),
  });
  if (request.dryRun) return;
  if (decision.kind === "skipped") metrics.skipped.inc({ reason: decision.reason });
  if (!isDecided(decision)) return;
  const { surface, stage } = decision.subject;
  if (surface !== "application" && stage === "validating") countFinal(metrics, decision.enforced);
  else countDecided(metrics, decision);
}

function countDecided(metrics: Metrics, { enforced, preview, subject }: Decided): void {
  for (const outcome of enforced.outcomes) {
    // The changes of an object that was refused never came to be.
    countOutcome(metrics, outcome, !enforced.refused);
    if (outcome.refuses && subject.surface === "pod" && subject.role === "executor") {
      metrics.executorDenials.inc({ policy: outcome.policy });
    }
  }
  for (const outcome of preview?.outcomes ?? []) {
    if (outcome.mode !== "Enforce") countOutcome(metrics, outcome, true);
  }
}

/** Counts what became of a Pod after it was changed: all else was counted when it was. */
function countFinal(metrics: Metrics, { outcomes }: AnyRun): void {
  for (const { policy, mode, refuses, violations, changes } of outcomes) {
    if (changes.length > 0) metrics.findings.inc({ policy, mode, action: "undone" });
    if (refuses && violations.length > 0) metrics.findings.inc({ policy, mode, action: "deny" });
  }
}

/** Counts a call of which nothing is known but that it was not understood, had no room, or that we failed. */
export function countUnanswered(
  metrics: Metrics,
  admission: Answered["request"]["admission"],
  verdict: Extract<Verdict, "not-understood" | "error" | "shed">,
): void {
  metrics.requests.inc({
    surface: "none",
    role: "none",
    operation: "other",
    admission,
    verdict,
    dry_run: "false",
  });
}

function countOutcome(metrics: Metrics, outcome: PolicyOutcome, changesCount: boolean): void {
  const { policy, mode } = outcome;
  for (const action of actionsOf(outcome, changesCount)) {
    metrics.findings.inc({ policy, mode, action });
  }
  if (outcome.error !== undefined) {
    const denied = mode === "Enforce" && outcome.refuses;
    metrics.policyErrors.inc({ policy, outcome: denied ? "denied" : "allowed" });
  }
}

function actionsOf(outcome: PolicyOutcome, changesCount: boolean): readonly string[] {
  const { effect, changes, violations, shadowedBy, exception, refuses } = outcome;
  if (exception !== undefined) return ["except"];
  if (shadowedBy !== undefined) return ["shadow"];
  const actions: string[] = [];
  if (changes.length > 0 && changesCount) {
    actions.push(effect !== undefined && effect.replaced.length > 0 ? "replace" : "change");
  }
  if (effect !== undefined && effect.kept.length > 0) actions.push("keep");
  if (violations.length > 0) actions.push(refuses ? "deny" : "admit-executor");
  return actions;
}

function surfaceOf(request: Answered["request"], decision: Answered["decision"]): Surface | "none" {
  switch (decision.kind) {
    case "skipped":
      return decision.reason === "other-kind" ? "none" : askedSurface(request);
    case "malformed":
      return decision.surface;
    case "decided":
    case "decided-conf":
    case "decided-application":
      return decision.subject.surface;
  }
}

/** Of an object that was recognized as one of ours, and not looked at. */
function askedSurface({ group, kind }: Answered["request"]): Surface {
  if (isOperatorGroup(group)) return "application";
  return kind === "ConfigMap" ? "driver-conf" : "pod";
}

function roleOf(decision: Answered["decision"]): Role | undefined {
  switch (decision.kind) {
    case "skipped":
      return undefined;
    case "malformed":
      return decision.role;
    case "decided":
      return decision.subject.role;
    case "decided-conf":
    case "decided-application":
      return undefined; // it speaks of drivers and executors alike
  }
}

function verdictOf(decision: Answered["decision"]): Verdict {
  switch (decision.kind) {
    case "skipped":
      return "skipped";
    case "malformed":
      return decision.refused ? "denied" : "allowed";
    case "decided":
    case "decided-conf":
    case "decided-application":
      if (decision.enforced.refused) return "denied";
      return decision.enforced.operations.length > 0 ? "changed" : "allowed";
  }
}
