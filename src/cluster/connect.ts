import type { CoreV1Api, Watch } from "@kubernetes/client-node";
import type { Namespace } from "../kubernetes/namespace.ts";
import type { ResourceList } from "../kubernetes/pod.ts";
import { loadKubeConfig, type ClusterAddress } from "./kube-config.ts";
import type { Page, WatchEvent, WatchOptions } from "./watch-resource.ts";

/** A ResourceQuota with where it is. */
export interface QuotaObject {
  readonly namespace: string;
  readonly name: string;
  readonly hard: ResourceList;
}

type ListAndWatch<T> = Pick<WatchOptions<T>, "list" | "watch">;

/** What Sparkgate asks of the Kubernetes API. */
export interface ClusterApi {
  readonly namespaces: ListAndWatch<Namespace>;
  readonly quotas: ListAndWatch<QuotaObject>;
  /** Undefined: there is none. Rejects where that cannot be told. */
  readonly readNamespace: (name: string) => Promise<Namespace | undefined>;
}

/** Objects in one part of a list: about 1 MB of namespaces. */
const PAGE = 500;

/** The API server ends a watch after so many seconds; a client that never comes back costs it no more. */
const WATCH_SECONDS = 240;

/**
 * Prepares to talk to a cluster; nothing is sent yet. Loads the Kubernetes client, which takes half a second and some
 * 80 MB, so it is not loaded where no cluster is asked for.
 * @throws Error that says what is missing and what to do
 */
export async function connectToCluster(address: ClusterAddress): Promise<ClusterApi> {
  const client = await import("@kubernetes/client-node");
  const config = new client.KubeConfig();
  loadKubeConfig(config, address);
  const api = config.makeApiClient(client.CoreV1Api);
  const watch = new client.Watch(config);
  return {
    namespaces: {
      list: (next) => listNamespaces(api, next),
      watch: watcher(watch, "/api/v1/namespaces", toNamespace),
    },
    quotas: {
      list: (next) => listQuotas(api, next),
      watch: watcher(watch, "/api/v1/resourcequotas", toQuota),
    },
    readNamespace: async (name) => {
      try {
        return toNamespace((await api.readNamespace({ name })) as KubernetesObject);
      } catch (error) {
        if (error instanceof client.ApiException && error.code === 404) return undefined;
        throw error;
      }
    },
  };
}

interface KubernetesObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
  };
  readonly spec?: { readonly hard?: ResourceList };
  /** Of a Status, which an error event carries. */
  readonly code?: number;
}

/** Names, labels and limits alone: a cluster may have ten thousand namespaces. */
function toNamespace({ metadata }: KubernetesObject): Namespace {
  return { name: metadata?.name ?? "", labels: metadata?.labels ?? {} };
}

function toQuota({ metadata, spec }: KubernetesObject): QuotaObject {
  const { namespace = "", name = "" } = metadata ?? {};
  return { namespace, name, hard: spec?.hard ?? {} };
}

interface KubernetesList {
  readonly items: readonly KubernetesObject[];
  readonly metadata?: { readonly resourceVersion?: string; readonly _continue?: string };
}

function toPage<T>(list: KubernetesList, toItem: (object: KubernetesObject) => T): Page<T> {
  return {
    items: list.items.map(toItem),
    resourceVersion: list.metadata?.resourceVersion ?? "",
    next: list.metadata?._continue || undefined,
  };
}

async function listNamespaces(api: CoreV1Api, next?: string): Promise<Page<Namespace>> {
  const list = await api.listNamespace({ limit: PAGE, ...(next && { _continue: next }) });
  return toPage(list as KubernetesList, toNamespace);
}

async function listQuotas(api: CoreV1Api, next?: string): Promise<Page<QuotaObject>> {
  const list = await api.listResourceQuotaForAllNamespaces({
    limit: PAGE,
    ...(next && { _continue: next }),
  });
  return toPage(list as KubernetesList, toQuota);
}

function watcher<T>(
  watch: Watch,
  path: string,
  toItem: (object: KubernetesObject) => T,
): WatchOptions<T>["watch"] {
  return (resourceVersion, onEvent, signal) => {
    const ended = Promise.withResolvers<undefined>();
    let isConnected = false;
    const query = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: WATCH_SECONDS };
    const opening = watch.watch(
      path,
      query,
      (type: string, object: KubernetesObject) => {
        onEvent(toEvent(type, object, toItem));
      },
      (error: unknown) => {
        // Its Watch gives up after 30 s without a byte: on a connection that stood, nothing has happened meanwhile.
        const isQuiet = isConnected && error instanceof Error && error.name === "TimeoutError";
        if (error == null || isQuiet) ended.resolve(undefined);
        else ended.reject(error);
      },
    );
    // It resolves when the server has answered, and also, after `done` was told, where it has not.
    const connected = opening.then((controller) => {
      isConnected = true;
      signal.addEventListener("abort", () => {
        controller.abort();
      });
      if (signal.aborted) controller.abort();
    });
    // Whichever fails first is awaited first; the other one must not end the process as unhandled.
    ended.promise.catch(() => undefined);
    const opened = Promise.race([ended.promise, connected]);
    return { connected: opened, ended: ended.promise };
  };
}

function toEvent<T>(
  type: string,
  object: KubernetesObject,
  toItem: (object: KubernetesObject) => T,
): WatchEvent<T> {
  const resourceVersion = object.metadata?.resourceVersion ?? "";
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      return { kind: "changed", item: toItem(object), resourceVersion };
    case "DELETED":
      return { kind: "deleted", item: toItem(object), resourceVersion };
    case "BOOKMARK":
      return { kind: "bookmark", resourceVersion };
    default:
      return { kind: "error", code: object.code };
  }
}
