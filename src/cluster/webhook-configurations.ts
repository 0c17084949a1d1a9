import { BYPASS_LABEL } from "../engine/facts.ts";
import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { APPLICATION_RULES, SPEC_CHANGED, type WebhookRule } from "./application-rules.ts";
import { ROLE_LABEL, type Role } from "../spark/role.ts";

/** How the API server reaches Sparkgate, without the path. */
export type WebhookAddress =
  | {
      readonly service: {
        readonly namespace: string;
        readonly name: string;
        readonly port: number;
      };
    }
  | {
      /** `https://HOST:PORT` */
      readonly url: string;
    };

/** What differs between installations. */
export interface WebhookOptions {
  readonly address: WebhookAddress;
  /** Base64 of the PEM of the CA that signed the server's certificate; undefined: somebody else puts it in. */
  readonly caBundle?: string | undefined;
  /** What becomes of a driver or an application while Sparkgate cannot be reached, and of a changed image. */
  readonly failurePolicy: "Fail" | "Ignore";
}

/** An object of admissionregistration.k8s.io/v1. */
export interface WebhookConfiguration {
  readonly apiVersion: "admissionregistration.k8s.io/v1";
  readonly kind: "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration";
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly webhooks: readonly Readonly<Record<string, unknown>>[];
}

/** One kind of call: which objects the API server sends, where to, and what it does without an answer. */
export interface WebhookCall {
  /** Of the webhook; metrics of the API server and its error messages show it. */
  readonly name: string;
  /** Why it is as it is, for readers of the manifest. */
  readonly comment: string;
  readonly admission: AdmittedObject["admission"];
  readonly operation?: "CREATE" | "UPDATE";
  readonly resource?: "pods" | "pods/ephemeralcontainers" | "configmaps";
  /** Of Pods: by the label. Left out: whatever the condition lets through. */
  readonly roles?: readonly Role[];
  /** Of other groups' objects: in place of operation and resource. */
  readonly rules?: readonly WebhookRule[];
  /** `installation`: what WebhookOptions say. */
  readonly failurePolicy: "installation" | "Ignore";
  readonly condition?: { readonly name: string; readonly expression: string };
}

const DRIVERS: readonly Role[] = ["driver", "connect-server"];
const ALL: readonly Role[] = ["driver", "connect-server", "executor"];

/** CEL for the names of driver-conf.ts. Never an error: under Fail that would refuse every ConfigMap. */
const DRIVER_CONF_CONDITION =
  'has(object.metadata.name) && (object.metadata.name.endsWith("-spark-drv-conf-map") || (object.metadata.name.startsWith("spark-drv-") && object.metadata.name.endsWith("-conf-map")))';

/**
 * All calls that Sparkgate wants from the API server. The configurations are made of this list, and a test holds it
 * against what `recognize` looks at.
 */
export const WEBHOOK_CALLS: readonly WebhookCall[] = [
  {
    name: "drivers.pods.sparkgate.io",
    comment: "Drivers: what cannot be judged is not let in.",
    admission: "mutating",
    operation: "CREATE",
    resource: "pods",
    roles: DRIVERS,
    failurePolicy: "installation",
  },
  {
    name: "executors.pods.sparkgate.io",
    comment: "Executors: a job that runs is not stopped because Sparkgate is away.",
    admission: "mutating",
    operation: "CREATE",
    resource: "pods",
    roles: ["executor"],
    failurePolicy: "Ignore",
  },
  {
    name: "driver-conf.sparkgate.io",
    comment:
      "The conf of a driver, which is made after its Pod and before it starts. By its name, since it has no labels: no other ConfigMap is ever sent here.",
    admission: "mutating",
    operation: "CREATE",
    resource: "configmaps",
    failurePolicy: "installation",
    condition: { name: "a-drivers-conf", expression: DRIVER_CONF_CONDITION },
  },
  {
    name: "final-drivers.pods.sparkgate.io",
    comment:
      "Drivers once more, as all mutating webhooks have left them: what may not be undone is not.",
    admission: "validating",
    operation: "CREATE",
    resource: "pods",
    roles: DRIVERS,
    failurePolicy: "installation",
  },
  {
    name: "images.pods.sparkgate.io",
    comment:
      "Images are all of a Pod that an UPDATE can change and a policy cares for. Spark updates labels of its Pods all the time, and is never sent here.",
    admission: "validating",
    operation: "UPDATE",
    resource: "pods",
    roles: ALL,
    failurePolicy: "installation",
    condition: {
      name: "an-image-changed",
      // The lists can neither grow nor be reordered by an UPDATE (pkg/apis/core/validation ValidatePodUpdate).
      expression: ["containers", "initContainers"]
        .map((list) => `${imagesIn("object", list)} != ${imagesIn("oldObject", list)}`)
        .join(" || "),
    },
  },
  {
    name: "debug.pods.sparkgate.io",
    comment:
      "kubectl debug: judged where a policy names Ephemeral. Ignore: who debugs at night is not to be stopped by us.",
    admission: "validating",
    operation: "UPDATE",
    resource: "pods/ephemeralcontainers",
    roles: ALL,
    failurePolicy: "Ignore",
  },
  {
    name: "applications.sparkgate.io",
    comment:
      "What operators make Spark applications of: refused where its author sees it, and never changed.",
    admission: "validating",
    rules: APPLICATION_RULES,
    failurePolicy: "installation",
    condition: SPEC_CHANGED,
  },
];

