import { isPod } from "../../kubernetes/pod-shape.ts";
import type { Container, ObjectMeta, PodSpec } from "../../kubernetes/pod.ts";
import type { ConfReader } from "./conf-reader.ts";
import { RefusedSubmission } from "./refused-submission.ts";

/** A pod template without the container that Spark makes its own. */
export interface Template {
  readonly metadata: ObjectMeta;
  readonly spec: PodSpec;
  /** In front of Spark's, which comes last. */
  readonly sidecars: readonly Container[];
  readonly container: Container | undefined;
}

export function templateKey(role: "driver" | "executor"): string {
  return `spark.kubernetes.${role}.podTemplateFile`;
}

/**
 * Takes Spark's container out of a template (KubernetesUtils.selectSparkContainer): the one that
 * `podTemplateContainerName` names, else the first.
 * @param content of the template's file, read; undefined where there is none
 */
export function readTemplate(
  conf: ConfReader,
  role: "driver" | "executor",
  content: unknown,
): Template {
  if (content === undefined) {
    return { metadata: {}, spec: {}, sidecars: [], container: undefined };
  }
  if (!isPod(content)) throw new RefusedSubmission(`${templateKey(role)}: its file holds no Pod`);
  const { metadata, spec } = content;
  const containers = spec?.containers ?? [];
  const key = `spark.kubernetes.${role}.podTemplateContainerName`;
  const name = conf.text(key);
  const named = name === undefined ? 0 : containers.findIndex((one) => one.name === name);
  // Spark only warns of a name that no container has, and leaves the list as it is.
  return {
    metadata: metadata ?? {},
    spec: spec ?? {},
    sidecars: containers.filter((_, index) => index !== named),
    container: containers[named],
  };
}
