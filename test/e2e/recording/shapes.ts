import type { SparkLine } from "../assets.ts";
import type { Scenario } from "./scenarios.ts";

const GOLDEN = "test/golden/recorded";
const REPOSITORY = "registry.example.com:5000/spark-py";
const LOCAL_DIRS_STEP = "org.apache.spark.deploy.k8s.features.LocalDirsFeatureStep";

/** A shape of Spark Pods: the conf that makes it, and how many Pods show it. */
interface Shape {
  readonly name: string;
  readonly conf: Readonly<Record<string, string>>;
  readonly pods: number;
  readonly templates?: Scenario["templates"];
  readonly deployMode?: "client";
  /** All that are recorded here unless told. */
  readonly lines?: readonly SparkLine[];
}

const executorVolume = (type: string, options: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries({ "mount.path": "/data", ...options }).map(([key, value]) => [
      `spark.kubernetes.executor.volumes.${type}.spark-local-dir-1.${key}`,
      value,
    ]),
  );

/** Where a template puts a Pod, and what else only a template can say. */
const placed = (spec: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  spec: { priorityClassName: "spark-high", containers: [{ name: "spark" }], ...spec },
});

/**
 * Every shape of Pods that Spark itself can make, beside those of scenarios.ts. Executors with volumes that nobody provides
 * here never run, and are recorded all the same. Not here: Thrift and Connect servers are client mode to Kubernetes, and
 * a Pod with role connect-server is made by the Kubeflow operator alone.
 */
const SHAPES: readonly Shape[] = [
  { name: "cluster", conf: {}, pods: 3, lines: ["4.1"] },
  {
    name: "client",
    ...{ deployMode: "client", pods: 2, lines: ["4.1"] },
    conf: {
      "spark.driver.host": "127.0.0.1",
      "spark.driver.port": "7078",
      "spark.kubernetes.authenticate.executor.serviceAccountName": "spark",
    },
  },
  { name: "local-master", conf: { "spark.kubernetes.driver.master": "local[2]" }, pods: 1 },
  {
    name: "on-demand-claim",
    conf: executorVolume("persistentVolumeClaim", {
      "options.claimName": "OnDemand",
      "options.storageClass": "standard",
      "options.sizeLimit": "10Gi",
    }),
    pods: 3,
  },
  { name: "tmpfs", conf: { "spark.kubernetes.local.dirs.tmpfs": "true" }, pods: 2 },
  { name: "two-local-dirs", conf: { "spark.local.dir": "/scratch/a,/scratch/b" }, pods: 2 },
  { name: "host-path", conf: executorVolume("hostPath", { "options.path": "/mnt/disk" }), pods: 2 },
  {
    name: "nfs",
    conf: executorVolume("nfs", { "options.server": "nfs.example.com", "options.path": "/spark" }),
    pods: 2,
  },
  {
    name: "executor-selector",
    conf: { "spark.kubernetes.executor.node.selector.karpenter.sh/capacity-type": "on-demand" },
    pods: 3,
  },
  { name: "authenticate", conf: { "spark.authenticate": "true" }, pods: 2 },
  {
    name: "placed",
    conf: {},
    pods: 2,
    templates: {
      driver: placed({ nodeName: "node-0" }),
      executor: placed({
        tolerations: [
          { key: "dedicated", operator: "Equal", value: "spark", effect: "NoSchedule" },
        ],
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 10,
                podAffinityTerm: {
                  labelSelector: { matchLabels: { "spark-role": "driver" } },
                  topologyKey: "kubernetes.io/hostname",
                },
              },
            ],
          },
        },
      }),
    },
  },
  {
    name: "statefulset",
    conf: { "spark.kubernetes.allocation.pods.allocator": "statefulset" },
    ...{ pods: 3, lines: ["3.5", "4.1"] },
  },
  {
    name: "deployment",
    conf: { "spark.kubernetes.allocation.pods.allocator": "deployment" },
    ...{ pods: 2, lines: ["4"] }, // since 4.2
  },
  {
    name: "no-local-dirs",
    conf: {
      "spark.kubernetes.driver.pod.excludedFeatureSteps": LOCAL_DIRS_STEP,
      "spark.kubernetes.executor.pod.excludedFeatureSteps": LOCAL_DIRS_STEP,
    },
    ...{ pods: 2, lines: ["4.1"] }, // since 4.1
  },
];

const IMAGES: Readonly<Record<SparkLine, string>> = {
  "3.5": `${REPOSITORY}:3.5.9-r1`,
  "4.1": `${REPOSITORY}:4.1.4-r1`,
  "4": `${REPOSITORY}:4.3.0-r1`,
};

/** The shapes as scenarios, one for each line. */
export const shapes: readonly Scenario[] = SHAPES.flatMap(
  ({ name, conf, pods, templates, deployMode, lines = ["3.5", "4.1"] }) =>
    lines.map((line): Scenario => {
      const full = `spark-${line}-${name}`;
      return {
        name: full,
        directory: `${GOLDEN}/${full}`,
        line,
        pods,
        submission: {
          conf: { "spark.kubernetes.container.image": IMAGES[line], ...conf },
          ...(deployMode === undefined ? {} : { deployMode }),
        },
        ...(templates === undefined ? {} : { templates }),
      };
    }),
);
