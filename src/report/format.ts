import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { stringify } from "yaml";
import { escapeUnseenLines, oneLine } from "../engine/text.ts";
import type { Pod } from "../kubernetes/pod.ts";
import { alignColumns } from "./table.ts";
import type { Report, ReportEntry, ReportFinding } from "./report.ts";

export const REPORT_FORMATS = ["table", "json", "diff"] as const;

export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Emphasises a verdict; the identity where nobody sees colour. */
export type Paint = (verdict: string, text: string) => string;

/** Characters of one line of a table. What a file says is not to write to a terminal as it likes. */
const LONGEST_LINE = 1000;

/** Writes a report for people or programs. The same report gives the same bytes. */
export function formatReport(report: Report, format: ReportFormat, paint: Paint): string {
  switch (format) {
    case "table":
      return tableOf(report, paint);
    case "json":
      return jsonOf(report);
    case "diff":
      return diffOf(report);
  }
}

function tableOf(report: Report, paint: Paint): string {
  const heads = report.entries.map((entry) => [
    entry.verdict.toUpperCase(),
    entry.role ?? "-",
    oneLine(`${entry.kind} ${entry.namespace}/${entry.name}`, LONGEST_LINE),
    fileLine(entry),
  ]);
  const [titles, ...rows] = alignColumns([["VERDICT", "ROLE", "OBJECT", "FILE"], ...heads]);
  const lines = report.entries.flatMap((entry, index) => [
    paint(entry.verdict, rows[index] ?? ""),
    ...findingLines(entry),
  ]);
  return [titles ?? "", ...lines, "", summaryOf(report)].join("\n");
}

function findingLines(entry: ReportEntry): readonly string[] {
  if (entry.reason !== undefined) return [`  - ${oneLine(entry.reason, LONGEST_LINE)}`];
  return entry.findings.map((finding) => `  ${bulletOf(finding)} ${findingText(finding)}`);
}

function bulletOf({ action }: ReportFinding): string {
  return action === "deny" ? "*" : action === "change" ? "+" : "!";
}

/** As kubectl shows it, with the action in front where it is none that happens. */
function findingText({ policy, action, field, text }: ReportFinding): string {
  // The words of these say what happens, or what happened.
  const isPlain = ["deny", "change", "shadowed", "except"].includes(action);
  const said = `[sparkgate:${policy}] ${isPlain ? "" : `${action}: `}${text}`;
  return oneLine(field === "" ? said : `${field}: ${said}`, LONGEST_LINE);
}

function summaryOf({ entries, policySet }: Report): string {
  const count = (verdict: string) => entries.filter((entry) => entry.verdict === verdict).length;
  const counts = ["denied", "changed", "ok", "skipped"].map(
    (verdict) => `${count(verdict)} ${verdict}`,
  );
  const objects = entries.length === 1 ? "1 object" : `${entries.length} objects`;
  return `${objects}: ${counts.join(", ")} (policy set ${policySet})`;
}

function jsonOf({ policySet, entries }: Report): string {
  const report = {
    apiVersion: "sparkgate.io/v1alpha1",
    kind: "Report",
    policySet,
    objects: entries.map(({ change, ...entry }) => ({ ...entry, ...change })),
  };
  return jsonText(report);
}

/** JSON as people and programs read it. What cannot be seen is escaped: it may turn the rest of the line around. */
export function jsonText(value: unknown): string {
  return escapeUnseenLines(JSON.stringify(value, undefined, 2));
}

/** A unified diff; what it cannot show (a refusal, a warning) stands before it in lines that `patch` passes over. */
function diffOf(report: Report): string {
  return report.entries
    .flatMap((entry) => [
      ...entry.findings
        .filter(isNoChange)
        .map((finding) => `# ${fileLine(entry)} ${bulletOf(finding)} ${findingText(finding)}`),
      ...changeLines(entry),
    ])
    .join("\n");
}

function isNoChange({ action }: ReportFinding): boolean {
  return action !== "change" && action !== "would-change";
}

function changeLines({ change, kind, namespace, name, file }: ReportEntry): readonly string[] {
  if (change === undefined) return [];
  const title = oneLine(`${kind} ${namespace}/${name} (${file})`, LONGEST_LINE);
  const [before, after] = [yamlOf(change.before), yamlOf(change.after)];
  const patch = createTwoFilesPatch(title, title, before, after, "as sent", "as admitted", {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  });
  return [patch.trimEnd()];
}

function fileLine({ file, line }: ReportEntry): string {
  return `${file}:${line}`;
}

/** A Pod as people read it. */
export function yamlOf(pod: Pod): string {
  // Anchors and folded lines would show as differences that are none.
  return escapeUnseenLines(stringify(pod, { aliasDuplicateObjects: false, lineWidth: 0 }));
}
