import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord, valueAt } from "../kubernetes/json.ts";
import { findPod } from "../kubernetes/pod-template.ts";
import type { JsonObject } from "../kubernetes/pod.ts";
import { applicationKind } from "../spark/application-kinds.ts";
import { creationRequest } from "./creation-request.ts";
import { podRequest, type PodRequestOptions } from "./pod-request.ts";

/** What admission would be asked of an object of a file. */
export interface ObjectRequest {
  readonly request: AdmittedObject;
  /** Where in the object that is which admission is asked about: empty for the object itself. */
  readonly path: readonly string[];
}

/** What admission would be asked if an object were created; undefined for one that says nothing of Spark's Pods. */
export function objectRequest(
  object: unknown,
  options: PodRequestOptions,
): ObjectRequest | undefined {
  if (!isRecord(object)) return undefined;
  const request = wholeRequest(object, options);
  if (request !== undefined) return { request, path: [] };
  const found = findPod(object);
  return found && { request: podRequest(found.value, options), path: found.path };
}

/** Of the objects that are judged as a whole: an operator's, and a driver's conf. */
function wholeRequest(
  object: JsonObject,
  { namespace }: PodRequestOptions,
): AdmittedObject | undefined {
  const [version = "", group = ""] = textAt(object, "apiVersion").split("/").reverse();
  const kind = textAt(object, "kind");
  if (kind === "ConfigMap") return creationRequest("ConfigMap", object, namespace);
  if (applicationKind(group, version, kind) === undefined) return undefined;
  return {
    ...{ group, version, kind, object },
    subResource: "",
    operation: "CREATE",
    admission: "validating",
    namespace: textAt(object, "metadata", "namespace") || (namespace ?? "default"),
  };
}

function textAt(object: JsonObject, ...path: readonly string[]): string {
  const value = valueAt(object, ...path);
  return typeof value === "string" ? value : "";
}
