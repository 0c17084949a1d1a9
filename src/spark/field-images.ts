import { isRecord, itemsAt, valueAt } from "../kubernetes/json.ts";
import type { SparkConf } from "./spark-conf.ts";

/** An image that an operator's object names beside the one in its conf. */
export interface FieldImage {
  readonly kind: "Sidecar" | "Init" | "Volume";
  /** Such as `spec.driver.sidecars[0].image`. */
  readonly field: string;
  readonly image: string;
}

/** The images of a list, each at the same place of its item. */
export function listedImages(
  object: unknown,
  path: string,
  list: string,
  kind: FieldImage["kind"],
): readonly FieldImage[] {
  const place = kind === "Volume" ? ["image", "reference"] : ["image"];
  return itemsAt(object, list).flatMap((item, index) => {
    const image = valueAt(item, ...place);
    if (typeof image !== "string" || image === "") return [];
    return [{ kind, field: `${path}.${list}[${index}].${place.join(".")}`, image }];
  });
}

/**
 * The images of a Pod template.
 * @param spark the index of Spark's container, whose image is another matter; undefined where there is none
 */
export function templateImages(
  template: unknown,
  path: string,
  spark: number | undefined,
): readonly FieldImage[] {
  const spec = valueAt(template, "spec");
  const at = `${path}.spec`;
  const own = spark === undefined ? undefined : `${at}.containers[${spark}].image`;
  return [
    ...listedImages(spec, at, "containers", "Sidecar").filter(({ field }) => field !== own),
    ...listedImages(spec, at, "initContainers", "Init"),
    ...listedImages(spec, at, "volumes", "Volume"),
  ];
}

/**
 * Which container of a Pod template Spark takes for its own, whose image it overwrites by the conf's: the one of that
 * name, or the first (KubernetesUtils.selectSparkContainer).
 */
export function templateSparkContainer(template: unknown, name: string | undefined): number {
  const containers = itemsAt(template, "spec", "containers");
  const named = containers.findIndex((one) => isRecord(one) && one["name"] === name);
  return Math.max(named, 0);
}

/** The name of Spark's container in a template, where the conf says it. */
export function templateContainerName(
  conf: SparkConf,
  role: "driver" | "executor",
): string | undefined {
  return conf.text(`spark.kubernetes.${role}.podTemplateContainerName`);
}
