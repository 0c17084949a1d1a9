import { patchTypes, type KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { driverPod, type PodDetails } from "./spark-pods.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const TTL = "sparkgate.io/ttl-seconds-after-finished";

/** A kind of driver Pod, and whether a sweep with `--older-than 7d` deletes it. */
export interface DriverCase {
  readonly name: string;
  readonly isDue: boolean;
  readonly details?: PodDetails;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Given the time of the sweep. */
  readonly status: (at: number) => PodStatus;
  /** Somebody has asked for its deletion, and a finalizer keeps it. */
  readonly isTerminating?: boolean;
}

interface PodStatus {
  readonly phase: string;
  readonly containerStatuses?: readonly object[];
  readonly conditions?: readonly object[];
}

const time = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");

/** With containers that finished so long ago. */
const ended =
  (phase: string, ...ages: readonly number[]) =>
  (at: number): PodStatus => ({
    phase,
    containerStatuses: ages.map((age, index) =>
      containerStatus(index, { terminated: { exitCode: 0, finishedAt: time(at - age) } }),
    ),
  });

/** Of which nothing is left but a condition that changed so long ago. */
const evicted =
  (age: number) =>
  (at: number): PodStatus => ({
    phase: "Failed",
    conditions: [{ type: "DisruptionTarget", status: "True", lastTransitionTime: time(at - age) }],
  });

const alive = (phase: string) => (): PodStatus => ({
  phase,
  containerStatuses: [containerStatus(0, phase === "Running" ? { running: {} } : { waiting: {} })],
});

function containerStatus(index: number, state: object): object {
  const name = index === 0 ? "spark-kubernetes-driver" : `sidecar-${index}`;
  return { name, image: "x", imageID: "x", ready: false, restartCount: 0, state };
}

const living = (seconds: number | string): PodDetails => ({
  annotations: { [TTL]: String(seconds) },
});
const ofOperator = (key: string): PodDetails => ({ ...living(0), labels: { [key]: "etl" } });
const owner = (controller: boolean) => ({
  ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "j", uid: "no-such", controller }],
});
const withSidecar: PodDetails = {
  spec: {
    containers: [
      { name: "spark-kubernetes-driver", image: "registry.example.com/spark:1", args: ["driver"] },
      { name: "sidecar-1", image: "registry.example.com/sidecar:1" },
    ],
  },
};

const SECONDS_OF_30_DAYS = 30 * 86_400;

/** Drivers as a cluster collects them. */
export const DRIVER_CASES: readonly DriverCase[] = [
  { name: "succeeded", isDue: true, status: ended("Succeeded", 10 * DAY) },
  { name: "failed", isDue: true, status: ended("Failed", 10 * DAY) },
  { name: "just-now", isDue: true, status: ended("Succeeded", 7 * DAY) },
  { name: "short-lived", isDue: true, details: living(3600), status: ended("Succeeded", 2 * HOUR) },
  { name: "short-failed", isDue: true, details: living(3600), status: ended("Failed", 2 * HOUR) },
  // The API server wrote this status when the test began, 30 days before the sweep.
  { name: "evicted", isDue: true, status: () => ({ phase: "Failed" }) },
  { name: "evicted-annotated", isDue: true, details: living(86_400), status: evicted(2 * DAY) },
  { name: "launched", isDue: true, metadata: owner(false), status: ended("Succeeded", 10 * DAY) },
  {
    ...{ name: "with-sidecar", isDue: true, details: withSidecar },
    status: ended("Succeeded", 10 * DAY, 8 * DAY),
  },
  { name: "running", isDue: false, details: living(0), status: alive("Running") },
  { name: "pending", isDue: false, details: living(0), status: alive("Pending") },
  { name: "young", isDue: false, status: ended("Succeeded", 7 * DAY - HOUR) },
  {
    ...{ name: "long-lived", isDue: false, details: living(SECONDS_OF_30_DAYS) },
    status: ended("Succeeded", 10 * DAY),
  },
  { name: "evicted-young", isDue: false, status: evicted(DAY) },
  {
    ...{ name: "sidecar-young", isDue: false, details: withSidecar },
    status: ended("Succeeded", 10 * DAY, DAY),
  },
  {
    ...{ name: "kubeflow", isDue: false, details: ofOperator("sparkoperator.k8s.io/app-name") },
    status: ended("Succeeded", 10 * DAY),
  },
  {
    ...{ name: "apache", isDue: false, details: ofOperator("spark.operator/spark-app-name") },
    status: ended("Succeeded", 10 * DAY),
  },
  { name: "of-a-job", isDue: false, metadata: owner(true), status: ended("Failed", 10 * DAY) },
  { name: "misspelt", isDue: false, details: living("7d"), status: ended("Failed", 10 * DAY) },
  {
    ...{ name: "terminating", isDue: false, isTerminating: true },
    metadata: { finalizers: ["example.com/keep"] },
    status: ended("Succeeded", 10 * DAY),
  },
];

/** Creates a driver Pod, and has it be as its case says, by its status as a kubelet reports it. */
export async function createDriver(
  cluster: Cluster,
  namespace: string,
  name: string,
  { details, metadata, status, isTerminating = false }: DriverCase,
  at: number,
): Promise<void> {
  const pod = driverPod({ ...details, name });
  await createFinished(
    cluster,
    namespace,
    { ...pod, metadata: { ...pod.metadata, ...metadata } },
    status(at),
  );
  if (isTerminating) await cluster.api("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}`);
}

/** Creates a Pod, and sets its status. */
export async function createFinished(
  cluster: Cluster,
  namespace: string,
  pod: KubernetesObject,
  status: object,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await cluster.api("POST", path, pod);
  await cluster.api("PATCH", `${path}/${pod.metadata.name}/status`, { status }, patchTypes.merge);
}
