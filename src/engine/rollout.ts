import { hash } from "node:crypto";
import { applicationFacts } from "../spark/application-facts.ts";
import type { Subject } from "../spark/subject.ts";
import type { CompiledPolicy } from "./policy.ts";

/**
 * Whether a subject's application is among the first `percent` of all. It depends on nothing but the application: all
 * its objects are in or out together, for every policy, on every replica, and who is in at 10 is in at 20. Without an
 * application, out: a rollout never enforces what it cannot tell apart.
 */
export function isInRollout(policy: RolledOut, subject: Subject): boolean {
  const { namespace, application } = subject;
  const key = application.operatorApp ?? application.id;
  const percent = percentFor(policy, subject);
  if (percent >= 100) return true;
  if (key === undefined || percent <= 0) return false;
  const digest = hash("sha256", JSON.stringify([namespace, key]), "buffer");
  return digest.readUInt32BE(0) < (percent / 100) * 2 ** 32;
}

type RolledOut = Pick<CompiledPolicy, "name" | "rolloutPercent" | "denyExecutors">;

/**
 * An executor goes by the percent that its job began with, where its driver's conf carried it: whoever raises it does not
 * change running jobs. Not where a refusal could be lifted so, since a job may write what it likes onto its executors.
 */
function percentFor({ name, rolloutPercent, denyExecutors }: RolledOut, subject: Subject): number {
  if (subject.role !== "executor" || subject.surface !== "pod" || denyExecutors)
    return rolloutPercent;
  const { rollouts } = applicationFacts(subject);
  return rollouts !== undefined && Object.hasOwn(rollouts, name)
    ? (rollouts[name] ?? rolloutPercent)
    : rolloutPercent;
}
