import { Command } from "commander";
import { problemText } from "../policy/problem.ts";
import { alignColumns } from "../report/table.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { compileFrom } from "./policy-options.ts";

/** `sparkgate validate`: tells everything that is wrong with policies, before a cluster sees them. */
export function validateCommand(): Command {
  return new Command("validate")
    .summary("check policies and platforms for mistakes")
    .description(
      "Reads policies and platforms and tells all that is wrong with them, with file, line and field. Lists them where nothing is.",
    )
    .argument("<path...>", "files, folders or shipped sets")
    .option("--platform <name>", "the installation's platform, for placements that name none")
    .addHelpText(
      "after",
      `
Exit codes: 0 nothing wrong, 2 something is.

Examples:
  sparkgate validate ./policies --platform karpenter
  sparkgate validate baseline --platform node-pool`,
    )
    .action((paths: readonly string[], options: { readonly platform?: string }) => {
      const { set, platforms, problems } = compileFrom(paths, options);
      if (problems.length > 0) {
        const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
        throw new CommandFailure(EXIT.badInput, [...problems.map(problemText), count]);
      }
      const rows = set.policies.map((policy) => [
        policy.name,
        policy.rule,
        policy.mode,
        String(policy.priority),
        policy.roles.join(","),
      ]);
      const titles = ["POLICY", "RULE", "MODE", "PRIORITY", "ROLES"];
      const lines = rows.length > 0 ? alignColumns([titles, ...rows]) : [];
      const count = rows.length === 1 ? "1 policy" : `${rows.length} policies`;
      const summary = `${count}, platforms ${platforms.join(", ")}: nothing wrong (policy set ${set.digest})`;
      process.stdout.write([...lines, summary, ""].join("\n"));
    });
}
