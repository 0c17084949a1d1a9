import type { JsonObject } from "../../../src/kubernetes/pod.ts";
import { parseProperties } from "../../../src/spark/properties.ts";

/**
 * The one place that says in what a predicted object may differ from the one that Spark really posts. Left out or made
 * equal in both are:
 *
 * - what Spark draws by lot: ids of 16 and 32 hex digits, UUIDs, and the time of submission, in all texts;
 * - who submits (SPARK_USER) and of which release Spark is beyond its line (`spark-version`);
 * - what is known only where Spark runs: the driver's address (SPARK_DRIVER_POD_IP, and since 4.3 in SPARK_DRIVER_URL), a secret of spark.authenticate, the driver's uid;
 * - what the API server adds: defaults of fields, tolerations, priority, a node's zone, the token's volume and its mount, requests of
 *   devices beside their limits;
 * - the order of lists that Spark makes of maps: variables, volumes, mounts, options of the JVM, keys of the conf; and of
 *   the paths of local dirs, which it shuffles.
 */
export function normalized(object: unknown): unknown {
  const { kind, metadata, spec, data, immutable } = object as Parts;
  const { name, namespace, labels, annotations, ownerReferences } = metadata;
  const kept = {
    kind,
    metadata: {
      ...{ name, namespace, annotations },
      labels: labels && normalizedLabels(labels),
      ownerReferences: ownerReferences?.map((owner) => leavingOut("uid", owner)),
    },
    ...(spec && { spec: normalizedSpec(spec) }),
    ...(data && { immutable, data: { ...data, "spark.properties": propertiesOf(data) } }),
  };
  const text = JSON.stringify(kept)
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
    .replaceAll(/(?<=CoarseGrainedScheduler@)[0-9.]+(?=:)/g, "ADDRESS")
    .replaceAll(/\b[0-9a-f]{32}\b/g, "HEX32")
    .replaceAll(/\b[0-9a-f]{16}\b/g, "HEX16");
  return JSON.parse(text);
}

/** The zone is that of the node which a template names. */
function normalizedLabels(labels: JsonObject): JsonObject {
  return { ...leavingOut("topology.kubernetes.io/zone", labels), "spark-version": "VERSION" };
}

function leavingOut(name: string, fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

interface Named {
  readonly name: string;
}

interface Variable extends Named {
  readonly value?: string;
}

interface Mount extends Named {
  readonly mountPath: string;
}

interface Container extends Named {
  readonly env?: readonly Variable[];
  readonly volumeMounts?: readonly Mount[];
  readonly resources?: Resources;
  readonly [field: string]: unknown;
}

interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

interface Spec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Named[];
  readonly tolerations?: readonly { readonly key?: string; readonly tolerationSeconds?: number }[];
  readonly [field: string]: unknown;
}

interface Parts {
  readonly kind: string;
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly JsonObject[];
    readonly [field: string]: unknown;
  };
  readonly spec?: Spec;
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

/** Fields that the API server fills in, and with what: a value that is not the default is left. */
const POD_DEFAULTS: JsonObject = {
  ...{ dnsPolicy: "ClusterFirst", enableServiceLinks: true, securityContext: {} },
  ...{ preemptionPolicy: "PreemptLowerPriority", schedulerName: "default-scheduler" },
  ...{
    terminationGracePeriodSeconds: 30,
    serviceAccount: "default",
    serviceAccountName: "default",
  },
};

const CONTAINER_DEFAULTS: JsonObject = {
  ...{ terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "File" },
  imagePullPolicy: "IfNotPresent",
};

const TOKEN = "kube-api-access-";

