import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { PolicySet } from "../engine/policy-set.ts";

/** What Sparkgate tells Prometheus: names and labels are an interface, changed only with a major version. */
export type Metrics = ReturnType<typeof createMetrics>;

/** Seconds. A decision takes well under a millisecond, a webhook call may last 30 s, ours are configured for 2-10 s. */
const DURATION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Of the budget of body-budget.ts, and connections that were closed to make room for others. */
const SHED_REASONS = ["bodies", "large-bodies", "connections"] as const;

/**
 * Creates the metrics in a registry of their own. No label has values out of a request that are not from a fixed
 * list: no namespace, application or Pod, so that a tenant cannot fill the monitoring system.
 */
export function createMetrics(version: string) {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `sparkgate_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `sparkgate_${name}`, help, labelNames: [...labelNames], registers });

  const shed = counter(
    "admission_shed_total",
    "Calls and connections turned away for lack of room. Under failurePolicy Ignore a call that was shed is an object that was not looked at.",
    ["reason"],
  );
  // From the beginning: where a series begins with its first count, increase() does not see that one.
  for (const reason of SHED_REASONS) shed.inc({ reason }, 0);

  gauge("build_info", "1; which Sparkgate this is.", ["version", "node"]).set(
    { version, node: process.versions.node },
    1,
  );
  return {
    registry,
    requests: counter(
      "admission_requests_total",
      "Calls of the API server by what became of them. Verdict error: our fault, answered with 500; shed: no room, answered with 429.",
      ["surface", "role", "operation", "admission", "verdict", "dry_run"],
    ),
    duration: new Histogram({
      name: "sparkgate_admission_duration_seconds",
      help: "From a call's headers to its answer.",
      buckets: DURATION_BUCKETS,
      registers,
    }),
    inflight: gauge("admission_inflight_requests", "Calls that are not answered yet.", []),
    skipped: counter("admission_skipped_total", "Objects admitted without a look at them.", [
      "reason",
    ]),
    shed,
    findings: counter(
      "policy_findings_total",
      "What policies did (mode Enforce) or would have done (Warn, Audit), once per policy and object.",
      ["policy", "mode", "action"],
    ),
    policyErrors: counter("policy_errors_total", "Policies that could not be evaluated.", [
      "policy",
      "outcome",
    ]),
    executorDenials: counter(
      "executor_denials_total",
      "Executors refused. Many of them: Spark asks again and again, the job hangs.",
      ["policy"],
    ),
    policySet: gauge("policy_set_info", "1; which policies are in force.", ["digest"]),
    policySetLoaded: gauge(
      "policy_set_load_timestamp_seconds",
      "When the policies in force were loaded.",
      [],
    ),
    conflicts: gauge(
      "policy_conflicts",
      "Pairs of policies of which one gives way to the other: sparkgate validate.",
      [],
    ),
    exceptionExpiry: gauge(
      "exception_expiry_timestamp_seconds",
      "When an exception from policies ends.",
      ["exception"],
    ),
    lookUps: counter(
      "cluster_lookups_total",
      "Namespaces that were asked for before the watch had told of them.",
      ["outcome"],
    ),
    watchErrors: counter(
      "cluster_watch_errors_total",
      "Watches that failed, and were begun anew.",
      ["resource"],
    ),
    certificateExpiry: gauge(
      "certificate_expiry_timestamp_seconds",
      "When a certificate ceases to be valid.",
      ["certificate"],
    ),
    tlsReloadFailures: counter(
      "tls_reload_failures_total",
      "Certificate files that could not be used; the pair before them stays.",
      [],
    ),
  };
}

/** What is known of the cluster, and how fresh that is. */
export interface ClusterState {
  readonly ageSeconds: (resource: "namespaces" | "resourcequotas") => number;
  readonly countBypassed: () => number;
}

/** Adds what is asked of the cluster's watches at each scrape. */
export function addClusterMetrics({ registry }: Metrics, cluster: ClusterState): void {
  new Gauge({
    name: "sparkgate_cluster_watch_age_seconds",
    help: "Since what is known of the cluster was known to be up to date; +Inf: nothing is known yet.",
    labelNames: ["resource"],
    registers: [registry],
    collect() {
      for (const resource of ["namespaces", "resourcequotas"] as const) {
        this.set({ resource }, cluster.ageSeconds(resource));
      }
    },
  });
  new Gauge({
    name: "sparkgate_bypassed_namespaces",
    help: "Namespaces in which Sparkgate is turned off by the label sparkgate.io/bypass.",
    registers: [registry],
    collect() {
      this.set(cluster.countBypassed());
    },
  });
}

/** Tells which policies are in force from now on. */
export function recordPolicySet(metrics: Metrics, set: PolicySet): void {
  metrics.policySet.reset();
  metrics.policySet.set({ digest: set.digest }, 1);
  metrics.policySetLoaded.setToCurrentTime();
  metrics.conflicts.set(set.conflicts);
  metrics.exceptionExpiry.reset();
  for (const { name, expiresAt } of set.exceptions.map(({ terms }) => terms)) {
    metrics.exceptionExpiry.set({ exception: name }, expiresAt / 1000);
  }
}
