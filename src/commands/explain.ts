import { Command, InvalidArgumentError, Option } from "commander";
import { decide } from "../engine/decide.ts";
import { isDecided } from "../engine/decision.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { oneLine } from "../engine/text.ts";
import { isRecord } from "../kubernetes/json.ts";
import { explanationText } from "../report/explain-text.ts";
import { explain, type Explanation } from "../report/explain.ts";
import { jsonText } from "../report/format.ts";
import { reachesThreshold, THRESHOLDS, type Threshold } from "../report/threshold.ts";
import { shareText, simulateShare, type Share } from "../report/simulate-share.ts";
import { EXECUTOR_ID_LABEL } from "../spark/executor-id.ts";
import { ROLE_LABEL, ROLES } from "../spark/role.ts";
import { checkObject, type CheckObjectOptions, type Judgement } from "./check-object.ts";
import { paintVerdict } from "./colour.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { failOn, readObjects } from "./objects.ts";
import { addPolicyOptions, loadPolicySet, type PolicyOptions } from "./policy-options.ts";
import { addTimeOption, timeOf, type TimeOption } from "./time-option.ts";

interface ExplainOptions extends PolicyOptions, CheckObjectOptions, TimeOption {
  readonly output: "text" | "json";
  readonly failOn: Threshold;
  readonly policy?: string;
  readonly simulate?: number;
  readonly loss?: number;
}

const MOST_EXECUTORS = 10_000;

/** No policy puts it anywhere. */
const AS_CHOSEN = "as the job chose";

const LONGEST_LINE = 1000;

/** `sparkgate explain`: policy by policy, why an object becomes what it becomes. */
export function explainCommand(): Command {
  const command = new Command("explain")
    .summary("tell policy by policy why an object becomes what it becomes")
    .description(
      "Judges the objects as `check` does, and tells of every policy whether it matches or which clause does not, its mode and where that comes from, what it changes as a diff, what it refuses, what it leaves to another policy or to the job.",
    )
    .argument("<file...>", "YAML or JSON files, folders, or - for standard input");
  return addTimeOption(addPolicyOptions(command, "Enforce"))
    .addOption(
      new Option(
        "--role <role>",
        `for Pods without the label ${ROLE_LABEL}, such as pod templates`,
      ).choices(ROLES),
    )
    .option("-n, --namespace <name>", "for objects that name none", "default")
    .option("--policy <name>", "only this policy")
    .option(
      "--simulate <executors>",
      "of an executor: how many of so many are created on which capacity",
      executors,
    )
    .option(
      "--loss <share>",
      "with --simulate: how many are then lost on spot and replaced, as a share of all executors: 0.2 of 50 are 10",
      loss,
    )
    .addOption(new Option("-o, --output <format>").choices(["text", "json"]).default("text"))
    .addOption(
      new Option("--fail-on <what>", "the least that makes the exit code 1")
        .choices(THRESHOLDS)
        .default("deny"),
    )
    .addHelpText(
      "after",
      `
To see the policies in the mode that each of them says, and not as if all were enforced: --mode AsWritten.

Exit codes: 0 clean, 1 a finding at or above --fail-on, 2 a file or a policy cannot be read.

Examples:
  sparkgate explain driver.yaml --platform karpenter
  sparkgate explain sparkapplication.yaml --policies strict --platform gke
  sparkgate explain executor.yaml --policies ./policies --platform eks --policy executors-on-spot
  sparkgate explain executor.yaml --platform karpenter --simulate 100 --loss 0.2
  kubectl get pod etl-driver -o yaml | sparkgate explain - --platform gke`,
    )
    .action(run);
}

