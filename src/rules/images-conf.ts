import type { Violation } from "../engine/policy.ts";
import { quoted } from "../engine/text.ts";
import type { FieldImage } from "../spark/field-images.ts";
import type { SparkConf } from "../spark/spark-conf.ts";
import type { ConfSubject } from "../spark/subject.ts";
import {
  type ContainerKind,
  type FaultsOf,
  type ImagesSpec,
  wantedImage,
} from "./images-faults.ts";

/** Spark puts its own version in its place (4.1, KubernetesConf): so it is pinned. */
const SPARK_VERSION = "{{SPARK_VERSION}}";

/**
 * Judges the images that a conf names for the Pods of a role, and an application beside it.
 * @param kinds those that are judged
 */
export function judgeConfImages(
  conf: SparkConf,
  subject: ConfSubject,
  kinds: ReadonlySet<ContainerKind>,
  faultsOf: FaultsOf,
  spec: ImagesSpec,
): readonly Violation[] {
  const others = subject.surface === "application" ? subject.images : [];
  return [
    ...(kinds.has("Spark") ? judgeSparkImage(conf, subject, faultsOf, spec) : []),
    ...others
      .filter(({ kind }) => kinds.has(kind))
      .flatMap((image) => judgeFieldImage(image, faultsOf, spec)),
  ];
}

/** One that is absent comes from elsewhere, and is judged in the Pod. */
function judgeSparkImage(
  conf: SparkConf,
  { role, place }: ConfSubject,
  faultsOf: FaultsOf,
  { pin = "Tag" }: ImagesSpec,
): readonly Violation[] {
  const image = conf.get(
    `spark.kubernetes.${role === "executor" ? "executor" : "driver"}.container.image`,
  );
  if (image.kind === "absent") return [];
  const field = place.fieldOf(image.key);
  if (image.kind === "unknown") {
    return [{ field, message: `cannot be judged: ${image.why}`, fix: "write the image out" }];
  }
  return faultsOf(image.value.replaceAll(SPARK_VERSION, "0")).map(({ message, name }) => ({
    field,
    message: `${quoted(image.value)} ${message}`,
    fix: place.assignment(image.key, wantedImage(name, pin)),
  }));
}

function judgeFieldImage(
  { field, image }: FieldImage,
  faultsOf: FaultsOf,
  { pin = "Tag" }: ImagesSpec,
): readonly Violation[] {
  return faultsOf(image).map(({ message, name }) => ({
    field,
    message: `${quoted(image)} ${message}`,
    fix: `${field}: ${wantedImage(name, pin)}`,
  }));
}
