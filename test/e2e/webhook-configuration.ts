import { ApiError } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { until } from "./polling.ts";

/** How a mutating webhook is registered. */
export interface WebhookRegistration {
  /** Of the webhook's server on 127.0.0.1, which shows `cluster.certificates.webhook`. */
  port: number;
  /** Of the configuration object; `sparkgate` unless told. */
  name?: string;
  /** Of the webhook in it; {@link WEBHOOK_NAME} unless told. */
  webhookName?: string;
  failurePolicy?: "Fail" | "Ignore";
  /** `pods` unless told. */
  resource?: "pods" | "configmaps";
  /** Call it for Pods with a `spark-role` label only. */
  sparkOnly?: boolean;
  timeoutSeconds?: number;
}

/** The webhook's own name, which refusals and the API server's metrics show. */
export const WEBHOOK_NAME = "pods.sparkgate.io";

const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/** Registers a mutating webhook for the creation of Pods. */
export async function registerWebhook(
  cluster: Cluster,
  registration: WebhookRegistration,
): Promise<void> {
  const { port, name = "sparkgate", failurePolicy = "Fail", timeoutSeconds = 3 } = registration;
  const selector = { matchExpressions: [{ key: "spark-role", operator: "Exists" }] };
  const rule = {
    apiGroups: [""],
    apiVersions: ["v1"],
    resources: [registration.resource ?? "pods"],
    operations: ["CREATE"],
  };
  await cluster.api("POST", CONFIGURATIONS, {
    metadata: { name },
    webhooks: [
      {
        name: registration.webhookName ?? WEBHOOK_NAME,
        clientConfig: { url: `https://127.0.0.1:${port}/mutate`, caBundle: cluster.caBundle },
        rules: [{ ...rule, scope: "Namespaced" }],
        ...(registration.sparkOnly === true ? { objectSelector: selector } : {}),
        failurePolicy,
        timeoutSeconds,
        reinvocationPolicy: "IfNeeded",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  });
}

/** Takes the configuration away again. */
export async function unregisterWebhook(cluster: Cluster, name = "sparkgate"): Promise<void> {
  await cluster.api("DELETE", `${CONFIGURATIONS}/${name}`);
}

/**
 * Waits until the API server calls the webhook: a new configuration takes effect after up to a few
 * seconds. Creates Pods as a dry run, and does not care what becomes of them: the API server's own
 * count of its calls tells.
 */
export async function waitUntilCalled(cluster: Cluster, namespace = "default"): Promise<void> {
  const before = await countCalls(cluster);
  await until(`the API server calls ${WEBHOOK_NAME}`, async () => {
    await dryRun(cluster, namespace);
    return (await countCalls(cluster)) > before;
  });
}

async function dryRun(cluster: Cluster, namespace: string): Promise<void> {
  const pod = {
    metadata: { generateName: "webhook-probe-", labels: { "spark-role": "driver" } },
    spec: { containers: [{ name: "probe", image: "registry.example.com/probe:1" }] },
  };
  try {
    await cluster.api("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

/** Calls so far of the webhook, answered or not, by the API server's metric. */
function countCalls(cluster: Cluster): Promise<number> {
  // drivers.… and executors.… too
  return sumOf(cluster, "apiserver_admission_webhook_request_total", `${WEBHOOK_NAME}"`);
}

/** Objects so far that the API server let in without an answer of a webhook, dry runs too. */
export function countFailedOpen(cluster: Cluster, webhookName: string): Promise<number> {
  return sumOf(cluster, "apiserver_admission_webhook_fail_open_count", `"${webhookName}"`);
}

/** Of the lines of one of the API server's metrics that have a text in their labels. */
async function sumOf(cluster: Cluster, metric: string, text: string): Promise<number> {
  const metrics = (await cluster.api("GET", "/metrics")) as string;
  return metrics
    .split("\n")
    .filter((line) => line.startsWith(`${metric}{`) && line.includes(text))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
