import type { Variables } from "../cel/expression.ts";
import type { Pod } from "../kubernetes/pod.ts";
import { sparkContainerIndex } from "../spark/container.ts";
import { executorIdOf } from "../spark/executor-id.ts";
import { applicationFacts } from "../spark/application-facts.ts";
import type { SparkObject, Subject } from "../spark/subject.ts";
import { knownNamespace, knownQuotas, type Facts } from "./facts.ts";

/**
 * The values of the variables that an expression names; what it does not name is not asked for. `object` is as the
 * expression is to see it. Absent fields are left out, so that `has()` tells them.
 * @throws Error where an expression names the namespace or its quotas and they are not known
 */
export function variablesOf(
  names: ReadonlySet<string>,
  object: SparkObject,
  subject: Subject,
  facts: Facts,
): Variables {
  const variables: Record<string, unknown> = {};
  if (names.has("object")) variables["object"] = object;
  // A Pod is judged when it is created; null is what Kubernetes' own policies have then.
  if (names.has("oldObject")) variables["oldObject"] = null;
  if (names.has("request")) variables["request"] = requestOf(subject);
  if (names.has("namespaceObject")) {
    const { name, labels } = knownNamespace(facts);
    variables["namespaceObject"] = { metadata: { name, labels } };
  }
  if (names.has("quotas")) variables["quotas"] = knownQuotas(facts);
  if (names.has("spark")) variables["spark"] = sparkOf(object, subject);
  if (names.has("app")) {
    const { id, name } = subject.application;
    const { name: submitted = name, language, shuffle, workload } = applicationFacts(subject);
    variables["app"] = present({ id, name: submitted, language, shuffle, workload });
  }
  return variables;
}

function requestOf({ stage, namespace, name, user }: Subject): Variables {
  return present({
    operation: stage === "update" ? "UPDATE" : "CREATE",
    namespace,
    name,
    userInfo: user,
  });
}

function sparkOf(object: SparkObject, subject: Subject): Variables {
  const { surface, role } = subject;
  if (subject.surface !== "pod") return { surface, role, conf: subject.conf.toRecord() };
  const pod = object as Pod;
  const container = pod.spec?.containers?.[sparkContainerIndex(pod, role) ?? -1];
  const executorId = role === "executor" ? executorIdOf(pod) : undefined;
  return present({
    surface,
    role,
    container: container?.name,
    image: container?.image,
    executorId: executorId === undefined ? undefined : BigInt(executorId),
  });
}

function present(fields: Readonly<Record<string, unknown>>): Variables {
  const found: Record<string, unknown> = {};
  for (const key in fields) {
    const value = fields[key];
    if (value != null) found[key] = value;
  }
  return found;
}
