import { isBypassed, NOTHING_KNOWN, type NamespaceFacts } from "../engine/facts.ts";
import type { Namespace } from "../kubernetes/namespace.ts";
import type { ResourceQuota } from "../kubernetes/resource-quota.ts";
import type { ClusterApi, QuotaObject } from "./connect.ts";
import { watchResource, within, type ResourceWatch, type WatchOptions } from "./watch-resource.ts";

/** The kinds that are watched. */
export type WatchedResource = "namespaces" | "resourcequotas";

/** What the cluster knows of namespaces, kept up to date. */
export interface ClusterFacts {
  /** What is known of a namespace; undefined for one that was never seen. Never waits. */
  readonly get: (namespace: string) => NamespaceFacts | undefined;
  /**
   * Asks the API once for a namespace that was never seen, for a second at most; all who ask for it meanwhile share
   * the answer. NOTHING_KNOWN where it cannot be known, and for one that does not exist: it may have been created a moment
   * ago on another API server, and is none without labels. Never rejects.
   */
  readonly lookUp: (namespace: string) => Promise<NamespaceFacts>;
  /** How many namespaces have Sparkgate turned off. */
  readonly countBypassed: () => number;
  /** Seconds since the content was known to be up to date. */
  readonly ageSeconds: (resource: WatchedResource) => number;
  readonly close: () => void;
}

export interface ClusterFactsOptions {
  /** A watch failed. It is tried again. */
  readonly onError: (resource: WatchedResource, error: unknown) => void;
  readonly backOff?: WatchOptions<unknown>["backOff"];
  readonly lookUpMilliseconds?: number;
}

/** The webhook's own time limit is 3 s. */
const LOOK_UP_MILLISECONDS = 1000;

/** At a time. Whoever reaches the port can name namespaces, and the API server is not to pay for it. */
const MOST_LOOK_UPS = 50;

/** RFC 1123 label: what a namespace can be called. */
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Starts watching namespaces and ResourceQuotas. Does not wait for them: a webhook that does not start while the API
 * server is slow keeps all Spark Pods out, and what is not there yet is looked up.
 */
export function startClusterFacts(api: ClusterApi, options: ClusterFactsOptions): ClusterFacts {
  const { onError, backOff, lookUpMilliseconds = LOOK_UP_MILLISECONDS } = options;
  const namespaces = new Map<string, Namespace>();
  // By namespace, then by name; undefined until the first list: unknown is not the same as none.
  let quotas: Map<string, Map<string, ResourceQuota>> | undefined;

  const watches: Record<WatchedResource, ResourceWatch> = {
    namespaces: watchResource<Namespace>({
      ...api.namespaces,
      backOff,
      onReplace: (items) => {
        namespaces.clear();
        for (const item of items) namespaces.set(item.name, item);
      },
      onChange: (item) => namespaces.set(item.name, item),
      onDelete: ({ name }) => namespaces.delete(name),
      onError: (error) => {
        onError("namespaces", error);
      },
    }),
    resourcequotas: watchResource<QuotaObject>({
      ...api.quotas,
      backOff,
      onReplace: (items) => {
        quotas = new Map();
        for (const item of items) addQuota(quotas, item);
      },
      onChange: (item) => {
        if (quotas !== undefined) addQuota(quotas, item);
      },
      onDelete: ({ namespace, name }) => quotas?.get(namespace)?.delete(name),
      onError: (error) => {
        onError("resourcequotas", error);
      },
    }),
  };

  const factsOf = (namespace: Namespace): NamespaceFacts => ({
    namespace,
    quotas: quotas && [...(quotas.get(namespace.name)?.values() ?? [])],
  });
  const asked = new Map<string, Promise<NamespaceFacts>>();
  const ask = async (name: string): Promise<NamespaceFacts> => {
    try {
      const found = await within(lookUpMilliseconds, api.readNamespace(name));
      if (found === undefined) return NOTHING_KNOWN;
      // Until the watch tells: it may be behind, and never knows less of this one than what was just read.
      if (!namespaces.has(name)) namespaces.set(name, found);
      return factsOf(found);
    } catch {
      return NOTHING_KNOWN;
    } finally {
      asked.delete(name);
    }
  };
  return {
    get: (name) => {
      const namespace = namespaces.get(name);
      return namespace && factsOf(namespace);
    },
    lookUp: (name) => {
      if (!NAMESPACE.test(name)) return Promise.resolve(NOTHING_KNOWN);
      if (asked.size >= MOST_LOOK_UPS && !asked.has(name)) return Promise.resolve(NOTHING_KNOWN);
      const asking = asked.get(name) ?? ask(name);
      asked.set(name, asking);
      return asking;
    },
    countBypassed: () =>
      [...namespaces.values()].filter((namespace) => isBypassed({ namespace })).length,
    ageSeconds: (resource) => watches[resource].ageSeconds(),
    close: () => {
      for (const watch of Object.values(watches)) watch.close();
    },
  };
}

function addQuota(
  quotas: Map<string, Map<string, ResourceQuota>>,
  { namespace, name, hard }: QuotaObject,
): void {
  const inNamespace = quotas.get(namespace) ?? new Map<string, ResourceQuota>();
  quotas.set(namespace, inNamespace.set(name, { name, hard }));
}
