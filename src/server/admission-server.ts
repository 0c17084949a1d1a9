import { createServer, type Server } from "node:https";
import express, { type ErrorRequestHandler, type Request, type Response } from "express";
import { answerReview as answerForReal } from "../admission/admit.ts";
import { decodeReview } from "../admission/review.ts";
import { NOTHING_KNOWN, type NamespaceFacts } from "../engine/facts.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { BodyBudget } from "./body-budget.ts";
import { limitConnections } from "./connection-limit.ts";
import { countAnswered, countUnanswered } from "./count-admission.ts";
import { expressMessageClasses } from "./express-prototypes.ts";
import type { Limits } from "./limits.ts";
import { logAnswered, logFault } from "./log-admission.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { sendLine } from "./plain-text.ts";
import { readBody } from "./read-body.ts";
import { secureContextOptions, type TlsPair } from "./tls-pair.ts";

/** What the webhook's server is made of. */
export interface AdmissionServerOptions {
  readonly tls: TlsPair;
  readonly policySet: PolicySet;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly limits: Limits;
  /** Where facts of namespaces come from; undefined: nothing is known of any. */
  readonly facts?: FactsSource | undefined;
  /** The clock, in milliseconds since 1970. Default is the machine's. */
  readonly now?: (() => number) | undefined;
  /** Default is the real one. */
  readonly answerReview?: typeof answerForReal | undefined;
}

/** What is known of namespaces. */
export interface FactsSource {
  /** At once; undefined where it would have to be looked up. */
  readonly get: (namespace: string) => NamespaceFacts | undefined;
  /** Looked up, for what `get` does not know. Never rejects, and does not take long. */
  readonly lookUp: (namespace: string) => Promise<NamespaceFacts>;
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
  const { limits, log, metrics, policySet, now = Date.now } = options;
  const answerReview = options.answerReview ?? answerForReal;
  let draining = false;

  const app = express()
    .disable("x-powered-by")
    .disable("etag")
    .set("query parser", false) // the API server appends ?timeout=3s; nobody reads it
    .enable("case sensitive routing")
    .enable("strict routing");

  const factsOf = (namespace: string): NamespaceFacts | undefined =>
    options.facts === undefined ? NOTHING_KNOWN : options.facts.get(namespace);

  const lookUp = async (namespace: string): Promise<NamespaceFacts> => {
    const facts = (await options.facts?.lookUp(namespace)) ?? NOTHING_KNOWN;
    metrics.lookUps.inc({ outcome: facts.namespace === undefined ? "unknown" : "found" });
    return facts;
  };

  /**
   * Answers, or says which namespace must be looked up first. Nothing that was parsed outlives the call: a large body
   * takes many times its size, so that one of them at a time is enough.
   */
  const tryToAnswer = (
    response: Response,
    body: Buffer,
    route: Route,
    factsFor: typeof factsOf,
  ): string | undefined => {
    const decoded = decodeReview(body, route);
    if (decoded.kind === "not-understood") {
      countUnanswered(metrics, route, "not-understood");
      sendLine(response, 400, decoded.reason);
      return undefined;
    }
    const { request } = decoded;
    const facts = factsFor(request.namespace);
    if (facts === undefined) return request.namespace;
    const admission = answerReview(policySet, request, { ...facts, at: now() });
    sendJson(response, admission.answer);
    countAnswered(metrics, admission);
    logAnswered(log, admission);
    return undefined;
  };

  const answer = async (response: Response, body: Buffer, route: Route): Promise<void> => {
    try {
      const unknown = tryToAnswer(response, body, route, factsOf);
      if (unknown === undefined) return;
      const facts = await lookUp(unknown);
      tryToAnswer(response, body, route, () => facts);
    } catch (error) {
      countUnanswered(metrics, route, "error");
      logFault(log, error, body);
      if (!response.headersSent) sendLine(response, 500, "Sparkgate failed to answer; see its log");
    }
  };

  const budget = new BodyBudget(limits.budget);
  const receive = async (request: Request, response: Response, route: Route): Promise<void> => {
    const start = performance.now();
    metrics.inflight.inc();
    const body = await readBody(request, limits.bodyBytes, budget);
    // A balancer in front of several replicas only moves connections that are closed (kubernetes#127335).
    if (draining) response.setHeader("Connection", "close");
    if (body.kind === "complete") {
      await answer(response, body.bytes, route);
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

function sendJson(response: Response, json: string): void {
  response.writeHead(200, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(json),
  });
  response.end(json);
}
