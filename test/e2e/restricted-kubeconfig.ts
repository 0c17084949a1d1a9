import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Cluster } from "./cluster.ts";
import { requestToken } from "./spark-submit.ts";

const MANIFEST = join(import.meta.dirname, "../../manifests/cluster-role.yaml");

/**
 * A kubeconfig of the ServiceAccount that manifests/cluster-role.yaml makes, with its rights and no others; `port` is the API
 * server's, or a relay's before it.
 */
export async function restrictedKubeconfig(cluster: Cluster, port: number): Promise<string> {
  await cluster.createNamespace("sparkgate-system");
  const { code, stderr } = await cluster.kubectl(["apply", "--server-side", "-f", MANIFEST]);
  assert.equal(code, 0, stderr);
  assert.equal(parseAllDocuments(readFileSync(MANIFEST, "utf8")).length, 3);
  return sparkgateKubeconfig(cluster, port);
}

/** A kubeconfig with a token of a ServiceAccount of Sparkgate's, which is there, and with nothing else. */
export async function sparkgateKubeconfig(
  cluster: Cluster,
  port: number,
  account = "sparkgate",
): Promise<string> {
  const token = await requestToken(cluster, "sparkgate-system", account);
  const kubeconfig = join(cluster.directory, `${account}-${port}.kubeconfig`);
  const config = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "e2e" },
    clusters: [
      {
        name: "e2e",
        cluster: {
          server: `https://127.0.0.1:${port}`,
          "certificate-authority-data": cluster.caBundle,
        },
      },
    ],
    users: [{ name: account, user: { token } }],
    contexts: [{ name: "e2e", context: { cluster: "e2e", user: account } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return kubeconfig;
}
