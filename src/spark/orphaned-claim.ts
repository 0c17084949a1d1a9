import { itemsAt, valueAt } from "../kubernetes/json.ts";
import { APPLICATION_ID_LABEL } from "./application.ts";

/** A PersistentVolumeClaim that Spark made for an executor (`claimName=OnDemand`), as far as it is read. */
export interface SparkClaim {
  readonly namespace: string;
  readonly name: string;
  /** `spark.app.id`. */
  readonly application: string;
  /** Such as `500Gi`; empty where the claim does not say it. */
  readonly storage: string;
  /** The Pods that own it: with `ownPersistentVolumeClaim`, Spark's default, the driver. */
  readonly owners: readonly PodName[];
}

/** A Pod by name, and which of that name. */
export interface PodName {
  readonly name: string;
  readonly uid: string;
}

/**
 * Reads a claim that may be left over: one with the label of an application, not being deleted, and of nobody but Pods. What
 * a StatefulSet or an operator's object owns is for those to judge.
 * @returns undefined for any other claim
 */
export function readSparkClaim(claim: unknown): SparkClaim | undefined {
  const text = (...path: readonly string[]) => {
    const value = valueAt(claim, ...path);
    return typeof value === "string" ? value : "";
  };
  const application = text("metadata", "labels", APPLICATION_ID_LABEL);
  if (application === "" || valueAt(claim, "metadata", "deletionTimestamp") != null)
    return undefined;
  const owners: PodName[] = [];
  for (const owner of itemsAt(claim, "metadata", "ownerReferences")) {
    const [kind, name, uid] = ["kind", "name", "uid"].map((key) => valueAt(owner, key));
    if (kind !== "Pod" || typeof name !== "string" || typeof uid !== "string") return undefined;
    owners.push({ name, uid });
  }
  return {
    namespace: text("metadata", "namespace"),
    name: text("metadata", "name"),
    application,
    storage: text("spec", "resources", "requests", "storage"),
    owners,
  };
}

/** What Pods of Spark applications say of claims, gathered after the claims: no claim is there before its driver. */
export class ApplicationPods {
  readonly #unfinished = new Set<string>();
  readonly #uids = new Set<string>();

  add(pod: unknown): void {
    const [uid, namespace] = ["uid", "namespace"].map((key) => valueAt(pod, "metadata", key));
    this.#uids.add(String(uid));
    const phase = valueAt(pod, "status", "phase");
    if (phase === "Succeeded" || phase === "Failed") return;
    const application = valueAt(pod, "metadata", "labels", APPLICATION_ID_LABEL);
    this.#unfinished.add(`${String(namespace)}/${String(application)}`);
  }

  /** Whether a Pod of the claim's application has not ended: it may mount the claim, or take it again for a new executor. */
  needs({ namespace, application }: SparkClaim): boolean {
    return this.#unfinished.has(`${namespace}/${application}`);
  }

  has({ uid }: PodName): boolean {
    return this.#uids.has(uid);
  }
}