function run(files: readonly string[], options: ExplainOptions): void {
  if (options.loss !== undefined && options.simulate === undefined) {
    const message = "--loss says nothing without --simulate N: of how many executors";
    throw new CommandFailure(EXIT.badInput, [message]);
  }
  const set = loadPolicySet({ mode: "Enforce", ...options });
  const { policy } = options;
  if (policy !== undefined && !set.names.has(policy)) {
    const known = [...set.names].join(", ");
    throw new CommandFailure(EXIT.badInput, [`there is no policy '${policy}', allowed: ${known}`]);
  }
  const { documents, factsOf } = readObjects(files);
  const at = timeOf(options);
  const checked = documents.map((document) =>
    checkObject(set, document, options, (namespace) => ({ ...factsOf(namespace), at })),
  );
  failOn(checked.flatMap((one) => (one.kind === "unreadable" ? [one.problem] : [])));
  const judged = checked.flatMap((one) => (one.kind === "judged" ? [one] : []));
  if (judged.length === 0) {
    throw new CommandFailure(EXIT.badInput, [`${files.join(", ")}: no object in it`]);
  }
  const explained = judged.map(({ entry, judgement }) => {
    const decision = judgement?.decision;
    if (judgement === undefined || decision === undefined || !isDecided(decision)) return { entry };
    const whole = explain(set, decision, judgement.facts, entry);
    const policies = whole.policies.filter((one) => policy === undefined || one.policy === policy);
    const simulation = simulated(set, judgement, options);
    return { entry, explanation: { ...whole, policies }, simulation };
  });
  const texts = explained.map(({ entry, explanation, simulation }) => {
    if (explanation === undefined) {
      const { kind, namespace, name, reason = "" } = entry;
      return oneLine(`SKIPPED  ${kind} ${namespace}/${name}: ${reason}`, LONGEST_LINE);
    }
    const text = explanationText(explanation, paintVerdict);
    const lines = simulation === undefined ? [] : simulationLines(simulation);
    return [text, ...lines].join("\n");
  });
  const text = options.output === "json" ? jsonOf(set, explained) : texts.join("\n\n");
  process.stdout.write(`${text}\n`);
  const report = { policySet: set.digest, entries: explained.map(({ entry }) => entry) };
  if (reachesThreshold(report, options.failOn)) process.exitCode = EXIT.finding;
}

/** What becomes of an executor's siblings: the same Pod under other ids. */
function simulated(
  set: PolicySet,
  { request, facts }: Judgement,
  { simulate, loss = 0 }: ExplainOptions,
): SimulationReport | undefined {
  if (simulate === undefined) return undefined;
  const capacityOf = (id: number): string => {
    const decision = decide(set, { ...request, object: withExecutorId(request.object, id) }, facts);
    const outcomes = decision.kind === "decided" ? decision.enforced.outcomes : [];
    const placed = outcomes.find(({ effect }) => effect?.capacity !== undefined);
    return placed?.effect?.capacity ?? AS_CHOSEN;
  };
  const { created, live, lost } = simulateShare(simulate, Math.round(simulate * loss), capacityOf);
  return { executors: simulate, created, lost, live };
}

interface SimulationReport {
  readonly executors: number;
  readonly created: Share;
  readonly lost: number;
  readonly live: Share;
}

function simulationLines({ executors, created, lost, live }: SimulationReport): readonly string[] {
  const lines = ["", `${executors} executors created: ${shareText(created)}`];
  if (lost === 0) return lines;
  return [...lines, `after ${lost} were lost on spot and replaced, live: ${shareText(live)}`];
}

function withExecutorId(object: unknown, id: number): unknown {
  if (!isRecord(object)) return object;
  const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
  const labels = isRecord(metadata["labels"]) ? metadata["labels"] : {};
  if (labels[ROLE_LABEL] !== "executor") {
    throw new CommandFailure(EXIT.badInput, ["--simulate is for executors: this Pod is none"]);
  }
  return {
    ...object,
    metadata: { ...metadata, labels: { ...labels, [EXECUTOR_ID_LABEL]: String(id) } },
  };
}

interface Explained {
  readonly entry: Explanation["entry"];
  readonly explanation?: Explanation;
  readonly simulation?: SimulationReport | undefined;
}

function jsonOf({ digest }: PolicySet, explained: readonly Explained[]): string {
  const objects = explained.map(({ entry, explanation, simulation }) => {
    const { change, ...rest } = entry;
    const shares = simulation && {
      ...simulation,
      created: Object.fromEntries(simulation.created),
      live: Object.fromEntries(simulation.live),
    };
    return { ...rest, ...change, policies: explanation?.policies, simulation: shares };
  });
  const kind = { apiVersion: "sparkgate.io/v1alpha1", kind: "Explanation", policySet: digest };
  return jsonText({ ...kind, objects });
}

function executors(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= MOST_EXECUTORS) return Number(text);
  throw new InvalidArgumentError(`a whole number from 1 to ${MOST_EXECUTORS}`);
}

function loss(text: string): number {
  const share = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && share <= 10) return share;
  throw new InvalidArgumentError("a number from 0 to 10, such as 0.2");
}
