import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord } from "../kubernetes/json.ts";
import type { JsonObject } from "../kubernetes/pod.ts";

/**
 * What admission would be asked if an object of Kubernetes' own were created.
 * @param namespace for one that names none
 */
export function creationRequest(
  kind: "Pod" | "ConfigMap",
  object: JsonObject,
  namespace = "default",
): AdmittedObject {
  const metadata = isRecord(object["metadata"]) ? object["metadata"] : {};
  const own = metadata["namespace"];
  return {
    group: "",
    version: "v1",
    kind,
    subResource: "",
    operation: "CREATE",
    admission: "mutating",
    namespace: typeof own === "string" && own !== "" ? own : namespace,
    object,
  };
}
