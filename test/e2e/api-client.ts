import { readFileSync } from "node:fs";
import { Agent, type RequestOptions, request as httpsRequest } from "node:https";

/** A Kubernetes object as far as every kind has it; the rest is for the caller to narrow. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMetadata;
  [field: string]: unknown;
}

/** The part of an object's metadata that the tests read. */
export interface ObjectMetadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
}

/** An answer of the API server with a status of 400 or more; `body` is usually its `Status` object. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly body: unknown;

  constructor(what: string, status: number, text: string) {
    super(`${what}: ${status} ${text.slice(0, 500)}`);
    this.status = status;
    this.body = parseOrText(text);
  }
}

/** Content types of PATCH, in the words of Kubernetes. */
export const patchTypes = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

/** Calls the API server as `admin` and answers the parsed body; throws an {@link ApiError}. */
export type Api = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  contentType?: string,
) => Promise<unknown>;

/** One event of a watch. */
export interface WatchEvent {
  type: string;
  object: KubernetesObject;
}

/** A client for one API server. */
export interface ApiClient {
  api: Api;
  /** Follows a collection from a resource version on, until it ends or is stopped. */
  watch: (path: string, resourceVersion: string, onEvent: (event: WatchEvent) => void) => Watch;
  close: () => void;
}

/** A running watch. */
export interface Watch {
  /** Resolves when the server ended it, the connection broke or it was stopped. */
  readonly ended: Promise<void>;
  stop: () => void;
}

/** Where the API server is and who calls it. */
export interface ApiClientOptions {
  port: number;
  ca: string;
  certificate: string;
  key: string;
}

const HTTP_BAD_REQUEST = 400;

/** Makes a client with client-certificate authentication on kept-alive connections. */
export function createApiClient({ port, ca, certificate, key }: ApiClientOptions): ApiClient {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 32,
    ca: readFileSync(ca),
    cert: readFileSync(certificate),
    key: readFileSync(key),
  });
  const base: RequestOptions = { agent, host: "127.0.0.1", port };
  return {
    api: (method, path, body, contentType = "application/json") =>
      call({ ...base, method, path }, body, contentType),
    watch: (path, resourceVersion, onEvent) =>
      follow({ ...base, path: `${path}?watch=1&resourceVersion=${resourceVersion}` }, onEvent),
    close() {
      agent.destroy();
    },
  };
}

function call(options: RequestOptions, body: unknown, contentType: string): Promise<unknown> {
  const data = body === undefined ? undefined : JSON.stringify(body);
  // Node sends no Content-Length with a DELETE of its own accord, and the server then takes the
  // body for the next request on that connection.
  const headers =
    data === undefined
      ? {}
      : { "content-type": contentType, "content-length": Buffer.byteLength(data) };
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ ...options, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        if (status < HTTP_BAD_REQUEST) resolve(parseOrText(text));
        else reject(new ApiError(`${options.method ?? ""} ${options.path ?? ""}`, status, text));
      });
    });
    request.on("error", reject);
    request.end(data);
  });
}

function follow(options: RequestOptions, onEvent: (event: WatchEvent) => void): Watch {
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
  const request = httpsRequest(options, (response) => {
    let rest = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onEvent(JSON.parse(line) as WatchEvent);
    });
    response.on("close", () => {
      end(undefined);
    });
  });
  request.on("error", () => {
    end(undefined);
  });
  request.end();
  return {
    ended,
    stop() {
      request.destroy();
    },
  };
}

/** Most paths answer JSON; `/readyz`, `/metrics` and Pod logs answer text. */
function parseOrText(text: string): unknown {
  if (!text.startsWith("{") && !text.startsWith("[")) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
