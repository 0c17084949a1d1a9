import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import { isRecord } from "../kubernetes/json.ts";
import type { JsonObject } from "../kubernetes/pod.ts";
import { ROLE_LABEL, type Role } from "../spark/role.ts";
import { creationRequest } from "./creation-request.ts";

/** What a file does not say of a Pod. */
export interface PodRequestOptions {
  /** For a Pod that says none. */
  readonly namespace?: string | undefined;
  /** For a Pod that does not say its own: Spark sets the label itself, so a template has none. */
  readonly role?: Role | undefined;
}

/** What admission would be asked if this Pod were created. */
export function podRequest(
  pod: JsonObject,
  { namespace, role }: PodRequestOptions,
): AdmittedObject {
  return creationRequest("Pod", withRole(asSubmitted(pod), role), namespace);
}

/** A Pod read from a cluster has a uid, and the node that the scheduler chose, which its author did not. */
function asSubmitted(pod: JsonObject): JsonObject {
  const metadata = pod["metadata"];
  const spec = pod["spec"];
  if (!isRecord(metadata) || metadata["uid"] === undefined || !isRecord(spec)) return pod;
  return { ...pod, spec: { ...spec, nodeName: null } };
}

function withRole(pod: JsonObject, role: Role | undefined): JsonObject {
  const metadata = pod["metadata"] ?? {};
  if (role === undefined || !isRecord(metadata)) return pod;
  const labels = metadata["labels"] ?? {};
  if (!isRecord(labels)) return pod;
  // Metadata stays where it was, or comes first, where a reader of the diff looks for it.
  const ordered = { metadata, ...pod };
  return { ...ordered, metadata: { ...metadata, labels: { [ROLE_LABEL]: role, ...labels } } };
}
