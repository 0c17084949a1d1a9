import { Command, Option } from "commander";
import { decide } from "../engine/decide.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { isRecord } from "../kubernetes/json.ts";
import { findPod } from "../kubernetes/pod-template.ts";
import type { JsonObject } from "../kubernetes/pod.ts";
import { parseDocuments, type SourceDocument } from "../policy/document.ts";
import { problemText } from "../policy/problem.ts";
import { formatReport, REPORT_FORMATS, type ReportFormat } from "../report/format.ts";
import { reportEntry, skippedEntry, type Origin, type ReportEntry } from "../report/report.ts";
import { reachesThreshold, THRESHOLDS, type Threshold } from "../report/threshold.ts";
import { ROLE_LABEL, ROLES, type Role } from "../spark/role.ts";
import { paintVerdict } from "./colour.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { addPolicyOptions, loadPolicySet, type PolicyOptions } from "./policy-options.ts";
import { listDocumentFiles, readText } from "./read-input.ts";

interface CheckOptions extends PolicyOptions {
  readonly role?: Role;
  readonly namespace: string;
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
Exit codes: 0 clean, 1 a finding at or above --fail-on, 2 a file or a policy cannot be read.

Examples:
  sparkgate check driver.yaml --platform karpenter
  sparkgate check pod-template.yaml --role executor --platform karpenter -o diff
  kubectl get pods -l spark-role -o yaml | sparkgate check - --platform node-pool`,
    )
    .action((files: readonly string[], options: CheckOptions) => {
      const set = loadPolicySet({ mode: "Enforce", ...options });
      const entries = readObjects(files).map((document) => checkDocument(set, document, options));
      if (entries.length === 0) {
        throw new CommandFailure(EXIT.badInput, [`${files.join(", ")}: no object in it`]);
      }
      const report = { policySet: set.digest, entries };
      const text = formatReport(report, options.output, paintVerdict);
      if (text !== "") process.stdout.write(`${text}\n`);
      if (reachesThreshold(report, options.failOn)) process.exitCode = EXIT.finding;
    });
}

function readObjects(paths: readonly string[]): readonly SourceDocument[] {
  const parsed = paths
    .flatMap(listDocumentFiles)
    .map((file) => parseDocuments({ file, text: readText(file) }));
  const problems = parsed.flatMap((source) => source.problems);
  if (problems.length > 0) throw new CommandFailure(EXIT.badInput, problems.map(problemText));
  return parsed.flatMap((source) => source.documents);
}

function checkDocument(
  set: PolicySet,
  document: SourceDocument,
  { role, namespace }: CheckOptions,
): ReportEntry {
  const { file, line } = document.problem([], "");
  const { kind, metadata } = document.value as {
    kind?: unknown;
    metadata?: { name?: unknown; generateName?: unknown; namespace?: unknown } | null;
  };
  const origin: Origin = {
    file,
    line,
    kind: text(kind) ?? "(no kind)",
    namespace: text(metadata?.namespace) ?? namespace,
    name: text(metadata?.name) ?? `${text(metadata?.generateName) ?? ""}*`,
    prefix: "",
  };
  const found = findPod(document.value);
  if (found === undefined) {
    return skippedEntry(origin, `a ${origin.kind} holds no Pod that could be judged`);
  }
  const pod = withRole(asSubmitted(found.value), role);
  const decision = decide(set, {
    group: "",
    version: "v1",
    kind: "Pod",
    subResource: "",
    operation: "CREATE",
    namespace: origin.namespace,
    object: pod,
  });
  if (decision.kind === "skipped" && decision.reason === "not-spark") {
    return skippedEntry(
      origin,
      `not Spark's: no label ${ROLE_LABEL}; --role ${ROLES.join("|")} judges it as one`,
    );
  }
  const prefix = found.path.map((key) => `${key}.`).join("");
  return reportEntry({ ...origin, prefix }, decision);
}

/** A Pod read from a cluster has a uid, and the node that the scheduler chose, which its author did not. */
function asSubmitted(pod: JsonObject): JsonObject {
  const metadata = pod["metadata"];
  const spec = pod["spec"];
  if (!isRecord(metadata) || metadata["uid"] === undefined || !isRecord(spec)) return pod;
  return { ...pod, spec: { ...spec, nodeName: null } };
}

/** Spark sets the label itself, so a template has none: `--role` says what it is for. */
function withRole(pod: JsonObject, role: Role | undefined): JsonObject {
  if (role === undefined) return pod;
  const metadata = isRecord(pod["metadata"]) ? pod["metadata"] : {};
  const labels = isRecord(metadata["labels"]) ? metadata["labels"] : {};
  // Metadata stays where it was, or comes first, where a reader of the diff looks for it.
  const ordered = { metadata, ...pod };
  return { ...ordered, metadata: { ...metadata, labels: { [ROLE_LABEL]: role, ...labels } } };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
