import { valueAt } from "../kubernetes/json.ts";
import { applicationOfConf, nameLabelOf, podLabelsOfConf } from "./application.ts";
import {
  type ApplicationReading,
  type FacetReading,
  nameOf,
  overlaid,
  type ReadApplication,
} from "./application-reading.ts";
import { listedImages, templateImages, templateSparkContainer } from "./field-images.ts";
import { kubeflowConf, type KubeflowPlace } from "./kubeflow-conf.ts";
import { hasHiddenMetadata } from "./pod-metadata.ts";

/** Its own name for Spark's containers in templates (pkg/common/spark.go). */
export const SPARK_CONTAINER = {
  driver: "spark-kubernetes-driver",
  executor: "spark-kubernetes-executor",
} as const;

/** Reads a SparkApplication of Kubeflow's operator. */
export const readKubeflow: ReadApplication = (object) => {
  const spec = valueAt(object, "spec");
  return reading({ spec, at: "spec", object }, nameOf(object));
};

/**
 * Reads a ScheduledSparkApplication. It makes a SparkApplication for each run, with its own labels and a name that begins
 * with its own (scheduledsparkapplication/controller.go): which is known only when that is created.
 */
export const readScheduled: ReadApplication = (object) => {
  const read = reading(
    { spec: valueAt(object, "spec", "template"), at: "spec.template", object },
    undefined,
  );
  return { ...read, application: { ...read.application, name: nameLabelOf(nameOf(object) ?? "") } };
};

function reading(place: KubeflowPlace, name: string | undefined): ApplicationReading {
  const { spec, at } = place;
  const conf = kubeflowConf(place, name);
  const application = applicationOfConf(conf);
  // The operator's own process is the driver then.
  const isClient = valueAt(spec, "mode") === "client";
  const facet = (role: "driver" | "executor"): FacetReading => {
    const own = valueAt(spec, role);
    const template = valueAt(own, "template");
    const path = `${at}.${role}`;
    const spark = templateSparkContainer(template, SPARK_CONTAINER[role]);
    return {
      role,
      labels: overlaid(template, podLabelsOfConf(conf, role, application)),
      metadata: {
        ...{ confOf: role, template, templatePath: `${path}.template`, written: path },
        isOpen: hasHiddenMetadata(conf, role) || (isClient && role === "driver"),
      },
      images: [
        ...listedImages(own, path, "sidecars", "Sidecar"),
        ...listedImages(own, path, "initContainers", "Init"),
        ...listedImages(spec, at, "volumes", "Volume"),
        ...templateImages(template, `${path}.template`, spark),
      ],
      podSpecs: {
        beneath: { spec: valueAt(template, "spec"), path: `${path}.template.spec` },
        above: { spec: own, path },
      },
    };
  };
  return {
    conf,
    confField: `${at}.sparkConf`,
    isMended: !isClient,
    application,
    facets: [facet("driver"), facet("executor")],
  };
}
