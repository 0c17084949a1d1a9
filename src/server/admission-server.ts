import { createServer, type Server } from "node:https";
import express, { type ErrorRequestHandler, type Request, type Response } from "express";
import { answerCalls, type AnswerOptions } from "./answer-calls.ts";
import { BodyBudget } from "./body-budget.ts";
import { limitConnections } from "./connection-limit.ts";
import { countUnanswered } from "./count-admission.ts";
import { expressMessageClasses } from "./express-prototypes.ts";
import type { Limits } from "./limits.ts";
import { logFault } from "./log-admission.ts";
import { sendLine } from "./plain-text.ts";
import { readBody } from "./read-body.ts";
import { secureContextOptions, type TlsPair } from "./tls-pair.ts";

/** What the webhook's server is made of. */
export interface AdmissionServerOptions extends AnswerOptions {
  readonly tls: TlsPair;
  readonly limits: Limits;
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
  const { limits, log, metrics } = options;
  const answer = answerCalls(options);
  let draining = false;

  const app = express()
    .disable("x-powered-by")
    .disable("etag")
    .set("query parser", false) // the API server appends ?timeout=3s; nobody reads it
    .enable("case sensitive routing")
    .enable("strict routing");

  const budget = new BodyBudget(limits.budget);
  const receive = async (request: Request, response: Response, route: Route): Promise<void> => {
    const start = performance.now();
    metrics.inflight.inc();
    const body = await readBody(request, limits.bodyBytes, budget);
    // A balancer in front of several replicas only moves connections that are closed (kubernetes#127335).
    if (draining) response.setHeader("Connection", "close");
    if (body.kind === "complete") {
      await answer({ response, body: body.bytes, admission: route });
      body.release();
    } else if (body.kind === "shed") {
      countUnanswered(metrics, route, "shed");
      metrics.shed.inc({ reason: body.reason });
      // Without Retry-After, with which the API server would call again and again inside its time-out: 0011.
      sendLine(
        response,
        429,
        "Sparkgate has no room for the body: too many, or too large ones, at once",
      );
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
  limitConnections(server, limits.connections, () => {
    metrics.shed.inc({ reason: "connections" });
  });
  return {
    server,
    startDraining: () => {
      draining = true;
    },
  };
}
