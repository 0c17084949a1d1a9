import { Option, type Command } from "commander";
import { reasonOf } from "../cluster/failed-call.ts";
import type { ClusterAddress } from "../cluster/kube-config.ts";
import type { Logger } from "../server/log.ts";
import type { ServerOptions } from "../server/start-server.ts";
import { CommandFailure, EXIT } from "./failure.ts";

/** Options of every command that asks a cluster. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly inCluster?: boolean;
}

/** Adds `--kubeconfig`, `--context` and `--in-cluster` to a command, with what it does with the cluster. */
export function addClusterOptions(command: Command, purpose: string): Command {
  return command
    .addOption(new Option("--kubeconfig <file>", purpose).conflicts("inCluster"))
    .option("--context <name>", "a context of --kubeconfig (default: its current one)")
    .option("--in-cluster", "the same, as the ServiceAccount of the Pod that this runs in");
}

/** The cluster that the options name; undefined where they name none. */
export function clusterAddress({
  kubeconfig,
  context,
  inCluster,
}: ClusterOptions): ClusterAddress | undefined {
  if (context !== undefined && kubeconfig === undefined) {
    throw new CommandFailure(EXIT.badInput, ["--context needs --kubeconfig FILE"]);
  }
  if (kubeconfig !== undefined) return { kubeconfig, context };
  return inCluster === true ? { inCluster } : undefined;
}

/** How a server gets at the cluster; undefined where the options name none, so that nothing is loaded for it. */
export function connector(options: ClusterOptions, log: Logger): ServerOptions["connectCluster"] {
  const address = clusterAddress(options);
  if (address === undefined) return undefined;
  return async (metrics) => {
    const [{ connectToCluster }, { startClusterFacts }] = await Promise.all([
      import("../cluster/connect.ts"),
      import("../cluster/cluster-facts.ts"),
    ]);
    return startClusterFacts(await connectToCluster(address), {
      onError: (resource, error) => {
        metrics.watchErrors.inc({ resource });
        log.warn({ resource, error: reasonOf(error) }, "a watch failed, and is begun anew");
      },
    });
  };
}
