import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { loadPolicySet } from "../../src/commands/policy-options.ts";
import { VERSION } from "../../src/commands/version.ts";
import { createLog } from "../../src/server/log.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { freePorts } from "./ports.ts";
import { ROOT, type Sparkgate, startProcess } from "./sparkgate-process.ts";
import { waitUntilCalled } from "./webhook-configuration.ts";

const MANIFEST = join(ROOT, "manifests/webhook-configurations.yaml");
const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1";

export type { Sparkgate } from "./sparkgate-process.ts";

/** How `sparkgate serve` is run. */
export interface SparkgateOptions {
  /** Shipped sets, files and folders. */
  readonly policies: string | readonly string[];
  /** In place of what the policies say; `own`: what they say. `Enforce` unless told. */
  readonly mode?: "Enforce" | "Warn" | "Audit" | "own";
  /** `karpenter` unless told. */
  readonly platform?: string;
  /** Of the cluster whose namespaces it watches; none: nothing is known of them. */
  readonly kubeconfig?: string;
  readonly port: number;
  readonly metricsPort: number;
}

/** A cluster with a Sparkgate in front of it. */
export interface ProtectedCluster {
  readonly cluster: Cluster;
  readonly sparkgate: Sparkgate;
  /** For another Sparkgate in place of the one that runs. */
  readonly ports: { readonly port: number; readonly metricsPort: number };
}

/** Starts a cluster and a Sparkgate, and registers it. */
export async function startProtectedCluster({
  controllers,
  ...options
}: { readonly controllers: boolean } & Omit<
  SparkgateOptions,
  "port" | "metricsPort" | "kubeconfig"
>): Promise<ProtectedCluster> {
  const cluster = await startCluster({ controllers });
  const [port = 0, metricsPort = 0] = await freePorts(2);
  const ports = { port, metricsPort };
  const sparkgate = await startSparkgate(cluster, { ...options, ...ports });
  await registerSparkgate(cluster, port);
  return { cluster, sparkgate, ports };
}

/** Starts `sparkgate serve` with the cluster's certificate for webhooks, and waits until it is ready. */
export async function startSparkgate(
  cluster: Cluster,
  { port, metricsPort, ...options }: SparkgateOptions,
): Promise<Sparkgate> {
  const { policies, mode = "Enforce", platform = "karpenter", kubeconfig } = options;
  const { certificate, key } = cluster.certificates.webhook;
  return startProcess({
    args: [
      ...["serve", ...[policies].flat().flatMap((each) => ["--policies", each])],
      ...["--platform", platform],
      ...["--host", "127.0.0.1", "--port", String(port), "--metrics-port", String(metricsPort)],
      ...["--tls-cert", certificate, "--tls-key", key, "--drain-seconds", "0"],
      ...(mode === "own" ? [] : ["--mode", mode]),
      ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
    ],
    metricsPort,
    directory: cluster.directory,
  });
}

/**
 * Starts the server in this process, by a clock of the test's; policies are in the modes that they say themselves, and nothing
 * is known of namespaces.
 */
export async function startSparkgateHere(
  cluster: Cluster,
  options: Pick<SparkgateOptions, "policies" | "port" | "metricsPort"> & {
    /** In milliseconds since 1970. */
    readonly now: () => number;
  },
): Promise<RunningServer> {
  const { policies, ...rest } = options;
  const { certificate, key } = cluster.certificates.webhook;
  const write = (line: string) => {
    appendFileSync(join(cluster.directory, "sparkgate.log"), line);
  };
  return startServer({
    ...rest,
    host: "127.0.0.1",
    tls: { certPath: certificate, keyPath: key },
    loadPolicySet: () => loadPolicySet({ policies: [policies].flat(), platform: "karpenter" }),
    log: createLog("info", { write }),
    version: VERSION,
    drainSeconds: 0,
  });
}

interface WebhookConfiguration {
  readonly kind: "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration";
  readonly webhooks: readonly {
    readonly clientConfig: { readonly service: { readonly path: string } };
  }[];
}

/**
 * Registers manifests/webhook-configurations.yaml with the address of a server on this machine in place of the
 * Service, and waits until it takes effect, which is up to a few seconds.
 */
export async function registerSparkgate(cluster: Cluster, port: number): Promise<void> {
  for (const document of parseAllDocuments(readFileSync(MANIFEST, "utf8"))) {
    const manifest = document.toJS() as WebhookConfiguration;
    await cluster.api("POST", `${CONFIGURATIONS}/${manifest.kind.toLowerCase()}s`, {
      ...manifest,
      webhooks: manifest.webhooks.map((webhook) => ({
        ...webhook,
        clientConfig: {
          url: `https://127.0.0.1:${port}${webhook.clientConfig.service.path}`,
          caBundle: cluster.caBundle,
        },
      })),
    });
  }
  await waitUntilCalled(cluster);
  await sleep(1000); // each webhook of a configuration has a client of its own, made at its first call
}

/** Takes the registration away again. */
export async function unregisterSparkgate(cluster: Cluster): Promise<void> {
  for (const kind of ["mutating", "validating"]) {
    await cluster.api("DELETE", `${CONFIGURATIONS}/${kind}webhookconfigurations/sparkgate`);
  }
}
