import type { FinishedDriver } from "../spark/finished-driver.ts";
import { statusOf } from "./failed-call.ts";
import { loadKubeConfig, type ClusterAddress } from "./kube-config.ts";
import { within, type Page } from "./watch-resource.ts";

/** Which objects of a kind; of all namespaces where none is said. */
export interface ListQuery {
  readonly kind: "Pod" | "PersistentVolumeClaim";
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** What became of a driver Pod: `gone`: somebody else had deleted it; `changed`: it is not what was seen, and stays. */
export type Deletion = "deleted" | "gone" | "changed";

/** What `sparkgate sweep` asks of the Kubernetes API. Objects are JSON as the API server sent it. */
export interface SweepApi {
  readonly list: (query: ListQuery, next: string | undefined) => Promise<Page<unknown>>;
  /** Deletes a Pod if it is still exactly what was seen; what it owns is for the garbage collector. Rejects where it is not known whether. */
  readonly deleteDriver: (driver: FinishedDriver) => Promise<Deletion>;
}

interface KubernetesList {
  readonly items: readonly object[];
  readonly metadata?: { readonly resourceVersion?: string; readonly _continue?: string };
}

/** Objects in one part of a list: some 5 MB of driver Pods. */
const PAGE = 500;

/** The client itself would wait five minutes for an API server that has taken the connection and says nothing. */
const CALL_MILLISECONDS = 30_000;

const NOT_FOUND = 404;
const CONFLICT = 409;

/**
 * Prepares to talk to a cluster; nothing is sent yet.
 * @throws Error that says what is missing and what to do
 */
export async function connectToSweep(address: ClusterAddress): Promise<SweepApi> {
  const client = await import("@kubernetes/client-node");
  const config = new client.KubeConfig();
  loadKubeConfig(config, address);
  const api = config.makeApiClient(client.CoreV1Api);
  const listOf = (asked: ListQuery, next?: string): Promise<KubernetesList> => {
    const { kind, namespace, labelSelector, fieldSelector } = asked;
    const query = {
      limit: PAGE,
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
      ...(next !== undefined && { _continue: next }),
    };
    if (kind === "Pod") {
      return namespace === undefined
        ? api.listPodForAllNamespaces(query)
        : api.listNamespacedPod({ ...query, namespace });
    }
    return namespace === undefined
      ? api.listPersistentVolumeClaimForAllNamespaces(query)
      : api.listNamespacedPersistentVolumeClaim({ ...query, namespace });
  };
  return {
    list: async (query, next) => {
      const { items, metadata } = await within(CALL_MILLISECONDS, listOf(query, next));
      return {
        items: items.map(asJson),
        resourceVersion: metadata?.resourceVersion ?? "",
        next: metadata?._continue || undefined,
      };
    },
    deleteDriver: async ({ namespace, name, uid, resourceVersion }) => {
      const body = new client.V1DeleteOptions();
      body.propagationPolicy = "Background";
      body.preconditions = new client.V1Preconditions();
      body.preconditions.uid = uid;
      body.preconditions.resourceVersion = resourceVersion;
      try {
        await within(CALL_MILLISECONDS, api.deleteNamespacedPod({ namespace, name, body }));
        return "deleted";
      } catch (error) {
        const status = statusOf(error);
        if (status === NOT_FOUND) return "gone";
        if (status === CONFLICT) return "changed";
        throw error;
      }
    },
  };
}

/** The client makes Dates of timestamps. */
function asJson(object: object): unknown {
  return JSON.parse(JSON.stringify(object));
}
