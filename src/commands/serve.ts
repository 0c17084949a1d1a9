import { Command, InvalidArgumentError, Option } from "commander";
import type { PolicySet } from "../engine/policy-set.ts";
import { problemText } from "../policy/problem.ts";
import type { Logger } from "../server/log.ts";
import { LOG_LEVELS, type LogLevel } from "../server/log-level.ts";
import type { TlsPaths } from "../server/tls-pair.ts";
import { addClusterOptions, connector, type ClusterOptions } from "./cluster-options.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { addPolicyOptions, loadPolicies, type PolicyOptions } from "./policy-options.ts";
import { collectNames, selfSignedIn } from "./self-signed.ts";
import { VERSION } from "./version.ts";

interface ServeOptions extends PolicyOptions, ClusterOptions {
  readonly port: number;
  readonly metricsPort: number;
  readonly host?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly selfSigned?: string;
  readonly name?: readonly string[];
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
}

/** Names under which a webhook in development is called. */
const LOCAL_NAMES: readonly string[] = ["localhost", "127.0.0.1", "sparkgate.sparkgate-system.svc"];

/** `sparkgate serve`: the admission webhook. */
export function serveCommand(): Command {
  const command = new Command("serve")
    .summary("run the admission webhook")
    .description(
      "Answers AdmissionReviews on POST /mutate (TLS), and /healthz, /readyz and /metrics on a plain port. The TLS port opens last, when the policies are compiled.",
    );
  return addClusterOptions(
    addPolicyOptions(command, "what each policy says"),
    "watch namespaces and quotas of this cluster: for namespaceSelector, sparkgate.io/bypass, PodSecurity levels",
  )
    .option("--port <port>", "TLS port of the webhook", port, 8443)
    .option("--metrics-port <port>", "plain port of probes and metrics", port, 9090)
    .option("--host <address>", "address to listen on (default: all)")
    .option("--tls-cert <file>", "certificate (PEM), read again when it changes")
    .option("--tls-key <file>", "its private key (PEM)")
    .option("--self-signed <dir>", "make a CA and a certificate in this folder; for development")
    .option(
      "--name <name>",
      "a further DNS name or address for --self-signed; may be repeated",
      collectNames,
    )
    .option("--drain-seconds <n>", "how long a stopping server still answers", seconds, 5)
    .addOption(new Option("--log-level <level>").choices(LOG_LEVELS).default("info"))
    .addHelpText(
      "after",
      `
SIGTERM: not ready at once, answers for --drain-seconds, then exits with 0. Exit codes: 2 a policy or an option is
wrong, 3 a port, a certificate or a kubeconfig cannot be had.

Without --kubeconfig or --in-cluster nothing is known of namespaces: policies that need their labels follow onError.

Examples:
  sparkgate serve --platform karpenter --tls-cert tls.crt --tls-key tls.key
  sparkgate serve --policies ./policies --platform node-pool --self-signed certs --port 8443 --metrics-port 9090
  sparkgate serve --policies strict --platform karpenter --mode Audit --self-signed certs --in-cluster`,
    )
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  // Loaded here, so that the other commands start without Express and pino.
  const [{ createLog }, { startServer }, { stopOnSignals }] = await Promise.all([
    import("../server/log.ts"),
    import("../server/start-server.ts"),
    import("../server/stop-on-signals.ts"),
  ]);
  const log = createLog(options.logLevel);
  const tls = await tlsFiles(options);
  try {
    const starting = startServer({
      port: options.port,
      metricsPort: options.metricsPort,
      host: options.host,
      tls,
      loadPolicySet: () => loadAndTell(options, log),
      connectCluster: connector(options, log),
      log,
      version: VERSION,
      drainSeconds: options.drainSeconds,
    });
    // Before it is ready: a signal that comes while it starts, or just then, must not end it without draining.
    stopOnSignals({ close: async () => (await starting).close(), log });
    await starting;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(EXIT.couldNotLook, [
      error instanceof Error ? error.message : String(error),
    ]);
  }
}

/** Loads the policies; what is hardly meant is in the log, where who installs them looks. */
function loadAndTell(options: ServeOptions, log: Logger): PolicySet {
  const { set, notices } = loadPolicies(options);
  for (const notice of notices) {
    if (notice.severity === "warning") log.warn({ policy: notice.policy }, problemText(notice));
  }
  return set;
}

async function tlsFiles(options: ServeOptions): Promise<TlsPaths> {
  const { tlsCert, tlsKey, selfSigned, name } = options;
  if (selfSigned !== undefined && tlsCert === undefined && tlsKey === undefined) {
    const made = await selfSignedIn(selfSigned, [...LOCAL_NAMES, ...(name ?? [])]);
    process.stderr.write(`caBundle for the webhook configuration: ${made.caBundle}\n`);
    return made;
  }
  if (selfSigned === undefined && tlsCert !== undefined && tlsKey !== undefined) {
    return { certPath: tlsCert, keyPath: tlsKey };
  }
  throw new CommandFailure(EXIT.badInput, [
    "say either --tls-cert FILE and --tls-key FILE, or --self-signed DIR",
  ]);
}

const HIGHEST_PORT = 65_535;

function port(text: string): number {
  return wholeNumber(text, HIGHEST_PORT, "a port is a whole number from 0 to 65535");
}

function seconds(text: string): number {
  return wholeNumber(text, 3600, "a whole number of seconds from 0 to 3600");
}

function wholeNumber(text: string, highest: number, rule: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > highest) throw new InvalidArgumentError(rule);
  return Number(text);
}
