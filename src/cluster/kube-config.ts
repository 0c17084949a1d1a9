import { existsSync } from "node:fs";
import type { KubeConfig } from "@kubernetes/client-node";

/** Which cluster, and as whom. */
export type ClusterAddress =
  | { readonly kubeconfig: string; readonly context: string | undefined }
  | {
      /** As the ServiceAccount of the Pod that this runs in. */
      readonly inCluster: true;
    };

/**
 * Fills in where a cluster is and who asks. Reads files alone.
 * @throws Error that says what is missing and what to do
 */
export function loadKubeConfig(config: KubeConfig, address: ClusterAddress): void {
  if ("inCluster" in address) {
    const token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    if (process.env["KUBERNETES_SERVICE_HOST"] === undefined || !existsSync(token)) {
      throw new Error(
        "--in-cluster: there is no ServiceAccount here; run it in a Pod with automountServiceAccountToken, or say --kubeconfig FILE",
      );
    }
    config.loadFromCluster();
    return;
  }
  const { kubeconfig, context } = address;
  try {
    config.loadFromFile(kubeconfig);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`--kubeconfig ${kubeconfig}: cannot be read: ${why}`, { cause: error });
  }
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new Error(`--context ${context}: ${kubeconfig} has ${names.join(", ") || "none"}`);
    }
    config.setCurrentContext(context);
  }
  if (config.getCurrentCluster() === null) {
    throw new Error(`--kubeconfig ${kubeconfig}: has no current context; say --context NAME`);
  }
}
