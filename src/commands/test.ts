import { Command, Option } from "commander";
import type { PolicySet } from "../engine/policy-set.ts";
import { oneLine } from "../engine/text.ts";
import { jsonText } from "../report/format.ts";
import { collectDocuments } from "../policy/collect.ts";
import { compilePolicies } from "../policy/compile.ts";
import type { Source } from "../policy/document.ts";
import { nearMiss, problemText, type Problem } from "../policy/problem.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { readPolicySources } from "./policy-options.ts";
import { runCase, specOf, type CaseResult, type CompileFor } from "./test/run-case.ts";

/** Characters of a case's name. */
const LONGEST_NAME = 200;

interface TestOptions {
  readonly policies?: readonly string[];
  readonly platform?: string;
  readonly only?: string;
  readonly output: "table" | "json";
}

/** `sparkgate test`: runs the cases that stand beside policies. */
export function testCommand(): Command {
  return new Command("test")
    .summary("run the cases that stand beside policies")
    .description(
      "Runs every SparkPolicyTest below the folders: an object in, and the verdict, the findings and the object as it is admitted compared with what is expected. See docs/policies.md, SparkPolicyTest.",
    )
    .argument("<path...>", "folders or files with policies and tests, or shipped sets")
    .option(
      "--policies <set|path>",
      "further policies, without their tests; may be repeated",
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    )
    .option("--platform <name>", "for tests that name none")
    .option("--only <text>", "only cases with this in `POLICY: CASE`")
    .addOption(new Option("-o, --output <format>").choices(["table", "json"]).default("table"))
    .addHelpText(
      "after",
      `
Exit codes: 0 all cases hold, 1 one does not, 2 a policy or a test cannot be read, or there is no case.

Examples:
  sparkgate test ./policies
  sparkgate test baseline strict
  sparkgate test ./policies --policies baseline --platform eks --only pin-images`,
    )
    .action((paths: readonly string[], options: TestOptions) => {
      const results = runTests(paths, options);
      const failed = results.filter(({ problems }) => problems.length > 0);
      process.stdout.write(`${options.output === "json" ? jsonOf(results) : tableOf(results)}\n`);
      if (failed.length > 0) process.exitCode = EXIT.finding;
    });
}

/**
 * Runs all cases below the paths, each path with its own policies and those of `--policies`. Throws a CommandFailure where
 * something cannot be read, or there is no case.
 */
export function runTests(
  paths: readonly string[],
  { policies = [], platform, only }: Omit<TestOptions, "output">,
): readonly CaseResult[] {
  const results = paths.flatMap((path) => runPath(path, policies, platform, only));
  if (results.length > 0) return results;
  const which = only === undefined ? "" : ` with '${only}'`;
  throw new CommandFailure(EXIT.badInput, [`${paths.join(", ")}: no SparkPolicyTest${which}`]);
}

function runPath(
  path: string,
  policies: readonly string[],
  platform: string | undefined,
  only: string | undefined,
): readonly CaseResult[] {
  const problems: Problem[] = [];
  const { SparkPolicyTest: tests } = collectDocuments(readPolicySources([path]), problems);
  const sources = readPolicySources([...new Set([path, ...policies])]);
  const names = collectDocuments(sources, []).SparkPolicy.map(({ name }) => name);
  for (const { name, document } of tests) {
    if (names.includes(name)) continue;
    const message = `there is no policy '${name}': name its folder, or give it by --policies${nearMiss(name, names)}`;
    problems.push(document.problem(["metadata", "name"], message));
  }
  if (problems.length > 0) throw new CommandFailure(EXIT.badInput, problems.map(problemText));
  const compile = compileOnce(sources, platform);
  return tests.flatMap((test) =>
    specOf(test)
      .cases.map((one, index) => ({ one, index }))
      .filter(({ one }) => only === undefined || `${test.name}: ${one.name}`.includes(only))
      .map(({ index }) => runCase(test, index, compile)),
  );
}

/** Most cases want the policies compiled alike. */
function compileOnce(sources: readonly Source[], platform: string | undefined): CompileFor {
  const known = new Map<string, PolicySet>();
  return (wanted) => {
    const options = { ...wanted, platform: wanted.platform ?? platform };
    const key = JSON.stringify(options);
    const compiled = known.get(key);
    if (compiled !== undefined) return compiled;
    const { set, problems } = compilePolicies(sources, options);
    if (problems.length > 0) throw new CommandFailure(EXIT.badInput, problems.map(problemText));
    known.set(key, set);
    return set;
  };
}

function tableOf(results: readonly CaseResult[]): string {
  const lines = results.flatMap(({ policy, name, problems }) => [
    `${problems.length === 0 ? "ok  " : "FAIL"} ${policy}: ${oneLine(name, LONGEST_NAME)}`,
    ...problems.map((problem) => `       ${problemText(problem)}`),
  ]);
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  const cases = results.length === 1 ? "1 case" : `${results.length} cases`;
  const outcome = failed === 0 ? "all hold" : `${failed} do not hold`;
  return [...lines, `${cases}: ${outcome}`].join("\n");
}

function jsonOf(results: readonly CaseResult[]): string {
  const cases = results.map(({ policy, name, problems }) => ({
    policy,
    name,
    holds: problems.length === 0,
    problems,
  }));
  return jsonText({ apiVersion: "sparkgate.io/v1alpha1", kind: "TestReport", cases });
}
