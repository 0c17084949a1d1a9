import type { Admission } from "../admission/admit.ts";
import { decodeReview } from "../admission/review.ts";
import { isDecided, type PolicyOutcome } from "../engine/decision.ts";
import { oneLine } from "../engine/text.ts";
import type { Logger } from "./log.ts";

type Answered = Extract<Admission, { kind: "answered" }>;

/** Characters of a name (RFC 1123 subdomains have at most 253); a hostile request's may have millions. */
const LONGEST_NAME = 253;
const LONGEST_UID = 64;
const LONGEST_ERROR = 300;
/** Stack frames are file names and lines of ours: so many tell where. */
const FRAMES = 5;

/**
 * Writes a line for a denial and for each policy that could not be evaluated, none for what is admitted.
 * Names only: env and conf of a Pod carry secrets, so nothing else of the object is ever written.
 */
export function logAnswered(log: Logger, answered: Answered): void {
  const { decision } = answered;
  if (decision.kind === "malformed" && decision.refused) {
    log.info(
      { ...namesOf(answered), policies: [] },
      `denied: not a ${answered.request.kind} that can be read`,
    );
  }
  if (!isDecided(decision)) return;
  const { enforced, preview } = decision;
  if (enforced.refused) {
    const policies = enforced.outcomes.filter(({ refuses }) => refuses).map(({ policy }) => policy);
    log.info({ ...namesOf(answered), policies }, "denied");
  }
  for (const outcome of enforced.outcomes) logError(log, answered, outcome);
  for (const outcome of preview?.outcomes ?? []) {
    if (outcome.mode !== "Enforce") logError(log, answered, outcome);
  }
}

/**
 * Writes that answering a call failed, which is a fault of ours. Where, and what kind of error, but not its
 * message: messages of the JavaScript engine may quote the values at hand (`JSON.parse` does).
 */
export function logFault(log: Logger, error: unknown, body: Buffer): void {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  log.error(
    {
      uid: uidOf(body),
      error: error instanceof Error ? oneLine(error.name, LONGEST_UID) : typeof error,
      at: frames.slice(0, FRAMES).map((frame) => frame.trim()),
    },
    "a call could not be answered; this is a fault of Sparkgate's",
  );
}

function logError(log: Logger, answered: Answered, { policy, error, mode }: PolicyOutcome): void {
  if (error === undefined) return;
  log.error(
    { ...namesOf(answered), policy, mode, error: oneLine(error, LONGEST_ERROR) },
    "a policy could not be evaluated",
  );
}

function namesOf({ request, decision }: Answered) {
  const subject = "subject" in decision ? decision.subject : undefined;
  const name = (value: string | undefined) => value && oneLine(value, LONGEST_NAME);
  return {
    uid: oneLine(request.uid, LONGEST_UID),
    namespace: name(request.namespace),
    surface: subject?.surface,
    name: name(subject?.name ?? request.name),
    role: decision.kind === "malformed" ? decision.role : subject?.role,
    applicationId: name(subject?.application.id),
    operation: request.operation,
    admission: request.admission,
    dryRun: request.dryRun,
  };
}

/** The uid of a review, also where nothing else of it could be dealt with. */
function uidOf(body: Buffer): string | undefined {
  try {
    const decoded = decodeReview(body, "mutating");
    return decoded.kind === "review" ? oneLine(decoded.request.uid, LONGEST_UID) : undefined;
  } catch {
    return undefined; // it was the decoding itself that failed
  }
}
