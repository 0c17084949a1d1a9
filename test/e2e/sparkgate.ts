import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { loadPolicySet } from "../../src/commands/policy-options.ts";
import { VERSION } from "../../src/commands/version.ts";
import { createLog } from "../../src/server/log.ts";
import { type RunningServer, startServer } from "../../src/server/start-server.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { waitUntilCalled } from "./webhook-configuration.ts";

const ROOT = join(import.meta.dirname, "../..");
const MANIFEST = join(ROOT, "manifests/webhook-configurations.yaml");
const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1";

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

/** A `sparkgate serve` process that is ready. */
export interface Sparkgate {
  /** Sends a signal and waits for the end; the exit code, or null where the signal killed it. */
  stop: (signal?: "SIGTERM" | "SIGKILL") => Promise<number | null>;
  /** Sends a signal, and waits for nothing. */
  signal: (signal: "SIGSTOP" | "SIGCONT") => void;
  /** A page of the plain port, such as `/metrics`. */
  get: (path: string) => Promise<string>;
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
  const log = openSync(join(cluster.directory, "sparkgate.log"), "a");
  const child = spawn(
    process.execPath,
    [
      ...[
        "src/cli.ts",
        "serve",
        ...[policies].flat().flatMap((each) => ["--policies", each]),
        "--platform",
        platform,
      ],
      ...["--host", "127.0.0.1", "--port", String(port), "--metrics-port", String(metricsPort)],
      ...["--tls-cert", certificate, "--tls-key", key, "--drain-seconds", "0"],
      ...(mode === "own" ? [] : ["--mode", mode]),
      ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
    ],
    { cwd: ROOT, stdio: ["ignore", log, log] },
  );
  closeSync(log);
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const killAtExit = () => child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${metricsPort}${path}`);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.text();
  };
  await until("sparkgate is ready", async () => isRunning(child) && (await get("/readyz")));
  return {
    get,
    signal: (signal) => {
      child.kill(signal);
    },
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      const code = await ended;
      process.off("exit", killAtExit);
      return code;
    },
  };
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

function isRunning(child: ChildProcess): boolean {
  if (child.exitCode === null) return true;
  throw new Error(`sparkgate ended with exit code ${child.exitCode}: see sparkgate.log`);
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
