import { Command, Option } from "commander";
import type { CompiledPolicy } from "../engine/policy.ts";
import type { Compiled } from "../policy/compile.ts";
import { problemText } from "../policy/problem.ts";
import { momentText } from "../report/report.ts";
import { alignColumns } from "../report/table.ts";
import { EXIT } from "./failure.ts";
import { compileFrom } from "./policy-options.ts";

interface ValidateOptions {
  readonly platform?: string;
  readonly output: "table" | "json";
  readonly failOn: "error" | "warning";
}

/** `sparkgate validate`: tells everything that is wrong with policies, before a cluster sees them. */
export function validateCommand(): Command {
  return new Command("validate")
    .summary("check policies, platforms and exceptions for mistakes")
    .description(
      "Reads policies, platforms and exceptions and tells all that is wrong with them, with file, line and field; then which of them shadow or contradict each other. Lists the policies where nothing is wrong.",
    )
    .argument("<path...>", "files, folders or shipped sets")
    .option("--platform <name>", "the installation's platform, for placements that name none")
    .addOption(new Option("-o, --output <format>").choices(["table", "json"]).default("table"))
    .addOption(
      new Option("--fail-on <what>", "the least that makes the exit code other than 0")
        .choices(["warning", "error"])
        .default("error"),
    )
    .addHelpText(
      "after",
      `
Exit codes: 0 nothing wrong, 1 a warning with --fail-on warning, 2 an error.

Examples:
  sparkgate validate ./policies --platform karpenter
  sparkgate validate baseline ./policies --platform eks -o json
  sparkgate validate baseline --platform node-pool`,
    )
    .action((paths: readonly string[], options: ValidateOptions) => {
      const compiled = compileFrom(paths, options);
      const { problems, notices } = compiled;
      if (options.output === "json") process.stdout.write(`${jsonOf(compiled)}\n`);
      else tell(compiled);
      if (problems.length > 0) process.exitCode = EXIT.badInput;
      else if (
        options.failOn === "warning" &&
        notices.some(({ severity }) => severity === "warning")
      ) {
        process.exitCode = EXIT.finding;
      }
    });
}

function tell({ set, platforms, problems, notices }: Compiled): void {
  const ended = set.exceptions.filter(({ terms }) => terms.expiresAt <= Date.now());
  const lines = [
    ...notices.map((notice) => `${notice.severity}: ${problemText(notice)}`),
    ...ended.map(
      ({ terms }) => `warning: exception ${terms.name} has ended: delete it, or renew it`,
    ),
  ];
  if (problems.length > 0) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    process.stderr.write([...problems.map(problemText), ...lines, count, ""].join("\n"));
    return;
  }
  if (lines.length > 0) process.stderr.write(`${lines.join("\n")}\n`);
  const rows = set.policies.map((policy) => [
    policy.name,
    policy.rule,
    modeText(policy),
    String(policy.priority),
    policy.roles.join(","),
  ]);
  const titles = ["POLICY", "RULE", "MODE", "PRIORITY", "ROLES"];
  const table = rows.length > 0 ? alignColumns([titles, ...rows]) : [];
  const counts = [
    counted(rows.length, "policy", "policies"),
    ...(set.exceptions.length > 0
      ? [counted(set.exceptions.length, "exception", "exceptions")]
      : []),
  ].join(", ");
  const summary = `${counts}, platforms ${platforms.join(", ")}: nothing wrong (policy set ${set.digest})`;
  process.stdout.write([...table, summary, ""].join("\n"));
}

/** `Enforce`, and what holds it back: `Enforce from 2027-01-15, 25%`. */
function modeText({ mode, enforceFrom, rolloutPercent, modeOverrides }: CompiledPolicy): string {
  const parts = [enforceFrom === undefined ? mode : `${mode} from ${enforceFrom.text}`];
  if (rolloutPercent < 100) parts.push(`${rolloutPercent}%`);
  if (modeOverrides.length > 0) parts.push(`${modeOverrides.length} override(s)`);
  return parts.join(", ");
}

function counted(count: number, one: string, many: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${many}`;
}

function jsonOf({ set, platforms, problems, notices }: Compiled): string {
  const report = {
    apiVersion: "sparkgate.io/v1alpha1",
    kind: "ValidationReport",
    policySet: set.digest,
    policies: set.policies.map((policy) => ({
      name: policy.name,
      rule: policy.rule,
      mode: policy.mode,
      enforceFrom: policy.enforceFrom?.text,
      rolloutPercent: policy.rolloutPercent,
      priority: policy.priority,
      roles: policy.roles,
      exceptions: policy.exceptions.map(({ terms }) => terms.name),
    })),
    exceptions: set.exceptions.map(({ terms: { name, policies, owner, expiresAt } }) => ({
      ...{ name, policies, owner },
      expiresAt: momentText(expiresAt),
    })),
    platforms,
    findings: [...problems.map((problem) => ({ severity: "error", ...problem })), ...notices],
  };
  return JSON.stringify(report, undefined, 2);
}
