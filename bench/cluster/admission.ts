// The ways of admission that are compared, each for the namespaces with a label of its own, all registered at once: so
// rounds can be interleaved without waiting for a registration to take effect.
import { webhookConfigurations } from "../../src/cluster/webhook-configurations.ts";
import type { Cluster } from "../../test/e2e/cluster.ts";

const GROUP = "/apis/admissionregistration.k8s.io/v1";
const LABEL = "bench";

/** A way of admission; its name is its namespace and the value of the namespace's label. */
export type Way = "none" | "echo" | "sparkgate" | "policies";

export const WAYS: readonly Way[] = ["none", "echo", "sparkgate", "policies"];

/** Makes a namespace for each way. */
export async function createNamespaces(cluster: Cluster): Promise<void> {
  for (const way of WAYS) await cluster.createNamespace(way, { [LABEL]: way });
}

const selectorOf = (way: Way) => ({
  matchExpressions: [{ key: LABEL, operator: "In", values: [way] }],
});

/** Registers the webhook for executors that Sparkgate ships, with its time-out, for a server on this machine. */
export async function registerExecutors(cluster: Cluster, way: Way, port: number): Promise<void> {
  const [configuration] = webhookConfigurations({
    address: { url: `https://127.0.0.1:${port}` },
    caBundle: cluster.caBundle,
    failurePolicy: "Ignore",
  });
  const executors = configuration?.webhooks.find(
    ({ name }) => name === "executors.pods.sparkgate.io",
  );
  if (executors === undefined) throw new Error("there is no webhook for executors");
  await cluster.api("POST", `${GROUP}/mutatingwebhookconfigurations`, {
    metadata: { name: way },
    webhooks: [
      { ...executors, name: `${way}.pods.sparkgate.io`, namespaceSelector: selectorOf(way) },
    ],
  });
}

/**
 * The API server's own way, in CEL, without a call: a MutatingAdmissionPolicy that sets a selector and a toleration, and
 * a ValidatingAdmissionPolicy that refuses `latest`. Less than Sparkgate does: it splits no executors, joins no affinity.
 */
export async function createPolicies(cluster: Cluster): Promise<void> {
  const matchResources = { namespaceSelector: selectorOf("policies") };
  const common = {
    failurePolicy: "Ignore",
    matchConstraints: {
      resourceRules: [
        { apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"] },
      ],
    },
    matchConditions: [
      { name: "executor", expression: `object.metadata.labels["spark-role"] == "executor"` },
    ],
  };
  await create(cluster, "mutatingadmissionpolicies", "place", {
    ...common,
    reinvocationPolicy: "IfNeeded",
    mutations: [
      {
        patchType: "JSONPatch",
        jsonPatch: {
          expression: `[
            JSONPatch{op: "add", path: "/spec/nodeSelector", value: {"karpenter.sh/capacity-type": "spot"}},
            JSONPatch{op: "add", path: "/spec/tolerations/-",
              value: Object.spec.tolerations{key: "spot", operator: "Exists", effect: "NoSchedule"}}
          ]`,
        },
      },
    ],
  });
  await create(cluster, "mutatingadmissionpolicybindings", "place", {
    policyName: "place",
    matchResources,
  });
  await create(cluster, "validatingadmissionpolicies", "pin", {
    ...common,
    validations: [
      { expression: `object.spec.containers.all(c, !c.image.endsWith(":latest"))`, message: "pin" },
    ],
  });
  await create(cluster, "validatingadmissionpolicybindings", "pin", {
    policyName: "pin",
    validationActions: ["Deny"],
    matchResources,
  });
}

async function create(cluster: Cluster, resource: string, name: string, spec: object) {
  await cluster.api("POST", `${GROUP}/${resource}`, { metadata: { name }, spec });
}
