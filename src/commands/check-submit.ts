import { basename } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { decide } from "../engine/decide.ts";
import type { Decision } from "../engine/decision.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { propertiesOf, PROPERTIES_KEY } from "../spark/driver-conf.ts";
import type { ConfigMap } from "../kubernetes/config-map.ts";
import { parseDocuments } from "../policy/document.ts";
import { sourceOf } from "../policy/source.ts";
import { reportEntry, skippedEntry, type Origin, type ReportEntry } from "../report/report.ts";
import { parseProperties } from "../spark/properties.ts";
import { SparkConf } from "../spark/spark-conf.ts";
import { parseCommandLine, type CommandLine } from "../spark/submit/command-line.ts";
import { predict, type PredictedApplication } from "../spark/submit/prediction.ts";
import type { FactsOf } from "./check-object.ts";
import { creationRequest } from "./creation-request.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { failOn } from "./objects.ts";
import { podRequest } from "./pod-request.ts";
import { readBytes, readText } from "./read-input.ts";

export interface SubmitOptions {
  readonly sparkVersion: string;
  /** For a conf that names none. */
  readonly namespace: string;
}

/** How reports name a command line. */
const COMMAND_LINE = "spark-submit";

/** Adds what `check` needs to know of a command line beside the line itself. */
export function addSubmitOptions(command: Command): Command {
  return command.addOption(
    new Option("--spark-version <version>", "of the spark-submit behind --")
      .argParser(sparkVersion)
      .default("3.5"),
  );
}

function sparkVersion(text: string): string {
  if (/^(?:3\.5|4\.\d+)(?:\.\d+)?$/.test(text)) return text;
  throw new InvalidArgumentError("write 3.5, 4.0, or a later one");
}

/** Parts the words of a command from the command line behind `--`, if there is one. */
export function partCommandLine(
  words: readonly string[],
  argv: readonly string[],
): { readonly files: readonly string[]; readonly commandLine: readonly string[] | undefined } {
  const at = argv.indexOf("--");
  if (at < 0) return { files: words, commandLine: undefined };
  const commandLine = argv.slice(at + 1);
  return { files: words.slice(0, words.length - commandLine.length), commandLine };
}

/** Whether a file holds a conf: `spark-defaults.conf`, `spark.properties`. */
export function isPropertiesFile(file: string): boolean {
  return /\.(?:conf|properties)$/.test(file);
}

/** Judges a properties file as the conf of a driver. */
export function checkProperties(
  set: PolicySet,
  file: string,
  { namespace: elsewhere }: SubmitOptions,
  factsOf: FactsOf,
): ReportEntry {
  const text = readText(file);
  const conf = new Map(Object.entries(readConf(file, text).toRecord()));
  const namespace = conf.get("spark.kubernetes.namespace") ?? elsewhere;
  const map = { metadata: { name: "spark-drv-file-conf-map" }, data: { [PROPERTIES_KEY]: text } };
  const decision = decide(set, creationRequest("ConfigMap", map, namespace), factsOf(namespace));
  return reportEntry(originOf("Properties", basename(file), namespace, file), decision);
}

/** Judges what a command line of spark-submit would create: the driver's Pod, its ConfigMap, the first executor's Pod. */
export function checkSubmit(
  set: PolicySet,
  commandLine: readonly string[],
  options: SubmitOptions,
  factsOf: FactsOf,
): readonly ReportEntry[] {
  const command = readCommandLine(commandLine);
  const file = command.options.get("--properties-file");
  const properties = file === undefined ? {} : readConf(file, readText(file)).toRecord();
  const prediction = predict({
    ...{ command, version: options.sparkVersion, readTemplate },
    properties: new Map(Object.entries(properties)),
  });
  switch (prediction.kind) {
    case "refused":
      throw new CommandFailure(EXIT.badInput, [`${COMMAND_LINE}: ${prediction.problem}`]);
    case "elsewhere":
      return [skippedEntry(originOf("Pod", "*", options.namespace, COMMAND_LINE), prediction.why)];
    case "predicted":
      return judge(set, prediction, factsOf);
  }
}

function readCommandLine([program, ...words]: readonly string[]): CommandLine {
  // Paths of Windows too, whose script ends in .cmd.
  const name = (program ?? "").split(/[/\\]/).at(-1);
  if (name === undefined || !/^spark-submit(?:\.cmd)?$/.test(name)) {
    const why = `--: a command line of spark-submit must follow${name === "pyspark" ? "; pyspark makes no driver Pod" : ""}`;
    throw new CommandFailure(EXIT.badInput, [why]);
  }
  const parsed = parseCommandLine(words);
  if (parsed.kind === "parsed") return parsed.command;
  const lines = parsed.problems.map((problem) => `${COMMAND_LINE}: ${problem}`);
  throw new CommandFailure(EXIT.badInput, lines);
}

function readConf(file: string, text: string): SparkConf {
  const read = parseProperties(text);
  if (read.kind === "read") return SparkConf.ofProperties(read.entries, file);
  const message = "a \\u without four hex digits: Spark cannot read this file";
  throw new CommandFailure(EXIT.badInput, [`${file}:${read.line}:1: ${message}`]);
}

/** Spark reads the first document of a template's file; a URL is for Spark alone. */
function readTemplate(file: string, key: string): unknown {
  const path = file.replace(/^(?:file:(?:\/\/)?|local:(?:\/\/)?)/, "");
  if (/^[a-z][a-z0-9+.-]+:/i.test(path)) {
    throw new CommandFailure(EXIT.badInput, [
      `${COMMAND_LINE}: ${key}: only files can be read here`,
    ]);
  }
  const { documents, problems } = parseDocuments(sourceOf(path, readBytes(path)));
  failOn(problems);
  return documents[0]?.value ?? {};
}

function judge(
  set: PolicySet,
  predicted: PredictedApplication,
  factsOf: FactsOf,
): readonly ReportEntry[] {
  const { namespace, driver, confMap } = predicted;
  const facts = factsOf(namespace);
  const origin = (kind: string, name: string) => originOf(kind, name, namespace, COMMAND_LINE);
  const ofDriver = decide(set, podRequest(driver, {}), facts);
  const ofConf = decide(set, creationRequest("ConfigMap", confMap), facts);
  const admitted = ofDriver.kind === "decided" ? ofDriver.enforced.pod : driver;
  const stored = readConf(PROPERTIES_KEY, textOf(ofConf, confMap)).toRecord();
  const executor = predicted.executor(admitted, new Map(Object.entries(stored)));
  const { name } = confMap["metadata"] as { readonly name: string };
  const unpredicted = predicted.unpredicted.map((key) =>
    skippedEntry(origin("Conf", key), "what it adds is not predicted, and not judged"),
  );
  return [
    reportEntry(origin("Pod", driver.metadata?.name ?? ""), ofDriver),
    reportEntry(origin("ConfigMap", name), ofConf),
    executor.kind === "none"
      ? skippedEntry(origin("Pod", "*-exec-1"), executor.why)
      : reportEntry(
          origin("Pod", executor.pod.metadata?.name ?? ""),
          decide(set, podRequest(executor.pod, {}), facts),
        ),
    ...unpredicted,
  ];
}

/** The conf as it would be stored. */
function textOf(decision: Decision, map: ConfigMap): string {
  return decision.kind === "decided-conf" ? decision.enforced.text : (propertiesOf(map) ?? "");
}

function originOf(kind: string, name: string, namespace: string, file: string): Origin {
  return { file, line: 1, kind, namespace, name, prefix: "" };
}