/** CEL for the images of a list of containers. Never an error: under Fail that would refuse every UPDATE. */
function imagesIn(object: string, list: string): string {
  const containers = `${object}.spec.${list}`;
  return `(has(${containers}) ? ${containers}.map(c, has(c.image) ? c.image : "") : [])`;
}

/**
 * The webhook configurations of an installation. Their name sorts after `spark-operator-webhook`, whose webhook
 * replaces affinity (the API server calls mutating webhooks in the order of the configurations' names).
 */
export function webhookConfigurations(options: WebhookOptions): readonly WebhookConfiguration[] {
  const kinds = [
    ["MutatingWebhookConfiguration", "mutating"],
    ["ValidatingWebhookConfiguration", "validating"],
  ] as const;
  return kinds.map(([kind, admission]) => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: "sparkgate", labels: { "app.kubernetes.io/part-of": "sparkgate" } },
    webhooks: WEBHOOK_CALLS.filter((call) => call.admission === admission).map((call) =>
      webhookOf(call, options),
    ),
  }));
}

function webhookOf(
  { name, admission, operation, resource, roles, rules, failurePolicy, condition }: WebhookCall,
  options: WebhookOptions,
): Readonly<Record<string, unknown>> {
  return {
    name,
    clientConfig: clientConfigOf(admission === "mutating" ? "/mutate" : "/validate", options),
    rules: rules ?? [
      {
        apiGroups: [""],
        apiVersions: ["v1"],
        operations: [operation],
        // Never pods/*: that would send status, bindings and evictions too (apiserver rules.go).
        resources: [resource],
        scope: "Namespaced",
      },
    ],
    // Here too, and not only in our code: so it also helps where we cannot be reached.
    namespaceSelector: { matchExpressions: [{ key: BYPASS_LABEL, operator: "DoesNotExist" }] },
    ...(roles === undefined
      ? {}
      : {
          objectSelector: {
            matchExpressions: [{ key: ROLE_LABEL, operator: "In", values: [...roles] }],
          },
        }),
    ...(condition === undefined ? {} : { matchConditions: [condition] }),
    failurePolicy: failurePolicy === "installation" ? options.failurePolicy : failurePolicy,
    matchPolicy: "Equivalent",
    // Called again when another webhook has changed the Pod after us.
    ...(admission === "mutating" ? { reinvocationPolicy: "IfNeeded" } : {}),
    sideEffects: "None",
    // Spark's own client gives up after 10 s (spark.kubernetes.submission.requestTimeout).
    timeoutSeconds: 3,
    admissionReviewVersions: ["v1"],
  };
}

function clientConfigOf(path: string, { address, caBundle }: WebhookOptions) {
  const ca = caBundle === undefined ? {} : { caBundle };
  if ("url" in address) return { url: `${address.url}${path}`, ...ca };
  return { service: { ...address.service, path }, ...ca };
}
