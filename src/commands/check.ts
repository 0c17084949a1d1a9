import { Command, Option } from "commander";
import { NO_FACTS } from "../engine/facts.ts";
import { isRecord } from "../kubernetes/json.ts";
import type { Namespace } from "../kubernetes/namespace.ts";
import { parseDocuments, type SourceDocument } from "../policy/document.ts";
import { problemText, type Problem } from "../policy/problem.ts";
import { formatReport, REPORT_FORMATS, type ReportFormat } from "../report/format.ts";
import { reachesThreshold, THRESHOLDS, type Threshold } from "../report/threshold.ts";
import { ROLE_LABEL, ROLES } from "../spark/role.ts";
import { checkObject, type CheckObjectOptions, type FactsOf } from "./check-object.ts";
import { paintVerdict } from "./colour.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { addPolicyOptions, loadPolicySet, type PolicyOptions } from "./policy-options.ts";
import { listDocumentFiles, readText } from "./read-input.ts";

interface CheckOptions extends PolicyOptions, CheckObjectOptions {
  readonly output: ReportFormat;
  readonly failOn: Threshold;
}

/** `sparkgate check`: what the policies would do with objects in files. */
export function checkCommand(): Command {
  const command = new Command("check")
    .summary("tell what the policies do with Pods in files")
    .description(
      "Judges Pods, Lists and whatever holds a Pod template (Deployment, Job, CronJob, StatefulSet, …) as the webhook would.",
    )
    .argument("<file...>", "YAML or JSON files, folders, or - for standard input");
  return addPolicyOptions(command, "Enforce")
    .addOption(
      new Option(
        "--role <role>",
        `for Pods without the label ${ROLE_LABEL}, such as pod templates`,
      ).choices(ROLES),
    )
    .option("-n, --namespace <name>", "for objects that name none", "default")
    .addOption(new Option("-o, --output <format>").choices(REPORT_FORMATS).default("table"))
    .addOption(
      new Option("--fail-on <what>", "the least that makes the exit code 1")
        .choices(THRESHOLDS)
        .default("deny"),
    )
    .addHelpText(
      "after",
      `
Namespace objects among the files tell what labels a namespace has; without them policies that need those follow onError.

Exit codes: 0 clean, 1 a finding at or above --fail-on, 2 a file or a policy cannot be read.

Examples:
  sparkgate check driver.yaml --platform karpenter
  sparkgate check pod-template.yaml --role executor --platform karpenter -o diff
  sparkgate check driver.yaml namespace.yaml --policies ./policies --platform eks
  kubectl get pods -l spark-role -o yaml | sparkgate check - --platform node-pool`,
    )
    .action((files: readonly string[], options: CheckOptions) => {
      const set = loadPolicySet({ mode: "Enforce", ...options });
      const documents = readObjects(files);
      const factsOf = factsIn(documents);
      const checked = documents
        .filter((document) => namespaceIn(document) === undefined)
        .map((document) => checkObject(set, document, options, factsOf));
      const problems = checked.flatMap((one) => (one.kind === "unreadable" ? [one.problem] : []));
      failOn(problems);
      if (checked.length === 0) {
        throw new CommandFailure(EXIT.badInput, [`${files.join(", ")}: no object in it`]);
      }
      const entries = checked.flatMap((one) => (one.kind === "judged" ? [one.entry] : []));
      const report = { policySet: set.digest, entries };
      const text = formatReport(report, options.output, paintVerdict);
      if (text !== "") process.stdout.write(`${text}\n`);
      if (reachesThreshold(report, options.failOn)) process.exitCode = EXIT.finding;
    });
}

/** What the Namespace objects among the files tell. */
function factsIn(documents: readonly SourceDocument[]): FactsOf {
  const namespaces = new Map(
    documents.flatMap((document) => {
      const namespace = namespaceIn(document);
      return namespace === undefined ? [] : [[namespace.name, namespace]];
    }),
  );
  return (name) => {
    const namespace = namespaces.get(name);
    return namespace === undefined ? NO_FACTS : { namespace };
  };
}

function namespaceIn({ value }: SourceDocument): Namespace | undefined {
  if (!isRecord(value) || value["apiVersion"] !== "v1" || value["kind"] !== "Namespace") {
    return undefined;
  }
  const metadata = isRecord(value["metadata"]) ? value["metadata"] : {};
  const { name, labels } = metadata;
  if (typeof name !== "string") return undefined;
  const entries = Object.entries(isRecord(labels) ? labels : {});
  return { name, labels: Object.fromEntries(entries.map(([key, text]) => [key, String(text)])) };
}

function readObjects(paths: readonly string[]): readonly SourceDocument[] {
  const parsed = paths
    .flatMap(listDocumentFiles)
    .map((file) => parseDocuments({ file, text: readText(file) }));
  failOn(parsed.flatMap((source) => source.problems));
  return parsed.flatMap((source) => source.documents);
}

function failOn(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new CommandFailure(EXIT.badInput, problems.map(problemText));
}
