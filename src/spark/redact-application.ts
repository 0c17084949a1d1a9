import { isRecord } from "../kubernetes/json.ts";
import type { JsonObject } from "../kubernetes/pod.ts";

const HIDDEN = "(hidden)";

/** Fields whose texts are no secrets. Of all others nobody knows: jobs carry passwords in conf, variables and arguments. */
const OPEN_FIELDS: ReadonlySet<string> = new Set([
  ...["apiVersion", "kind", "name", "generateName", "namespace", "type", "mode", "schedule"],
  ...["image", "reference", "imagePullPolicy", "sparkVersion", "scalaVersion", "pythonVersion"],
  ...["cores", "coreRequest", "coreLimit", "memory", "memoryOverhead", "memoryLimit"],
  ...["memoryOverheadFactor", "mainClass", "serviceAccount", "serviceAccountName"],
  ...["batchScheduler", "queue", "priorityClassName", "schedulerName", "runtimeClassName"],
  ...["restartPolicy", "concurrencyPolicy", "dnsPolicy", "hostname", "mountPath"],
]);

/** Fields all of whose entries are no secrets. */
const OPEN_MAPS: ReadonlySet<string> = new Set(["labels", "matchLabels", "nodeSelector"]);

/** Fields of which no entry is shown, not even a number. */
const CLOSED_MAPS: ReadonlySet<string> = new Set([
  ...["sparkConf", "hadoopConf", "annotations", "env", "envVars", "secret", "status"],
]);

/** An operator's object, fit to be shown: what may be a secret in it is hidden. */
export function redactApplication(object: JsonObject): JsonObject {
  return shownEntries(object);
}

function shownEntries(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, shown(key, value)]));
}

function shown(key: string, value: unknown): unknown {
  if (OPEN_MAPS.has(key)) return value;
  if (CLOSED_MAPS.has(key)) return hidden(value);
  if (typeof value === "string") return OPEN_FIELDS.has(key) ? value : HIDDEN;
  if (Array.isArray(value)) return value.map((item) => shown("", item));
  return isRecord(value) ? shownEntries(value) : value;
}

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (!isRecord(value)) return HIDDEN;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hidden(each)]));
}
