import { createServer, type Server } from "node:https";
import express, { type ErrorRequestHandler, type Request, type Response } from "express";
import { admit as admitForReal } from "../admission/admit.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { countAnswered, countUnanswered } from "./count-admission.ts";
import { expressMessageClasses } from "./express-prototypes.ts";
import type { Limits } from "./limits.ts";
import { logAnswered, logFault } from "./log-admission.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { sendLine } from "./plain-text.ts";
import { readBody } from "./read-body.ts";
import { secureContextOptions, type TlsPair } from "./tls-pair.ts";
import { NO_FACTS } from "../engine/facts.ts";

/** What the webhook's server is made of. */
export interface AdmissionServerOptions {
  readonly tls: TlsPair;
  readonly policySet: PolicySet;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly limits: Limits;
  /** Default is the real one. */
  readonly admit?: typeof admitForReal | undefined;
}

/** The webhook's server, not listening yet. */
export interface AdmissionServer {
  readonly server: Server;
  /** From now on each answer asks its caller to close the connection and to come back by another. */
  readonly startDraining: () => void;
}

/** Where the API server calls which kind of webhook. */
const ROUTES = { "/mutate": "mutating", "/validate": "validating" } as const;

type Route = (typeof ROUTES)[keyof typeof ROUTES];

/** Creates the server that answers the API server: `POST /mutate` and `POST /validate`, and nothing else. */
export function createAdmissionServer(options: AdmissionServerOptions): AdmissionServer {
  const { limits, log, metrics, policySet } = options;
  const admit = options.admit ?? admitForReal;
  let draining = false;

  const app = express()
    .disable("x-powered-by")
    .disable("etag")
    .set("query parser", false) // the API server appends ?timeout=3s; nobody reads it
    .enable("case sensitive routing")
    .enable("strict routing");

  const answer = (response: Response, body: Buffer, route: Route): void => {
    try {
      const admission = admit(policySet, body, NO_FACTS, route);
      if (admission.kind === "not-understood") {
        countUnanswered(metrics, route, "not-understood");
        sendLine(response, 400, admission.reason);
        return;
      }
      sendJson(response, admission.answer);
      countAnswered(metrics, admission);
      logAnswered(log, admission);
    } catch (error) {
      countUnanswered(metrics, route, "error");
      logFault(log, error, body);
      if (!response.headersSent) sendLine(response, 500, "Sparkgate failed to answer; see its log");
    }
  };

  const receive = async (request: Request, response: Response, route: Route): Promise<void> => {
    const start = performance.now();
    metrics.inflight.inc();
    const body = await readBody(request, limits.bodyBytes);
    // A balancer in front of several replicas only moves connections that are closed (kubernetes#127335).
    if (draining) response.setHeader("Connection", "close");
    if (body.kind === "complete") {
      answer(response, body.bytes, route);
    } else {
      countUnanswered(metrics, route, "not-understood");
      if (body.kind === "refused") sendLine(response, body.status, body.reason);
    }
    metrics.inflight.dec();
    metrics.duration.observe((performance.now() - start) / 1000);
  };
  for (const [path, route] of Object.entries(ROUTES)) {
    app.post(path, (request, response) => receive(request, response, route));
    app.all(path, (_request, response) => {
      response.setHeader("Allow", "POST");
      sendLine(response, 405, "only POST is answered here");
    });
  }
  app.use((_request, response) => {
    const paths = Object.keys(ROUTES).join(" and ");
    sendLine(response, 404, `only POST ${paths} is answered here`);
  });
  const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    logFault(log, error, Buffer.alloc(0));
    if (response.headersSent) next(error);
    else sendLine(response, 500, "Sparkgate failed to answer; see its log");
  };
  app.use(onError);

  const server = createServer(
    {
      ...secureContextOptions(options.tls),
      ...expressMessageClasses(app),
      // The API server speaks HTTP/1.1 to webhooks (k8s.io/apiserver pkg/util/webhook/client.go).
      ALPNProtocols: ["http/1.1"],
      keepAliveTimeout: limits.keepAliveTimeout,
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      connectionsCheckingInterval: limits.connectionsCheckingInterval,
      handshakeTimeout: limits.handshakeTimeout,
    },
    app,
  );
  return {
    server,
    startDraining: () => {
      draining = true;
    },
  };
}

function sendJson(response: Response, json: string): void {
  response.writeHead(200, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(json),
  });
  response.end(json);
}
