import { entriesAt, valueAt } from "../kubernetes/json.ts";
import { isPod } from "../kubernetes/pod-shape.ts";
import type { Pod, StringMap } from "../kubernetes/pod.ts";
import type { FieldPodSpec } from "./field-pod-specs.ts";
import type { SparkConf } from "./spark-conf.ts";
import type { ConfSubject } from "./subject.ts";

/** The nodes that Pods of a role will ask for, as far as an object with a conf says it. */
export interface ChosenNodes {
  /** A Pod that asks for the same nodes. */
  readonly pod: Pod;
  /** Where that is said: the field, or the key, of a field of the Pod. */
  readonly fieldOf: (field: string) => string;
}

/** The nodes that the author of a conf, or of an operator's object, asks for. What cannot be read there is not there. */
export function chosenNodes(subject: ConfSubject, conf: SparkConf): ChosenNodes {
  const podSpecs = subject.surface === "application" ? subject.podSpecs : undefined;
  const role = subject.role === "executor" ? "executor" : "driver";
  const { fieldOf } = subject.place;
  const selector = new Map<string, Selected>();
  takeFields(selector, podSpecs?.beneath);
  for (const prefix of [SELECTOR, `spark.kubernetes.${role}.node.selector.`]) {
    for (const [label, key] of labelsUnder(conf, prefix)) {
      selector.set(label, { value: conf.raw(key) ?? "", field: fieldOf(key) });
    }
  }
  takeFields(selector, podSpecs?.above);
  const affinity = affinityOf(podSpecs?.above) ?? affinityOf(podSpecs?.beneath);
  const pod = podOf(subject, conf, selector, affinity?.value);
  return {
    pod,
    fieldOf: (field) => {
      const [, label] = /^spec\.nodeSelector\[(.*)\]$/.exec(field) ?? [];
      if (label !== undefined) return selector.get(label)?.field ?? field;
      return affinity === undefined ? field : field.replace(/^spec(?=\.affinity)/, affinity.path);
    },
  };
}

/** Of drivers and executors; a role's own goes before it (KubernetesDriverConf.nodeSelector, KubernetesExecutorConf). */
const SELECTOR = "spark.kubernetes.node.selector.";

interface Selected {
  readonly value: string;
  readonly field: string;
}

function takeFields(selector: Map<string, Selected>, fields: FieldPodSpec | undefined): void {
  if (fields === undefined) return;
  for (const [label, value] of entriesAt(fields.spec, "nodeSelector")) {
    if (typeof value !== "string") continue;
    selector.set(label, { value, field: `${fields.path}.nodeSelector[${label}]` });
  }
}

function affinityOf(fields: FieldPodSpec | undefined) {
  if (fields === undefined) return undefined;
  const value = valueAt(fields.spec, "affinity");
  return isPod({ spec: { affinity: value } }) && value != null
    ? { value, path: fields.path }
    : undefined;
}

function podOf(
  { role, labels }: ConfSubject,
  conf: SparkConf,
  selector: ReadonlyMap<string, Selected>,
  affinity: unknown,
): Pod {
  const nodeSelector = Object.fromEntries(
    [...selector].map(([label, { value }]) => [label, value]),
  );
  const prefix = `spark.kubernetes.${role === "executor" ? "executor" : "driver"}.annotation.`;
  const annotations: StringMap = Object.fromEntries(
    labelsUnder(conf, prefix).map(([name, key]) => [name, conf.raw(key) ?? ""]),
  );
  const pod = { metadata: { labels, annotations }, spec: { nodeSelector, affinity } };
  return isPod(pod) ? pod : {};
}

/** The keys of a conf under a prefix, each after what follows it. */
function labelsUnder(conf: SparkConf, prefix: string): readonly (readonly [string, string])[] {
  return conf
    .keys()
    .flatMap((key) => (key.startsWith(prefix) ? [[key.slice(prefix.length), key]] : []));
}
