import { Option, type Command } from "commander";
import { oneLine } from "../engine/text.ts";
import type { Logger } from "../server/log.ts";
import type { ServerOptions } from "../server/start-server.ts";
import { CommandFailure, EXIT } from "./failure.ts";

/** Options of every command that asks a cluster. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly inCluster?: boolean;
}

/** Adds `--kubeconfig`, `--context` and `--in-cluster` to a command. */
export function addClusterOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--kubeconfig <file>",
        "watch namespaces and quotas of this cluster: for namespaceSelector, sparkgate.io/bypass, PodSecurity levels",
      ).conflicts("inCluster"),
    )
    .option("--context <name>", "a context of --kubeconfig (default: its current one)")
    .option("--in-cluster", "the same, as the ServiceAccount of the Pod that this runs in");
}

/** How a server gets at the cluster; undefined where the options name none, so that nothing is loaded for it. */
export function connector(
  { kubeconfig, context, inCluster }: ClusterOptions,
  log: Logger,
): ServerOptions["connectCluster"] {
  if (context !== undefined && kubeconfig === undefined) {
    throw new CommandFailure(EXIT.badInput, ["--context needs --kubeconfig FILE"]);
  }
  if (kubeconfig === undefined && inCluster !== true) return undefined;
  return async (metrics) => {
    const [{ connectToCluster }, { startClusterFacts }] = await Promise.all([
      import("../cluster/connect.ts"),
      import("../cluster/cluster-facts.ts"),
    ]);
    const address =
      kubeconfig === undefined ? { inCluster: true as const } : { kubeconfig, context };
    return startClusterFacts(await connectToCluster(address), {
      onError: (resource, error) => {
        metrics.watchErrors.inc({ resource });
        log.warn({ resource, error: reasonOf(error) }, "a watch failed, and is begun anew");
      },
    });
  };
}

/** Why a call failed, in a line: the client's own messages hold headers and whole bodies. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { code, statusCode, cause } = error as Error & {
    readonly code?: number | string;
    readonly statusCode?: number;
  };
  const [firstLine = ""] = (cause instanceof Error ? cause : error).message.split("\n");
  return oneLine(`${code ?? statusCode ?? ""} ${firstLine}`.trim(), 200);
}
