import type { Pod } from "../kubernetes/pod.ts";
import { factsOfConf, factsOfDriver, readCarried, type Carried } from "./carried.ts";
import { sparkContainerIndex } from "./container.ts";
import type { Role } from "./role.ts";
import type { Subject } from "./subject.ts";

/** Several policies may ask of one subject, most ask of none. */
const known = new WeakMap<Subject, Carried>();

/** What is known of a subject's application beside its identity: of an executor what its driver's conf carried. */
export function applicationFacts(subject: Subject): Carried {
  let facts = known.get(subject);
  if (facts === undefined) known.set(subject, (facts = read(subject)));
  return facts;
}

function read(subject: Subject): Carried {
  if (subject.surface !== "pod") return factsOfConf(subject.conf);
  const { pod, role } = subject;
  return role === "executor" ? readCarried(pod) : factsOfDriver(pod, sparkArguments(pod, role));
}

/** The arguments of the container that runs Spark. */
export function sparkArguments(pod: Pod, role: Role): readonly string[] {
  return pod.spec?.containers?.[sparkContainerIndex(pod, role) ?? -1]?.args ?? [];
}
