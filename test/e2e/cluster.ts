import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Api, type ApiClient, ApiError, createApiClient } from "./api-client.ts";
import { controlPlane } from "./assets.ts";
import { type CommandResult, runCommand } from "./command.ts";
import { type ClusterCertificates, writeCertificates } from "./certificates.ts";
import {
  type ControlPlane,
  auditLogIn,
  certificateUser,
  startApiServer,
  startControllers,
  startEtcd,
} from "./control-plane.ts";
import type { Daemon } from "./daemon.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";

/** What {@link startCluster} starts. */
export interface ClusterOptions {
  /**
   * Also kube-controller-manager and kube-scheduler. Without them nobody binds Pods, makes
   * ServiceAccounts, collects garbage or ends namespaces.
   */
  controllers: boolean;
  /** An `audit.k8s.io/v1` Policy: writes {@link Cluster.auditLog}. */
  auditPolicy?: object;
}

/** A running test cluster. */
export interface Cluster {
  /** The administrator's kubeconfig file. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT` of the API server. */
  readonly server: string;
  readonly port: number;
  /** State and logs; {@link Cluster.stop} removes it. */
  readonly directory: string;
  readonly auditLog: string;
  readonly certificates: ClusterCertificates;
  /** The certificate authority in base64, as webhook configurations have it. */
  readonly caBundle: string;
  readonly api: Api;
  readonly watch: ApiClient["watch"];
  kubectl: (args: readonly string[], options?: { stdin?: string }) => Promise<CommandResult>;
  /** Makes a namespace in which Pods can be created, that is, with its `default` ServiceAccount. */
  createNamespace: (name: string, labels?: Record<string, string>) => Promise<void>;
  /**
   * For `afterEach`: has {@link Cluster.stop} keep the folder if the test failed. There is no way
   * to see it in an `after` hook, whose suite never counts as passed yet.
   */
  keepIfFailed: (test: object) => void;
  /** Ends all processes; removes the folder, unless a test failed or `SPARKGATE_E2E_KEEP=1`. */
  stop: () => Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const HTTP_CONFLICT = 409;

/** Starts a cluster on 127.0.0.1: ready in 5 to 8 seconds; several can run beside each other. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const assets = controlPlane();
  const directory = mkdtempSync(join(tmpdir(), "sparkgate-e2e-"));
  let keep = process.env["SPARKGATE_E2E_KEEP"] === "1";
  const daemons: Daemon[] = [];
  const stopDaemons = async (): Promise<void> => {
    for (const daemon of daemons.splice(0).reverse()) await daemon.stop();
  };
  try {
    const certificates = await writeCertificates(join(directory, "pki"));
    const [apiServer = 0, etcd = 0, etcdPeer = 0] = await freePorts(3);
    const plane = { assets, directory, certificates, ports: { apiServer, etcd, etcdPeer } };
    const { ca, admin } = certificates;
    const client = createApiClient({ port: apiServer, ca, ...admin });
    const kubeconfig = writeKubeconfig(plane);
    await startProcesses({ plane, options, client, kubeconfig, daemons });
    const createNamespace = namespaceMaker(client.api, options.controllers);
    await createServiceAccount(client.api, "default", options.controllers);
    return {
      kubeconfig,
      server: serverOf(plane),
      port: apiServer,
      directory,
      auditLog: auditLogIn(directory),
      certificates,
      caBundle: readFileSync(ca).toString("base64"),
      api: client.api,
      watch: client.watch,
      kubectl: (args, { stdin } = {}) =>
        kubectl(plane, ["--kubeconfig", kubeconfig, ...args], stdin),
      createNamespace,
      keepIfFailed(test) {
        keep ||= "passed" in test && test.passed === false;
      },
      async stop() {
        client.close();
        await stopDaemons();
        if (keep) {
          process.stderr.write(`kept the cluster's state and logs: ${directory}\n`);
        } else {
          rmSync(directory, { recursive: true, force: true });
        }
      },
    };
  } catch (error) {
    await stopDaemons();
    process.stderr.write(`the cluster did not start; its logs: ${directory}\n`);
    throw error;
  }
}

interface Start {
  plane: ControlPlane;
  options: ClusterOptions;
  client: ApiClient;
  kubeconfig: string;
  daemons: Daemon[];
}

async function startProcesses(start: Start): Promise<void> {
  const { plane, options, client, kubeconfig, daemons } = start;
  daemons.push(startEtcd(plane), startApiServer(plane, options.auditPolicy));
  await until(
    "the API server is ready",
    async () => {
      for (const daemon of daemons) daemon.assertAlive();
      await client.api("GET", "/readyz");
      // Made by the API server itself, a moment after it says that it is ready.
      await client.api("GET", "/api/v1/namespaces/default");
      return true;
    },
    { timeoutMs: READY_TIMEOUT_MS },
  );
  if (!options.controllers) return;
  daemons.push(...startControllers(plane, kubeconfig));
  await until(
    "the controller manager makes the default ServiceAccount",
    async () => {
      for (const daemon of daemons) daemon.assertAlive();
      await client.api("GET", "/api/v1/namespaces/default/serviceaccounts/default");
      return true;
    },
    { timeoutMs: READY_TIMEOUT_MS },
  );
}

function namespaceMaker(api: Api, controllers: boolean): Cluster["createNamespace"] {
  return async (name, labels = {}) => {
    await api("POST", "/api/v1/namespaces", { metadata: { name, labels } });
    await createServiceAccount(api, name, controllers);
  };
}

/** The ServiceAccount admission plugin refuses Pods in a namespace that has no `default` one. */
async function createServiceAccount(api: Api, namespace: string, controllers: boolean) {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  if (!controllers) {
    await api("POST", path, { metadata: { name: "default" } }).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === HTTP_CONFLICT)) throw error;
    });
  }
  await until(`ServiceAccount default of ${namespace}`, () => api("GET", `${path}/default`));
}

function serverOf(plane: ControlPlane): string {
  return `https://127.0.0.1:${plane.ports.apiServer}`;
}

function writeKubeconfig(plane: ControlPlane): string {
  const file = join(plane.directory, "kubeconfig");
  const cluster = { server: serverOf(plane), "certificate-authority": plane.certificates.ca };
  writeFileSync(
    file,
    // JSON is YAML.
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "e2e", cluster }],
      users: [{ name: "admin", user: certificateUser(plane.certificates.admin) }],
      contexts: [{ name: "e2e", context: { cluster: "e2e", user: "admin" } }],
      "current-context": "e2e",
    }),
  );
  return file;
}

async function kubectl(plane: ControlPlane, args: string[], stdin = ""): Promise<CommandResult> {
  // A home of its own: kubectl caches what it learns of a server by address, and ports come again.
  const env = { ...process.env, HOME: plane.directory };
  return runCommand(join(plane.assets, "kubectl"), args, { env, stdin });
}
