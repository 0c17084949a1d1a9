import { UUID } from "./placeholders.ts";
import { RefusedSubmission } from "./refused-submission.ts";

/** SparkLauncher.NO_RESOURCE: the class is Spark's own. */
export const NO_RESOURCE = "spark-internal";

const UPLOAD_PATH = "spark.kubernetes.file.upload.path";

/** A path with a scheme as it is, one without as a file of the submitter's (Utils.resolveURI). */
export function resolveUri(path: string): string {
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(path) ? path : `file:${path}`;
}

/** Values of lists as Spark splits them (ConfigHelpers.stringToSeq). */
export function listOf(value: string | undefined): readonly string[] {
  return (value ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** Whether only the submitter has it (KubernetesUtils.isLocalAndResolvable): `local:` is in the image. */
export function isOfSubmitter(uri: string): boolean {
  return uri !== NO_RESOURCE && resolveUri(uri).startsWith("file:");
}

/**
 * Where spark-submit puts a file of the submitter's for the driver to fetch (KubernetesUtils.uploadFileUri); what is not
 * the submitter's stays where it is.
 */
export function uploaded(uri: string, conf: ReadonlyMap<string, string>): string {
  if (!isOfSubmitter(uri)) return uri;
  const path = conf.get(UPLOAD_PATH);
  if (path === undefined) {
    throw new RefusedSubmission(
      `${UPLOAD_PATH}: must be set, since the command line names a file of the submitter's (local:// names one in the image)`,
    );
  }
  const [file = "", fragment] = uri.split("#");
  const name = file.slice(file.lastIndexOf("/") + 1);
  return `${path}/spark-upload-${UUID}/${name}${fragment === undefined ? "" : `#${fragment}`}`;
}
