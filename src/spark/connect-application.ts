import { entriesAt, itemsAt, valueAt } from "../kubernetes/json.ts";
import type { StringMap } from "../kubernetes/pod.ts";
import { applicationOfConf, nameLabelOf, podLabelsOfConf } from "./application.ts";
import { nameOf, overlaid, type ReadApplication } from "./application-reading.ts";
import { ConfFields, type FieldKey } from "./conf-fields.ts";
import { templateImages, templateSparkContainer } from "./field-images.ts";
import { SPARK_CONTAINER } from "./kubeflow-application.ts";
import {
  applicationLabels,
  dynamicAllocation,
  type KubeflowPlace,
  sparkConf,
} from "./kubeflow-conf.ts";
import { hasHiddenMetadata, type MetadataSources } from "./pod-metadata.ts";
import { ROLE_LABEL } from "./role.ts";
import type { SparkConf } from "./spark-conf.ts";

const HADOOP = "spark.hadoop.";

const SERVER: readonly FieldKey[] = [
  ["cores", "spark.driver.cores"],
  ["memory", "spark.driver.memory"],
];

const EXECUTOR: readonly FieldKey[] = [
  ["instances", "spark.executor.instances"],
  ["cores", "spark.executor.cores"],
  ["memory", "spark.executor.memory"],
];

const CONNECT_LABEL = "sparkoperator.k8s.io/connect-name";

/** `--name` of sbin/start-connect-server.sh, before which `spark.app.name` does not count. */
const SERVER_NAME = "Spark Connect server";

/**
 * Reads a SparkConnect of Kubeflow's operator, which makes the server's Pod itself, and arguments of
 * start-connect-server.sh (internal/controller/sparkconnect/options.go and reconciler.go). The server is a driver in
 * client mode: no ConfigMap holds its conf.
 */
export const readConnect: ReadApplication = (object) => {
  const place = { spec: valueAt(object, "spec"), at: "spec", object };
  const conf = confOf(place);
  const { id } = applicationOfConf(conf);
  const application = { id, name: nameLabelOf(SERVER_NAME), operatorApp: undefined };
  const template = (role: "server" | "executor") => valueAt(object, "spec", role, "template");
  const metadata = (role: "server" | "executor"): MetadataSources => {
    const templatePath = `spec.${role}.template`;
    return { template: template(role), templatePath, written: `${templatePath}.metadata` };
  };
  const images = (role: "server" | "executor") =>
    templateImages(template(role), `spec.${role}.template`, sparkContainer(object, role));
  const podSpecs = (role: "server" | "executor") => ({
    beneath: { spec: valueAt(template(role), "spec"), path: `spec.${role}.template.spec` },
  });
  return {
    conf,
    confField: "spec.sparkConf",
    isMended: false,
    application,
    facets: [
      {
        role: "connect-server",
        labels: overlaid(template("server"), serverLabels(object)),
        metadata: metadata("server"),
        images: images("server"),
        podSpecs: podSpecs("server"),
      },
      {
        role: "executor",
        labels: overlaid(template("executor"), podLabelsOfConf(conf, "executor", application)),
        metadata: {
          ...metadata("executor"),
          ...{ confOf: "executor", isOpen: hasHiddenMetadata(conf, "executor") },
        },
        images: images("executor"),
        podSpecs: podSpecs("executor"),
      },
    ],
  };
};

function confOf(place: KubeflowPlace): SparkConf {
  const { spec, at, object } = place;
  const fields = new ConfFields();
  fields.set("spark.app.name", SERVER_NAME, "metadata.name");
  fields.set(
    "spark.kubernetes.namespace",
    valueAt(object, "metadata", "namespace"),
    "metadata.namespace",
  );
  imageOf(fields, object, "executor", ["spark.kubernetes.container.image", IMAGE.executor]);
  sparkConf(fields, place);
  for (const [key, value] of entriesAt(spec, "hadoopConf")) {
    fields.set(key.startsWith(HADOOP) ? key : HADOOP + key, value, `${at}.hadoopConf[${key}]`);
  }
  fields.fields(valueAt(spec, "server"), `${at}.server`, SERVER);
  const labels = "spark.kubernetes.executor.label.";
  const name = nameOf(object);
  if (name !== undefined) fields.set(labels + CONNECT_LABEL, name, "metadata.name");
  applicationLabels(fields, object, labels);
  fields.fields(valueAt(spec, "executor"), `${at}.executor`, EXECUTOR);
  dynamicAllocation(fields, place);
  // The operator puts it into the server's Pod, and no key says it: this one is where every other driver's is.
  imageOf(fields, object, "server", [IMAGE.server]);
  return fields.done();
}

const IMAGE = {
  server: "spark.kubernetes.driver.container.image",
  executor: "spark.kubernetes.executor.container.image",
} as const;

/** The image of Spark's container in a template goes before that of the whole. */
function imageOf(
  fields: ConfFields,
  object: unknown,
  role: "server" | "executor",
  keys: readonly string[],
): void {
  const spec = valueAt(object, "spec");
  const index = sparkContainer(object, role);
  const container = itemsAt(spec, role, "template", "spec", "containers")[index];
  // Of executors only one of that name: Spark overwrites the image of the first.
  const counts = role === "server" || valueAt(container, "name") === SPARK_CONTAINER.executor;
  const path = `spec.${role}.template.spec.containers[${index}]`;
  for (const key of keys) {
    fields.fields(spec, "spec", [["image", key]]);
    if (counts) fields.fields(container, path, [["image", key]]);
  }
}

/** Which container of a template is Spark's. */
function sparkContainer(object: unknown, role: "server" | "executor"): number {
  const name = role === "server" ? SPARK_CONTAINER.driver : SPARK_CONTAINER.executor;
  return templateSparkContainer(valueAt(object, "spec", role, "template"), name);
}

function serverLabels(object: unknown): StringMap {
  const name = nameOf(object);
  return { [ROLE_LABEL]: "connect-server", ...(name !== undefined && { [CONNECT_LABEL]: name }) };
}
