import { valueAt } from "../kubernetes/json.ts";
import { applicationOfConf, nameLabelOf, podLabelsOfConf } from "./application.ts";
import {
  type FacetReading,
  nameOf,
  overlaid,
  type ReadApplication,
} from "./application-reading.ts";
import { ConfFields, type FieldKey } from "./conf-fields.ts";
import { templateContainerName, templateImages, templateSparkContainer } from "./field-images.ts";
import { hasHiddenMetadata } from "./pod-metadata.ts";
import { ROLE_LABEL } from "./role.ts";

const APPLICATION_LABEL = "spark.operator/spark-app-name";
const CLUSTER_LABEL = "spark.operator/spark-cluster-name";

/** Where `sparkConf` does not say them (SparkAppSubmissionWorker.buildDriverConf). */
const UNLESS_SAID: readonly FieldKey[] = [
  ["jars", "spark.jars"],
  ["pyFiles", "spark.submit.pyFiles"],
];

/** What each of them makes an application; the last that is said counts (SparkAppSubmissionWorker.buildDriverConf). */
const RESOURCES = [
  ["sparkRFiles", "r"],
  ["pyFiles", "python"],
  ["jars", "java"],
] as const;

/** What KubernetesConf takes where nothing says `spark.app.name`. */
const NAMELESS = "spark";

/** SparkAppSubmissionWorker.DEFAULT_ID_LENGTH_LIMIT: of a longer one the operator makes a hash. */
const LONGEST_ID = 46;

/**
 * Reads a SparkApplication of Apache's operator, which hands `sparkConf` to Spark's own builders of Pods, and the
 * templates with it as pod template files.
 */
export const readApache: ReadApplication = (object) => {
  const spec = valueAt(object, "spec");
  const name = nameOf(object);
  const fields = new ConfFields();
  fields.fields(spec, "spec", UNLESS_SAID);
  for (const [field, type] of RESOURCES) {
    const file = valueAt(spec, field);
    if (file === undefined || file === "") continue;
    fields.set("spark.kubernetes.resource.type", type, `spec.${field}`);
  }
  const id = idOf(object, name);
  if (id !== undefined) fields.set("spark.app.id", id, "metadata.name");
  fields.map(spec, "spec", "sparkConf", "");
  fields.set(
    "spark.kubernetes.namespace",
    valueAt(object, "metadata", "namespace"),
    "metadata.namespace",
  );
  const conf = fields.done();
  const found = applicationOfConf(conf);
  const application = { ...found, name: found.name ?? NAMELESS };
  const facet = (role: "driver" | "executor"): FacetReading => {
    const template = valueAt(spec, `${role}Spec`, "podTemplateSpec");
    const templatePath = `spec.${role}Spec.podTemplateSpec`;
    const spark = templateSparkContainer(template, templateContainerName(conf, role));
    return {
      role,
      labels: {
        ...overlaid(template, podLabelsOfConf(conf, role, application)),
        ...(name !== undefined && { [APPLICATION_LABEL]: name }),
      },
      metadata: {
        ...{ confOf: role, template, templatePath },
        isOpen: hasHiddenMetadata(conf, role),
      },
      images: templateImages(template, templatePath, spark),
      podSpecs: { beneath: { spec: valueAt(template, "spec"), path: `${templatePath}.spec` } },
    };
  };
  return {
    conf,
    confField: "spec.sparkConf",
    isMended: true,
    application,
    facets: [facet("driver"), facet("executor")],
  };
};

/** `NAME-ATTEMPT` (SparkAppSubmissionWorker.generateSparkAppId): the same on its Pods. */
function idOf(object: unknown, name: string | undefined): string | undefined {
  const summary = valueAt(object, "status", "currentAttemptSummary");
  const attempt = valueAt(summary, "attemptInfo", "id") ?? 0;
  if (name === undefined || typeof attempt !== "number") return undefined;
  const id = `${name}-${attempt}`;
  return id.length > LONGEST_ID ? undefined : id;
}

/**
 * Reads a SparkCluster: a master, judged as a driver, and workers, judged as executors. Its `sparkConf` is that of
 * these daemons, in their environment (SparkClusterResourceSpec); applications bring their own.
 */
export const readCluster: ReadApplication = (object) => {
  const spec = valueAt(object, "spec");
  const name = nameOf(object);
  const fields = new ConfFields();
  fields.map(spec, "spec", "sparkConf", "");
  const conf = fields.done();
  const facet = (role: "driver" | "executor", at: "masterSpec" | "workerSpec"): FacetReading => {
    const template = valueAt(spec, at, "statefulSetSpec", "template");
    const own = {
      [ROLE_LABEL]: at === "masterSpec" ? "master" : "worker",
      ...(name !== undefined && { [CLUSTER_LABEL]: name }),
    };
    const templatePath = `spec.${at}.statefulSetSpec.template`;
    return {
      role,
      labels: overlaid(template, own),
      metadata: {
        ...{ template, templatePath, written: `${templatePath}.metadata` },
        isAdmitted: false,
      },
      // Spark's container is not in the template: the operator adds it.
      images: templateImages(template, templatePath, undefined),
      podSpecs: { beneath: { spec: valueAt(template, "spec"), path: `${templatePath}.spec` } },
    };
  };
  return {
    conf,
    confField: "spec.sparkConf",
    isMended: false,
    application: { id: undefined, name: nameLabelOf(name ?? ""), operatorApp: undefined },
    facets: [facet("driver", "masterSpec"), facet("executor", "workerSpec")],
  };
};
