import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ApiError, type KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import type { Pod } from "./pod.ts";

/** What differs from a plain Pod of Spark's. */
export interface PodDetails {
  readonly name?: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

const PINNED = "registry.example.com:5000/spark-py:3.5.9-r1";

/** A driver as Spark in cluster mode makes it, in short. */
export function driverPod(details: PodDetails = {}): KubernetesObject {
  return sparkPod("driver", { name: "etl-driver", ...details });
}

/** An executor with one local dir, as Spark makes it, in short. */
export function executorPod(id: number, details: PodDetails = {}): KubernetesObject {
  const labels = { "spark-exec-id": String(id), ...details.labels };
  return sparkPod("executor", { name: `etl-exec-${id}`, ...details, labels });
}

function sparkPod(role: string, details: PodDetails): KubernetesObject {
  const { name = "", image = PINNED, labels, annotations, spec } = details;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      labels: { "spark-role": role, "spark-app-selector": "spark-e2e", ...labels },
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      restartPolicy: "Never",
      volumes: [{ name: "spark-local-dir-1", emptyDir: {} }],
      containers: [
        {
          name: `spark-kubernetes-${role}`,
          image,
          args: [role],
          env: [{ name: "SPARK_LOCAL_DIRS", value: "/var/data/spark-1" }],
          volumeMounts: [{ name: "spark-local-dir-1", mountPath: "/var/data/spark-1" }],
        },
      ],
      ...spec,
    },
  };
}

/** Creates a Pod, as a dry run unless told otherwise. @throws ApiError where it is refused */
export async function createPod(
  cluster: Cluster,
  namespace: string,
  pod: object,
  { dryRun = true } = {},
): Promise<Pod> {
  const query = dryRun ? "?dryRun=All" : "";
  return (await cluster.api("POST", `/api/v1/namespaces/${namespace}/pods${query}`, pod)) as Pod;
}

/** The message with which a dry run of a Pod is refused; undefined where it is not. */
export async function refusalOf(
  cluster: Cluster,
  namespace: string,
  pod: object,
): Promise<string | undefined> {
  try {
    await createPod(cluster, namespace, pod);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}

/** Writes policies, each with its spec, into a folder of the cluster's for `--policies`. */
export function writePolicies(
  cluster: Pick<Cluster, "directory">,
  specs: Readonly<Record<string, object>>,
): string {
  const folder = join(cluster.directory, "policies");
  mkdirSync(folder, { recursive: true });
  for (const [name, spec] of Object.entries(specs)) {
    const document = {
      ...{ apiVersion: "sparkgate.io/v1alpha1", kind: "SparkPolicy", metadata: { name } },
      spec,
    };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(document));
  }
  return folder;
}
