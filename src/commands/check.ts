import { Command, Option } from "commander";
import { formatReport, REPORT_FORMATS, type ReportFormat } from "../report/format.ts";
import { reachesThreshold, THRESHOLDS, type Threshold } from "../report/threshold.ts";
import { ROLE_LABEL, ROLES } from "../spark/role.ts";
import { checkObject, type CheckObjectOptions } from "./check-object.ts";
import {
  addSubmitOptions,
  checkProperties,
  checkSubmit,
  isPropertiesFile,
  partCommandLine,
  type SubmitOptions,
} from "./check-submit.ts";
import { paintVerdict } from "./colour.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { failOn, readObjects } from "./objects.ts";
import { addPolicyOptions, loadPolicySet, type PolicyOptions } from "./policy-options.ts";
import { addTimeOption, timeOf, type TimeOption } from "./time-option.ts";

interface CheckOptions extends PolicyOptions, CheckObjectOptions, SubmitOptions, TimeOption {
  readonly output: ReportFormat;
  readonly failOn: Threshold;
}

/** `sparkgate check`: what the policies would do with objects in files. */
export function checkCommand(): Command {
  const command = new Command("check")
    .summary("tell what the policies do with objects in files")
    .description(
      "Judges Pods, operators' applications (SparkApplication, ScheduledSparkApplication, SparkConnect, SparkCluster), ConfigMaps with a driver's conf, Lists and whatever holds a Pod template (Deployment, Job, CronJob, StatefulSet, …) as the webhook would.",
    )
    .usage("[options] <file...> [-- spark-submit ...]")
    .argument(
      "<file...>",
      "YAML or JSON files, folders, or - for standard input; spark-defaults.conf; behind -- a command line of spark-submit",
    );
  return addSubmitOptions(addTimeOption(addPolicyOptions(command, "Enforce")))
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
Namespace and ResourceQuota objects among the files tell what labels and quotas a namespace has; without them policies
that need those follow onError.

Exit codes: 0 clean, 1 a finding at or above --fail-on, 2 a file or a policy cannot be read.

Examples:
  sparkgate check driver.yaml --platform karpenter
  sparkgate check pod-template.yaml --role executor --platform karpenter -o diff
  sparkgate check sparkapplication.yaml --policies strict --platform eks
  sparkgate check driver.yaml namespace.yaml --policies ./policies --platform eks
  sparkgate check --platform eks -- spark-submit --master k8s://... --deploy-mode cluster ... etl.py
  kubectl get pods -l spark-role -o yaml | sparkgate check - --platform node-pool`,
    )
    .action((words: readonly string[], options: CheckOptions) => {
      const { files, commandLine } = partCommandLine(words, process.argv);
      const set = loadPolicySet({ mode: "Enforce", ...options });
      const { documents, factsOf } = readObjects(files.filter((file) => !isPropertiesFile(file)));
      const at = timeOf(options);
      const knownOf = (namespace: string) => ({ ...factsOf(namespace), at });
      const checked = documents.map((document) => checkObject(set, document, options, knownOf));
      const problems = checked.flatMap((one) => (one.kind === "unreadable" ? [one.problem] : []));
      failOn(problems);
      const confs = files.filter(isPropertiesFile);
      const submitted = [
        ...confs.map((file) => checkProperties(set, file, options, knownOf)),
        ...(commandLine === undefined ? [] : checkSubmit(set, commandLine, options, knownOf)),
      ];
      if (checked.length + submitted.length === 0) {
        throw new CommandFailure(EXIT.badInput, [`${files.join(", ")}: no object in it`]);
      }
      const judged = checked.flatMap((one) => (one.kind === "judged" ? [one.entry] : []));
      const entries = [...judged, ...submitted];
      const report = { policySet: set.digest, entries };
      const text = formatReport(report, options.output, paintVerdict);
      if (text !== "") process.stdout.write(`${text}\n`);
      if (reachesThreshold(report, options.failOn)) process.exitCode = EXIT.finding;
    });
}
