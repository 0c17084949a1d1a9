import { Command, InvalidArgumentError, Option } from "commander";
import type { ExceptionTerms } from "../engine/policy.ts";
import { oneLine } from "../engine/text.ts";
import { compileExceptions } from "../policy/compile.ts";
import { problemText } from "../policy/problem.ts";
import { momentText } from "../report/report.ts";
import { alignColumns } from "../report/table.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { readPolicySources } from "./policy-options.ts";
import { addTimeOption, timeOf, type TimeOption } from "./time-option.ts";

interface ExceptionsOptions extends TimeOption {
  readonly policies?: readonly string[];
  readonly output: "table" | "json";
  readonly within: number;
  readonly failOn: "expired" | "expiring" | "never";
}

const DAY = 86_400_000;
const LONGEST_REASON = 80;
const LONGEST_SUBJECTS = 60;

/** What an exception is at a time. */
type State = "active" | "expiring" | "expired";

/** `sparkgate exceptions`: who has leave from what, why, and until when. */
export function exceptionsCommand(): Command {
  const command = new Command("exceptions")
    .summary("list who is excepted from which policy, and until when")
    .description("Lists the SparkPolicyExceptions among the policies, the first to end first.")
    .argument("[path...]", "files, folders or shipped sets");
  return addTimeOption(command)
    .option(
      "--policies <set|path>",
      "a further set, file or folder; may be repeated",
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    )
    .option("--within <days>", "days before its end in which one is expiring", days, 14)
    .addOption(
      new Option("--fail-on <what>", "what makes the exit code 1")
        .choices(["expired", "expiring", "never"])
        .default("expired"),
    )
    .addOption(new Option("-o, --output <format>").choices(["table", "json"]).default("table"))
    .addHelpText(
      "after",
      `
Exit codes: 0 clean, 1 one has expired (or is expiring, with --fail-on expiring), 2 a policy cannot be read.

Examples:
  sparkgate exceptions baseline ./policies
  sparkgate exceptions ./policies --within 30 --fail-on expiring`,
    )
    .action((paths: readonly string[], options: ExceptionsOptions) => {
      const origins = [...paths, ...(options.policies ?? [])];
      if (origins.length === 0)
        throw new CommandFailure(EXIT.badInput, ["name a folder of policies"]);
      const { exceptions, problems } = compileExceptions(readPolicySources(origins));
      if (problems.length > 0) throw new CommandFailure(EXIT.badInput, problems.map(problemText));
      const at = timeOf(options);
      const listed = exceptions
        .map(({ terms }) => terms)
        .sort((a, b) => a.expiresAt - b.expiresAt)
        .map((exception) => ({ exception, state: stateOf(exception, at, options.within) }));
      const text = options.output === "json" ? jsonOf(listed) : tableOf(listed, at);
      process.stdout.write(`${text}\n`);
      const bad: readonly State[] =
        options.failOn === "never"
          ? []
          : options.failOn === "expired"
            ? ["expired"]
            : ["expired", "expiring"];
      if (listed.some(({ state }) => bad.includes(state))) process.exitCode = EXIT.finding;
    });
}

function stateOf({ expiresAt }: ExceptionTerms, at: number, within: number): State {
  if (at >= expiresAt) return "expired";
  return expiresAt - at <= within * DAY ? "expiring" : "active";
}

type Listed = readonly { readonly exception: ExceptionTerms; readonly state: State }[];

function tableOf(listed: Listed, at: number): string {
  if (listed.length === 0) return "no exceptions";
  const rows = listed.map(({ exception, state }) => [
    exception.name,
    exception.policies.join(","),
    oneLine(exception.whom, LONGEST_SUBJECTS),
    oneLine(exception.owner, LONGEST_REASON),
    momentText(exception.expiresAt),
    state === "expired" ? "EXPIRED" : `${Math.ceil((exception.expiresAt - at) / DAY)} days`,
    oneLine(exception.reason, LONGEST_REASON),
  ]);
  return alignColumns([
    ["EXCEPTION", "POLICIES", "FOR", "OWNER", "EXPIRES", "LEFT", "REASON"],
    ...rows,
  ]).join("\n");
}

function jsonOf(listed: Listed): string {
  const exceptions = listed.map(({ exception, state }) => {
    const { name, policies, whom, reason, owner, expiresAt } = exception;
    return { name, state, expiresAt: momentText(expiresAt), policies, whom, owner, reason };
  });
  const kind = { apiVersion: "sparkgate.io/v1alpha1", kind: "ExceptionReport" };
  return JSON.stringify({ ...kind, exceptions }, undefined, 2);
}

function days(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("a whole number of days");
  return Number(text);
}
