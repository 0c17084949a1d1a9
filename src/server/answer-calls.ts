import type { ServerResponse } from "node:http";
import { answerReview as answerForReal } from "../admission/admit.ts";
import { decodeReview, type ReviewRequest } from "../admission/review.ts";
import { NOTHING_KNOWN, type NamespaceFacts } from "../engine/facts.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { countAnswered, countUnanswered } from "./count-admission.ts";
import { inStep } from "./in-step.ts";
import { logAnswered, logFault } from "./log-admission.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { sendLine } from "./plain-text.ts";

/** With what calls are answered. */
export interface AnswerOptions {
  readonly policySet: PolicySet;
  readonly metrics: Metrics;
  readonly log: Logger;
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

/** A call whose body has come. */
export interface Call {
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly admission: ReviewRequest["admission"];
}

/** A call on its way to its answer. Holds nothing that was parsed: that takes many times the size of a body. */
interface CallUnderway extends Call {
  /** What was looked up. */
  facts: NamespaceFacts | undefined;
  answer: string;
  readonly done: () => void;
}

/** Bytes of bodies that go together: of usual ones some thirty, which take two or three milliseconds. */
const TOGETHER = 256 * 1024;

/** Returns what answers a call, and resolves when it did. Never rejects. */
export function answerCalls(options: AnswerOptions): (call: Call) => Promise<void> {
  const { log, metrics, policySet, facts: source, now = Date.now } = options;
  const answerReview = options.answerReview ?? answerForReal;

  const factsOf = (namespace: string): NamespaceFacts | undefined =>
    source === undefined ? NOTHING_KNOWN : source.get(namespace);

  const lookUp = async (call: CallUnderway, namespace: string): Promise<void> => {
    const facts = (await source?.lookUp(namespace)) ?? NOTHING_KNOWN;
    metrics.lookUps.inc({ outcome: facts.namespace === undefined ? "unknown" : "found" });
    start({ ...call, facts });
  };

  const decide = (call: CallUnderway): boolean => {
    const decoded = decodeReview(call.body, call.admission);
    if (decoded.kind === "not-understood") {
      countUnanswered(metrics, call.admission, "not-understood");
      sendLine(call.response, 400, decoded.reason);
      call.done();
      return false;
    }
    const { request } = decoded;
    const facts = call.facts ?? factsOf(request.namespace);
    if (facts === undefined) {
      void lookUp(call, request.namespace);
      return false;
    }
    const admission = answerReview(policySet, request, { ...facts, at: now() });
    countAnswered(metrics, admission);
    logAnswered(log, admission);
    call.answer = admission.answer;
    return true;
  };

  const send = ({ response, answer, done }: CallUnderway): boolean => {
    sendJson(response, answer);
    done();
    return true;
  };

  const start = inStep<CallUnderway>({
    steps: [decide, send],
    onError: ({ response, body, admission, done }, error) => {
      countUnanswered(metrics, admission, "error");
      logFault(log, error, body);
      if (!response.headersSent) sendLine(response, 500, "Sparkgate failed to answer; see its log");
      done();
    },
    sizeOf: ({ body }) => body.length,
    most: TOGETHER,
  });

  return (call) =>
    new Promise((resolve) => {
      start({ ...call, facts: undefined, answer: "", done: resolve });
    });
}

function sendJson(response: ServerResponse, json: string): void {
  response.writeHead(200, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(json),
  });
  response.end(json);
}
