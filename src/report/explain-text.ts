import { oneLine } from "../engine/text.ts";
import { executorIdOf } from "../spark/executor-id.ts";
import type { PodSubject, Subject } from "../spark/subject.ts";
import type { Explanation, PolicyExplanation } from "./explain.ts";
import type { Paint } from "./format.ts";
import type { Action, ReportFinding } from "./report.ts";

/** Characters of one line: what a file says is not to write to a terminal as it likes. */
const LONGEST_LINE = 1000;

/** Actions as people say them. */
const SAID: Readonly<Record<Action, string>> = {
  deny: "denied",
  warn: "violation, admitted",
  change: "changed",
  keep: "kept",
  "would-deny": "would be denied",
  "would-change": "would be changed",
  shadowed: "shadowed",
  except: "excepted",
  error: "failed",
};

/** Writes an explanation for people. */
export function explanationText(explanation: Explanation, paint: Paint): string {
  const { entry, subject, policies } = explanation;
  const { verdict, kind, namespace, name, file, line } = entry;
  const head = `${verdict.toUpperCase()}  ${kind} ${namespace}/${name} (${file}:${line})`;
  return [
    paint(verdict, oneLine(head, LONGEST_LINE)),
    oneLine(subjectText(subject), LONGEST_LINE),
    ...policies.flatMap((policy) => ["", ...policyLines(policy)]),
  ].join("\n");
}

function subjectText(subject: Subject): string {
  const which = whichText(subject);
  const { id: appId, name } = subject.application;
  const application =
    name === undefined || appId === undefined ? (name ?? appId) : `${name} (${appId})`;
  return application === undefined
    ? `${which} of an unknown application`
    : `${which} of application ${application}`;
}

function whichText(subject: Subject): string {
  switch (subject.surface) {
    case "pod":
      return podText(subject);
    case "driver-conf":
      return "conf";
    case "application":
      return subject.kind;
  }
}

function podText({ role, pod }: PodSubject): string {
  const id = executorIdOf(pod);
  return role === "executor" && id !== undefined ? `executor ${id}` : role;
}

function policyLines(policy: PolicyExplanation): readonly string[] {
  const { rule, priority, mode, modeFrom, noMatch, findings, diff } = policy;
  const how = mode === undefined ? [] : [`${mode} (${modeFrom ?? ""})`];
  const head = `${policy.policy}: ${[rule, `priority ${priority}`, ...how].join(", ")}`;
  if (noMatch !== undefined) return [head, `  no match: ${oneLine(noMatch, LONGEST_LINE)}`];
  const lines = findings.map((finding) => `  ${oneLine(findingText(finding), LONGEST_LINE)}`);
  if (lines.length === 0) lines.push("  matched: nothing to change, nothing to refuse");
  return [head, ...lines, ...diff.map((line) => `    ${oneLine(line, LONGEST_LINE)}`)];
}

function findingText({ action, field, text }: ReportFinding): string {
  const said = SAID[action];
  if (action === "shadowed" || action === "except") return text; // which say it themselves
  return field === "" ? `${said}: ${text}` : `${said}: ${field}: ${text}`;
}
