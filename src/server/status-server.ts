import { createServer, type Server } from "node:http";
import express, { type ErrorRequestHandler } from "express";
import type { Registry } from "prom-client";
import { limitConnections } from "./connection-limit.ts";
import { sendLine } from "./plain-text.ts";

/** A kubelet and a few who scrape. */
const MOST_CONNECTIONS = 100;

/** What the plain port shows. */
export interface StatusServerOptions {
  readonly registry: Registry;
  /** Why no calls should be sent here, one line; undefined when they should. */
  readonly notReadyBecause: () => string | undefined;
}

/**
 * Creates the server of the plain port: `/healthz`, `/readyz` and `/metrics`. Plain, and apart from the webhook:
 * a kubelet has no client certificate, and whoever may scrape metrics need not reach the webhook.
 */
export function createStatusServer({ registry, notReadyBecause }: StatusServerOptions): Server {
  const app = express().disable("x-powered-by").disable("etag").set("query parser", false);
  app.get("/healthz", (_request, response) => {
    sendLine(response, 200, "alive");
  });
  app.get("/readyz", (_request, response) => {
    const reason = notReadyBecause();
    sendLine(response, reason === undefined ? 200 : 503, reason ?? "ready");
  });
  app.get("/metrics", async (_request, response) => {
    const text = await registry.metrics();
    response.writeHead(200, { "Content-Type": registry.contentType });
    response.end(text);
  });
  app.use((_request, response) => {
    sendLine(response, 404, "only GET /healthz, /readyz and /metrics are answered here");
  });
  const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (response.headersSent) next(error);
    else sendLine(response, 500, "failed to answer");
  };
  app.use(onError);
  const server = createServer(app);
  limitConnections(server, MOST_CONNECTIONS);
  return server;
}
