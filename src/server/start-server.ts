import { setTimeout as delay } from "node:timers/promises";
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { PolicySet } from "../engine/policy-set.ts";
import type { Mode } from "../engine/policy.ts";
import { createAdmissionServer, type AdmissionServerOptions } from "./admission-server.ts";
import type { FactsSource } from "./answer-calls.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { listen } from "./listen.ts";
import type { Logger } from "./log.ts";
import {
  addClusterMetrics,
  createMetrics,
  recordPolicySet,
  type ClusterState,
  type Metrics,
} from "./metrics.ts";
import { createStatusServer } from "./status-server.ts";
import { checkTlsPair, readTlsPair, secureContextOptions, type TlsPaths } from "./tls-pair.ts";
import { TlsReload } from "./tls-reload.ts";
import { warmUp } from "./warm-up.ts";

/** What `serve` is told. */
export interface ServerOptions {
  /** TLS port of the webhook; 0: any that is free. */
  readonly port: number;
  /** Plain port of probes and metrics; 0: any that is free. */
  readonly metricsPort: number;
  /** Address of both ports; undefined: every address of this machine. */
  readonly host?: string | undefined;
  /** Files of the serving certificate; read again while the server runs. */
  readonly tls: TlsPaths;
  /** Compiles the policies. Called once, when the plain port is open. */
  readonly loadPolicySet: () => PolicySet | Promise<PolicySet>;
  readonly log: Logger;
  /** Sparkgate's own, for `sparkgate_build_info`. */
  readonly version: string;
  /** Seconds in which a stopping server still answers, so that all clients can turn elsewhere. Default 5. */
  readonly drainSeconds?: number | undefined;
  /** Seconds given to open connections after that. Default 10. */
  readonly closeSeconds?: number | undefined;
  /** Seconds between two looks at the certificate files. Default 10. */
  readonly tlsPollSeconds?: number | undefined;
  /** Those left out have their default. */
  readonly limits?: Partial<Limits> | undefined;
  /** Connects to the cluster, once the metrics are there; undefined: nothing is asked of any cluster. */
  readonly connectCluster?: ((metrics: Metrics) => Promise<ClusterSource>) | undefined;
  /** The clock by which policies and exceptions go. Default is the machine's. */
  readonly now?: AdmissionServerOptions["now"];
  /** Default is the real one. */
  readonly answerReview?: AdmissionServerOptions["answerReview"];
}

/** What a running server knows of the cluster. */
export interface ClusterSource extends FactsSource, ClusterState {
  readonly close: () => void;
}

/** A server that answers. */
export interface RunningServer {
  readonly port: number;
  readonly metricsPort: number;
  readonly metrics: Metrics;
  /**
   * Stops: says not ready, answers for the drain time, closes what is idle, then everything. Never rejects;
   * when called again, the same promise.
   */
  readonly close: () => Promise<void>;
}

/**
 * Starts the server: first the plain port, so that probes tell a slow start from a dead one, then the policies
 * are compiled, and the TLS port opens last: a webhook that answers without its policies admits what it should
 * refuse.
 * @throws Error that says what to do, where a port, a certificate file or the policies are not as they must be;
 *   nothing is left open
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { log, host } = options;
  const metrics = createMetrics(options.version);
  let notReady: string | undefined = "starting: the policies are not compiled yet";
  const status = createStatusServer({
    registry: metrics.registry,
    notReadyBecause: () => notReady,
  });
  const metricsPort = await listen(status, {
    port: options.metricsPort,
    host,
    option: "--metrics-port",
  });
  try {
    const tls = await readTlsPair(options.tls);
    const expires = checkTlsPair(tls, options.tls);
    recordExpiry(metrics, expires);
    const policySet = await options.loadPolicySet();
    recordPolicySet(metrics, policySet);
    warmUp(policySet);
    const cluster = await options.connectCluster?.(metrics);
    if (cluster !== undefined) addClusterMetrics(metrics, cluster);
    const admission = createAdmissionServer({
      tls,
      policySet,
      metrics,
      log,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      facts: cluster,
      now: options.now,
      answerReview: options.answerReview,
    });
    const port = await listen(admission.server, { port: options.port, host, option: "--port" });
    const reload = watchTls(options, admission.server, metrics, tls);
    notReady = undefined;
    log.info({ port, metricsPort, policies: policiesByMode(policySet) }, "ready");

    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      notReady = "draining: this server is being stopped";
      admission.startDraining();
      log.info("draining");
      await delay((options.drainSeconds ?? 5) * 1000);
      reload.stop();
      cluster?.close();
      await closeWithin(admission.server, (options.closeSeconds ?? 10) * 1000);
      // Last, so that probes and the last scrape are answered to the end.
      await closeWithin(status, 0);
      log.info("stopped");
    };
    return {
      port,
      metricsPort,
      metrics,
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await closeWithin(status, 0);
    throw error;
  }
}

/** How many policies do what: who forgot to enforce sees it in the first line of the log. */
function policiesByMode({ policies }: PolicySet): Readonly<Record<Mode, number>> {
  const count = (mode: Mode) => policies.filter((policy) => policy.mode === mode).length;
  return { Enforce: count("Enforce"), Warn: count("Warn"), Audit: count("Audit") };
}

function watchTls(
  options: ServerOptions,
  server: HttpsServer,
  metrics: Metrics,
  current: { readonly cert: string; readonly key: string },
): TlsReload {
  const { log } = options;
  return new TlsReload({
    paths: options.tls,
    current,
    interval: (options.tlsPollSeconds ?? 10) * 1000,
    onChange: (pair, expires) => {
      server.setSecureContext(secureContextOptions(pair));
      recordExpiry(metrics, expires);
      log.info({ expires }, "the serving certificate was replaced");
    },
    onFailure: (error) => {
      metrics.tlsReloadFailures.inc();
      log.error({ error: error.message }, "the serving certificate was not replaced");
    },
  });
}

function recordExpiry(metrics: Metrics, expires: Date): void {
  metrics.certificateExpiry.set({ certificate: "serving" }, expires.getTime() / 1000);
}

/** Takes no new connections, closes idle ones, and after `milliseconds` all that are left. */
async function closeWithin(server: HttpServer | HttpsServer, milliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  const deadline = setTimeout(() => {
    server.closeAllConnections();
  }, milliseconds);
  await closed;
  clearTimeout(deadline);
}
