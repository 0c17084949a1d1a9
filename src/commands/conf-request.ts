import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord } from "../kubernetes/json.ts";
import type { JsonObject } from "../kubernetes/pod.ts";

/** What admission would be asked if this ConfigMap were created. */
export function confRequest(map: JsonObject, namespace = "default"): AdmittedObject {
  const metadata = isRecord(map["metadata"]) ? map["metadata"] : {};
  const own = metadata["namespace"];
  return {
    group: "",
    version: "v1",
    kind: "ConfigMap",
    subResource: "",
    operation: "CREATE",
    admission: "mutating",
    namespace: typeof own === "string" && own !== "" ? own : namespace,
    object: map,
  };
}
