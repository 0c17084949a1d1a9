import type { SparkConf } from "../spark/spark-conf.ts";
import type { Preset, PresetEntry } from "./preset.ts";

const always = { as: "default" } as const;

const S3A = "spark.hadoop.fs.s3a.";

/** The module with which Spark's own writers use the committers of Hadoop; a job without it would not find their classes. */
const cloudCommitters = {
  text: "the job brings spark-hadoop-cloud, by spark.jars.packages or spark.jars",
  holds: (conf: SparkConf) =>
    ["spark.jars.packages", "spark.jars"].some((key) =>
      (conf.raw(key) ?? "").includes("spark-hadoop-cloud"),
    ),
};

const committer = (key: string, value: string, why: string): PresetEntry => ({
  ...{ key, value, why, as: "default" },
  when: cloudCommitters,
});

const eventLog = {
  text: "spark.eventLog.dir is said, by the job or by a policy: its default, file:///tmp/spark-events, ends a driver in whose image there is no such folder",
  holds: (conf: SparkConf) => (conf.raw("spark.eventLog.dir") ?? "") !== "",
};

const logged = { as: "default", when: eventLog } as const;

/** Presets of what a job writes: to S3, its metrics, its event log. */
export const STORAGE_PRESETS: Readonly<Record<"S3A" | "Prometheus" | "EventLog", Preset>> = {
  S3A: {
    description: "Connections, uploads and committers for S3 by Hadoop's s3a.",
    entries: [
      {
        ...always,
        key: `${S3A}connection.maximum`,
        value: "200",
        why: "Hadoop 3.3's default of 96 is fewer than the threads of an executor with many cores want at once: they wait for each other (hadoop-aws, performance).",
      },
      {
        ...always,
        key: `${S3A}threads.max`,
        value: "96",
        why: "Of uploads and copies; below the number of connections, which reads need too (hadoop-aws, performance).",
      },
      {
        ...always,
        key: `${S3A}fast.upload.buffer`,
        value: "disk",
        why: "Hadoop's default, written out: blocks wait for their upload in local files, not in memory outside the heap.",
      },
      {
        ...always,
        key: `${S3A}path.style.access`,
        value: "true",
        when: {
          text: "an endpoint is said that is not of Amazon's",
          holds: (conf) => {
            const endpoint = conf.raw(`${S3A}endpoint`) ?? "";
            return endpoint !== "" && !/amazonaws\.com/.test(endpoint);
          },
        },
        why: "MinIO, Ceph and the like have no name in DNS for each bucket.",
      },
      committer(
        `${S3A}committer.name`,
        "magic",
        "Renaming on S3 is copying, and not atomic: files are uploaded where they belong and completed at the end of the job (hadoop-aws, committers).",
      ),
      committer(
        "spark.sql.sources.commitProtocolClass",
        "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol",
        "So that DataFrames are written by that committer (Spark's docs, cloud integration).",
      ),
      committer(
        "spark.sql.parquet.output.committer.class",
        "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter",
        "The same for Parquet, which has a committer of its own (Spark's docs, cloud integration).",
      ),
    ],
  },
  Prometheus: {
    description: "Metrics in Prometheus' format at the driver's UI port, of executors too.",
    entries: [
      {
        ...always,
        key: "spark.ui.prometheus.enabled",
        value: "true",
        why: "Executors at /metrics/executors/prometheus of the driver. Spark's default since 4.0.",
      },
      {
        ...always,
        key: "spark.metrics.conf.*.sink.prometheusServlet.class",
        value: "org.apache.spark.metrics.sink.PrometheusServlet",
        why: "The driver's own metrics (Spark's docs, monitoring).",
      },
      {
        ...always,
        key: "spark.metrics.conf.*.sink.prometheusServlet.path",
        value: "/metrics/prometheus",
        why: "Where they are.",
      },
    ],
  },
  EventLog: {
    description: "An event log for the history server, where it is said to which folder.",
    entries: [
      {
        ...logged,
        key: "spark.eventLog.enabled",
        value: "true",
        why: "Without it nothing is left of a job once its driver's Pod is gone.",
      },
      {
        ...logged,
        key: "spark.eventLog.rolling.enabled",
        value: "true",
        why: "Files that can be read while the job runs and be compacted: a streaming job's one file grows without end. Spark's default since 4.0.",
      },
      {
        ...logged,
        key: "spark.eventLog.compress",
        value: "true",
        why: "A tenth of the size. Spark's default since 4.0.",
      },
    ],
  },
};
