import { valueAt } from "../kubernetes/json.ts";
import type { OrphanedClaim } from "../report/sweep-report.ts";
import { APPLICATION_ID_LABEL } from "../spark/application.ts";
import { ApplicationPods, readSparkClaim, type PodName } from "../spark/orphaned-claim.ts";
import { listAll } from "./list-all.ts";
import type { SweepApi } from "./sweep-api.ts";

/**
 * Finds claims of executors that no application needs any more: none of its Pods is there that has not ended, and nobody
 * owns the claim (`ownPersistentVolumeClaim=false`), or its owner is gone and the garbage collector has not come yet.
 * Rejects where it cannot look.
 */
export async function findOrphanedClaims(
  api: Pick<SweepApi, "list">,
  namespace: string | undefined,
): Promise<readonly OrphanedClaim[]> {
  const ofApplications = { namespace, labelSelector: APPLICATION_ID_LABEL };
  const claimQuery = { kind: "PersistentVolumeClaim", ...ofApplications } as const;
  const claims = (await listAll(api, claimQuery, readSparkClaim)).filter(
    (claim) => claim !== undefined,
  );
  if (claims.length === 0) return [];
  const pods = new ApplicationPods();
  await listAll(api, { kind: "Pod", ...ofApplications }, (pod) => {
    pods.add(pod);
  });
  const isThere = memoized((namespace, owner) => hasPod(api, namespace, owner));
  const orphaned: OrphanedClaim[] = [];
  for (const claim of claims) {
    if (pods.needs(claim) || claim.owners.some((owner) => pods.has(owner))) continue;
    // The driver of a notebook owns claims and has none of Spark's labels.
    const found = await Promise.all(claim.owners.map((owner) => isThere(claim.namespace, owner)));
    if (found.includes(true)) continue;
    orphaned.push({ ...claim, why: claim.owners.length === 0 ? "no owner" : "its owner is gone" });
  }
  return orphaned;
}

/** Whether a Pod is there, by a list of one: what a sweep may do is to list. */
async function hasPod(
  api: Pick<SweepApi, "list">,
  namespace: string,
  { name, uid }: PodName,
): Promise<boolean> {
  const query = { kind: "Pod", namespace, fieldSelector: `metadata.name=${name}` } as const;
  const { items } = await api.list(query, undefined);
  return items.some((pod) => valueAt(pod, "metadata", "uid") === uid);
}

type Ask = (namespace: string, owner: PodName) => Promise<boolean>;

/** Asks once for each owner: a driver has as many claims as executors. */
function memoized(ask: Ask): Ask {
  const answers = new Map<string, Promise<boolean>>();
  return (namespace, owner) => {
    const answer = answers.get(owner.uid) ?? ask(namespace, owner);
    answers.set(owner.uid, answer);
    return answer;
  };
}
