import type { SparkLine } from "../assets.ts";
import type { Submission } from "../spark-submit.ts";
import type { RecordedKind } from "./recorder.ts";

/** A run of Spark, or a single Pod, and where its reviews go. */
export interface Scenario {
  name: string;
  /** From the repository's root. */
  directory: string;
  line: SparkLine;
  submission: Omit<Submission, "sparkHome">;
  /** How many Pods it makes, or reviews of the kind that is recorded: the run is ended when all are there. */
  pods: number;
  /** `Pod` unless told. */
  kind?: RecordedKind;
  /** Replaces the file names which come of the Pods' roles. */
  file?: string;
  /** Pod templates: files of the folder of applications, by name. */
  templates?: Readonly<Record<string, object>>;
}

const DEMO = "src/commands/demo/recorded";
const GOLDEN = "test/golden/recorded";
const REPOSITORY = "registry.example.com:5000/spark-py";
const DECOMMISSION = {
  "spark.executor.instances": "10",
  "spark.decommission.enabled": "true",
};
const SPARK_4_IMAGE = { "spark.kubernetes.container.image": `${REPOSITORY}:4.3.0-r1` };

/** A side-car first in the list, so that Spark's own container is not where one would look for it. */
function template(role: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { labels: { team: "data-platform" }, annotations: { "example.com/template": role } },
    spec: {
      initContainers: [
        {
          name: "fetch-jars",
          image: "registry.example.com:5000/fetch:2.1.0",
          command: ["fetch", "--to", "/jars"],
          volumeMounts: [{ name: "jars", mountPath: "/jars" }],
        },
      ],
      containers: [
        {
          name: "log-shipper",
          image: "registry.example.com:5000/log-shipper:1.9.3",
          resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "64Mi" } },
        },
        {
          name: "main-app",
          env: [{ name: "TZ", value: "UTC" }],
          volumeMounts: [{ name: "jars", mountPath: "/opt/jars" }],
        },
      ],
      volumes: [{ name: "jars", emptyDir: {} }],
      tolerations: [
        { key: "example.com/spark", operator: "Equal", value: "true", effect: "NoSchedule" },
      ],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  {
                    key: "topology.kubernetes.io/zone",
                    operator: "In",
                    values: ["eu-central-1a", "eu-central-1b"],
                  },
                ],
              },
            ],
          },
        },
      },
    },
  };
}

/** Everything that `npm run record` records, but for the demo's plain Pod. */
export const scenarios: readonly Scenario[] = [
  {
    name: "demo-refused",
    directory: DEMO,
    file: "driver-refused.json",
    line: "3.5",
    pods: 1,
    submission: {
      conf: {
        ...DECOMMISSION,
        "spark.kubernetes.container.image": REPOSITORY, // no tag
        "spark.kubernetes.node.selector.karpenter.sh/capacity-type": "spot",
      },
    },
  },
  {
    name: "demo",
    directory: DEMO,
    line: "3.5",
    pods: 11,
    submission: { conf: DECOMMISSION },
  },
  {
    name: "demo-conf-refused",
    directory: DEMO,
    file: "conf-refused.json",
    line: "3.5",
    pods: 1,
    kind: "ConfigMap",
    submission: {
      conf: {
        "spark.hadoop.fs.s3a.secret.key": "not-a-real-key",
        "spark.kubernetes.executor.container.image": `${REPOSITORY}:latest`,
      },
    },
  },
  {
    name: "demo-conf",
    directory: DEMO,
    file: "conf.json",
    line: "3.5",
    pods: 1,
    kind: "ConfigMap",
    submission: {
      conf: {
        "spark.dynamicAllocation.enabled": "true",
        "spark.dynamicAllocation.shuffleTracking.enabled": "false",
      },
    },
  },
  {
    name: "spark-3.5-cluster",
    directory: `${GOLDEN}/spark-3.5-cluster`,
    line: "3.5",
    pods: 3,
    submission: {},
  },
  {
    name: "spark-4-cluster",
    directory: `${GOLDEN}/spark-4-cluster`,
    line: "4",
    pods: 3,
    submission: { conf: SPARK_4_IMAGE },
  },
  {
    name: "spark-3.5-pod-template",
    directory: `${GOLDEN}/spark-3.5-pod-template`,
    line: "3.5",
    pods: 3,
    templates: { driver: template("driver"), executor: template("executor") },
    submission: {
      conf: {
        "spark.kubernetes.driver.podTemplateContainerName": "main-app",
        "spark.kubernetes.executor.podTemplateContainerName": "main-app",
      },
    },
  },
  {
    name: "spark-3.5-latest",
    directory: `${GOLDEN}/spark-3.5-latest`,
    line: "3.5",
    pods: 1,
    submission: { conf: { "spark.kubernetes.container.image": "spark:latest" } },
  },
  {
    name: "spark-3.5-client",
    directory: `${GOLDEN}/spark-3.5-client`,
    line: "3.5",
    pods: 2,
    submission: {
      deployMode: "client",
      conf: {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.port": "7078",
        "spark.kubernetes.authenticate.executor.serviceAccountName": "spark",
      },
    },
  },
  {
    name: "spark-4-statefulset",
    directory: `${GOLDEN}/spark-4-statefulset`,
    line: "4",
    pods: 3,
    submission: {
      conf: { ...SPARK_4_IMAGE, "spark.kubernetes.allocation.pods.allocator": "statefulset" },
    },
  },
];

/** The demo's Pod that has nothing to do with Spark. */
export const plainPod = {
  name: "nginx",
  directory: DEMO,
  manifest: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "nginx", labels: { app: "nginx" } },
    spec: { containers: [{ name: "nginx", image: "nginx:1.27", ports: [{ containerPort: 80 }] }] },
  },
};

/** The job: reads and writes nothing, and lasts until all executors have been asked for. */
export const ETL = `import time
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
time.sleep(5)
rows = spark.range(1_000_000).selectExpr("id % 10 AS key").groupBy("key").count().collect()
print("groups:", len(rows))
spark.stop()
`;