function normalizedSpec(spec: Spec): JsonObject {
  const { containers, initContainers, volumes = [], tolerations = [], ...rest } = spec;
  const own = tolerations.filter(
    ({ key, tolerationSeconds }) =>
      tolerationSeconds !== 300 ||
      !/^node\.kubernetes\.io\/(?:not-ready|unreachable)$/.test(key ?? ""),
  );
  return {
    ...without(POD_DEFAULTS, leavingOut("priority", rest)),
    containers: containers.map(normalizedContainer),
    ...(initContainers && { initContainers: initContainers.map(normalizedContainer) }),
    volumes: byName(volumes.filter(({ name }) => !name.startsWith(TOKEN)).map(normalizedVolume)),
    ...(own.length > 0 && { tolerations: own }),
  };
}

function normalizedContainer(container: Container): JsonObject {
  const { env, volumeMounts = [], resources, ...rest } = container;
  return {
    ...without(CONTAINER_DEFAULTS, rest),
    resources: normalizedResources(resources ?? {}),
    env: env && normalizedEnv(env),
    volumeMounts: unshuffled(byName(volumeMounts.filter(({ name }) => !name.startsWith(TOKEN)))),
  };
}

function normalizedResources({ requests = {}, limits = {} }: Resources): Resources {
  const isOwn = ([name, amount]: [string, string]) =>
    !name.includes("/") || limits[name] !== amount;
  return { requests: Object.fromEntries(Object.entries(requests).filter(isOwn)), limits };
}

function normalizedEnv(env: NonNullable<Container["env"]>): readonly Named[] {
  const options = env
    .filter(({ name }) => name.startsWith("SPARK_JAVA_OPT_"))
    .map(({ value }) => value ?? "")
    .sort();
  const others = env
    .filter(({ name }) => !name.startsWith("SPARK_JAVA_OPT_"))
    .map((variable) =>
      /^(?:SPARK_USER|SPARK_DRIVER_POD_IP|_SPARK_AUTH_SECRET)$/.test(variable.name)
        ? { ...variable, value: "UNKNOWN" }
        : // The API server leaves out an empty value.
          { ...variable, value: valueOf(variable) },
    );
  return byName([
    ...others,
    ...options.map((value, at) => ({ name: `SPARK_JAVA_OPT_${at}`, value })),
  ]);
}

function valueOf({ name, value }: Variable): string | undefined {
  if (name === "SPARK_LOCAL_DIRS") return value?.split(",").sort().join();
  return value === "" ? undefined : value;
}

/** Paths in their order, dealt out to the local dirs in theirs. */
function unshuffled(mounts: readonly Mount[]): readonly Mount[] {
  const isLocal = ({ name }: Mount) => name.startsWith("spark-local-dir-");
  const paths = mounts
    .filter(isLocal)
    .map(({ mountPath }) => mountPath)
    .sort();
  return mounts.map((mount) =>
    isLocal(mount) ? { ...mount, mountPath: paths.shift() ?? "" } : mount,
  );
}

function normalizedVolume({ name, ...sources }: Named): Named {
  const entries = Object.entries(sources).map(([key, source]: [string, unknown]) => {
    if (typeof source !== "object" || source === null) return [key, source];
    return [key, without({ defaultMode: 420 }, source as JsonObject)];
  });
  return { name, ...(Object.fromEntries(entries) as JsonObject) };
}

/** In order of names; of one name in the order that they have, of which the last counts. */
function byName<T extends Named>(list: readonly T[]): readonly T[] {
  return list.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function without(defaults: JsonObject, fields: JsonObject): JsonObject {
  const isDefault = ([key, value]: [string, unknown]) =>
    Object.hasOwn(defaults, key) && JSON.stringify(defaults[key]) === JSON.stringify(value);
  return Object.fromEntries(Object.entries(fields).filter((entry) => !isDefault(entry)));
}

function propertiesOf(data: Readonly<Record<string, string>>): JsonObject {
  const properties = parseProperties(data["spark.properties"] ?? "");
  if (properties.kind !== "read") throw new Error("properties that nobody can read");
  const entries = [...properties.entries].map(([key, { value }]): [string, string] => [
    key,
    key === "spark.app.submitTime" ? "TIME" : value,
  ]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
