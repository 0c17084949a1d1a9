import { hash } from "node:crypto";
import type { Subject } from "../spark/subject.ts";

/**
 * Whether a subject's application is among the first `percent` of all. It depends on nothing but the application: all
 * its objects are in or out together, for every policy, on every replica, and who is in at 10 is in at 20. Without an
 * application, out: a rollout never enforces what it cannot tell apart.
 */
export function isInRollout(percent: number, { namespace, application }: Subject): boolean {
  const key = application.operatorApp ?? application.id;
  if (percent >= 100) return true;
  if (key === undefined || percent <= 0) return false;
  const digest = hash("sha256", JSON.stringify([namespace, key]), "buffer");
  return digest.readUInt32BE(0) < (percent / 100) * 2 ** 32;
}
