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

/** Fields of text: a password of digits alone is a number in a file that has no quotes around it. */
const TEXT_FIELDS = /^value$|options$|pass|secret|token|credential/i;

/** Who wrote what: entries of lists are keys in it. */
const MANAGED_FIELDS = "managedFields";

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
  if (key === MANAGED_FIELDS) return HIDDEN;
  if (typeof value === "string") return OPEN_FIELDS.has(key) ? value : HIDDEN;
  if (Array.isArray(value)) return value.map(shownItem);
  if (isRecord(value)) return shownEntries(value);
  return TEXT_FIELDS.test(key) ? HIDDEN : value;
}

/** Of lists only objects are shown, whose fields have names. */
function shownItem(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(shownItem);
  return isRecord(item) ? shownEntries(item) : HIDDEN;
}

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (!isRecord(value)) return HIDDEN;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hidden(each)]));
}
