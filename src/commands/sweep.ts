import { Command, InvalidArgumentError, Option } from "commander";
import type { SweepRequest } from "../cluster/sweep.ts";
import { isPartial, type SweepReport } from "../report/sweep-report.ts";
import { sweepJson, sweepSummary, sweepTable, type SweepTable } from "../report/sweep-text.ts";
import { TTL_ANNOTATION } from "../spark/time-to-live.ts";
import { addClusterOptions, clusterAddress, type ClusterOptions } from "./cluster-options.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { addTimeOption, timeOf, type TimeOption } from "./time-option.ts";

interface SweepCommandOptions extends ClusterOptions, TimeOption {
  readonly namespace?: readonly string[];
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly olderThan?: number;
  readonly keepFailed?: boolean;
  readonly delete?: boolean;
  readonly output: "table" | "json";
}

/** `sparkgate sweep`: finished drivers past their time to live. */
export function sweepCommand(): Command {
  const command = new Command("sweep")
    .summary("delete finished drivers past their time to live")
    .description(
      `Finds driver Pods that have ended longer ago than their annotation ${TTL_ANNOTATION} says, and deletes them with --delete. Names PersistentVolumeClaims of Spark's that no application needs any more.`,
    );
  return addTimeOption(addClusterOptions(command, "sweep this cluster"), "ages of Pods")
    .option("-n, --namespace <name>", "sweep this namespace; may be repeated", addNamespace)
    .addOption(new Option("-A, --all-namespaces", "sweep all namespaces").conflicts("namespace"))
    .option("-l, --selector <labels>", "only drivers with these labels too, as kubectl has it")
    .option(
      "--older-than <duration>",
      "time to live of drivers without the annotation, such as 7d, 12h or 30m (default: they stay)",
      durationSeconds,
    )
    .option("--keep-failed", "keep failed drivers, whatever their annotation says")
    .option("--delete", "delete them; without it nothing is deleted")
    .addOption(new Option("-o, --output <format>").choices(["table", "json"]).default("table"))
    .addHelpText(
      "after",
      `
Never deleted: Pods that have not ended, that Kubeflow's or Apache's operator or a controller such as a Job made, or of which
nothing says when they ended. With a driver the garbage collector deletes what it owns: executors, ConfigMaps, its Service. Its log
goes with it. A driver that changes between the look and the deletion stays.

Exit codes: 0 clean, 2 an option is wrong, 3 something could not be looked at or deleted.

Examples:
  sparkgate sweep --kubeconfig ~/.kube/config --all-namespaces --older-than 7d
  sparkgate sweep --kubeconfig ~/.kube/config -n team-a -n team-b --older-than 7d --keep-failed --delete
  sparkgate sweep --in-cluster --all-namespaces --delete`,
    )
    .action(sweepCluster);
}

async function sweepCluster(options: SweepCommandOptions): Promise<void> {
  const address = clusterAddress(options);
  if (address === undefined) {
    throw new CommandFailure(EXIT.badInput, ["say --kubeconfig FILE or --in-cluster"]);
  }
  const request = requestOf(options);
  const [{ connectToSweep }, { sweep, BadSelectorError }] = await Promise.all([
    import("../cluster/sweep-api.ts"),
    import("../cluster/sweep.ts"),
  ]);
  const api = await connectToSweep(address).catch((error: unknown) => {
    throw new CommandFailure(EXIT.couldNotLook, [
      error instanceof Error ? error.message : String(error),
    ]);
  });
  const isTable = options.output === "table";
  let table: SweepTable | undefined;
  const report = await sweep(api, request, {
    onDue: (due) => {
      table = sweepTable(due);
      if (isTable && due.length > 0) print(table.titles);
    },
    onOutcome: (driver) => {
      if (isTable && table !== undefined) print(table.lineOf(driver));
    },
    signal: untilStopped(),
  }).catch((error: unknown) => {
    if (!(error instanceof BadSelectorError)) throw error;
    throw new CommandFailure(EXIT.badInput, [`--selector: ${error.message}`]);
  });
  if (isTable && report.drivers.length > 0) print("");
  print(isTable ? sweepSummary(report) : sweepJson(report));
  tellProblems(report);
}

function requestOf(options: SweepCommandOptions): SweepRequest {
  const { namespace, allNamespaces, selector, olderThan, keepFailed = false } = options;
  if (namespace === undefined && allNamespaces !== true) {
    throw new CommandFailure(EXIT.badInput, ["say --namespace NAME or --all-namespaces"]);
  }
  const at = timeOf(options);
  const deletes = options.delete === true;
  if (deletes && at > Date.now()) {
    throw new CommandFailure(EXIT.badInput, [
      "--delete with an --at that is yet to come would delete what is still within its time to live: leave one of them out",
    ]);
  }
  return { terms: { at, olderThan, keepFailed }, namespaces: namespace, selector, deletes };
}

/** Kubernetes ends a Job that takes too long by SIGTERM: what was done until then is told. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      process.stderr.write(`${signal}: no further driver is deleted\n`);
      stop.abort();
    });
  }
  return stop.signal;
}

function tellProblems(report: SweepReport): void {
  for (const problem of report.problems) process.stderr.write(`${problem}\n`);
  if (isPartial(report)) process.exitCode = EXIT.couldNotLook;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** RFC 1123 label: what a namespace can be called. */
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

function addNamespace(name: string, previous: readonly string[] | undefined): readonly string[] {
  if (!NAMESPACE.test(name)) throw new InvalidArgumentError("no namespace can be called that");
  return [...new Set([...(previous ?? []), name])];
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

function durationSeconds(text: string): number {
  const [, amount, unit] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new InvalidArgumentError("a whole number with s, m, h or d behind it, such as 7d");
  }
  return Number(amount) * SECONDS[unit as keyof typeof SECONDS];
}
