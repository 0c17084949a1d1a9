import { oneLine } from "../engine/text.ts";
import type { PolicyOutcome } from "../engine/decision.ts";
import type { Violation } from "../engine/policy.ts";

/** The API server keeps 4096 characters of warnings in all and clients show a line: its docs ask for 120. */
const LONGEST_WARNING = 120;
/** Characters of a violation in the one-line message, and of the whole message: Airflow and Events show no more. */
const LONGEST_IN_MESSAGE = 220;
const LONGEST_MESSAGE = 1000;
/** Characters of the object's name in the message: names of 253 are legal. */
const LONGEST_OBJECT = 150;
/** Characters of a cause, which has a line of its own in kubectl. */
const LONGEST_CAUSE = 600;

/** One reason for a refusal, before it is told. */
export interface Reason {
  readonly policy: string;
  readonly field: string;
  readonly text: string;
}

/** Why an outcome refuses: its violations, or that it could not be evaluated. */
export function reasonsOf(outcome: PolicyOutcome, uid: string): readonly Reason[] {
  const { policy, error, violations } = outcome;
  if (error !== undefined) {
    const text = `could not be evaluated (${error}); refused because onError=Deny. Not your job's fault. Ref ${uid}`;
    return [{ policy, field: "metadata", text }];
  }
  return violations.map((violation) => ({
    policy,
    field: violation.field,
    text: refusalText(violation, outcome),
  }));
}

/** The text of a violation, and where to read more. */
export function refusalText(violation: Violation, { documentation }: PolicyOutcome): string {
  const text = violationText(violation);
  return documentation === undefined ? text : `${text}. See ${documentation}`;
}

/** `'reg:5000/spark' has no tag. Fix: --conf …` */
function violationText({ message, fix, ask }: Violation): string {
  return message + remedy({ fix, ask });
}

function remedy({ fix, ask }: Pick<Violation, "fix" | "ask">): string {
  if (fix !== undefined) return `. Fix: ${fix}`;
  return ask === undefined ? "" : `. You cannot fix this in the job: ask ${ask}`;
}

/** The text of a cause. kubectl prints it behind the field, and nothing else of ours, so it names the policy. */
export function causeText({ policy, text }: Reason): string {
  return oneLine(`[sparkgate:${policy}] ${text}`, LONGEST_CAUSE);
}

/**
 * The message of a refusal: one line that is complete in itself, since spark-submit, Airflow, operators and
 * Events show only this. `what` is such as `driver Pod etl-7f3a-driver`.
 */
export function refusalMessage(what: string, reasons: readonly Reason[]): string {
  const count = reasons.length === 1 ? "1 problem" : `${reasons.length} problems`;
  let message = `Sparkgate refused ${oneLine(what, LONGEST_OBJECT)}: ${count} (policy, not RBAC).`;
  for (const [index, { policy, field, text }] of reasons.entries()) {
    const next = oneLine(` (${index + 1}) [${policy}] ${field}: ${text}`, LONGEST_IN_MESSAGE);
    const rest = ` +${reasons.length - index} more: sparkgate explain`;
    const room = index === reasons.length - 1 ? 0 : rest.length;
    if (message.length + next.length + room > LONGEST_MESSAGE) return message + rest;
    message += next;
  }
  return message;
}

/** A warning of one policy, as kubectl prints it behind `Warning: `. */
export function warningText(policy: string, text: string): string {
  return oneLine(`[sparkgate:${policy}] ${text}`, LONGEST_WARNING);
}

/** A warning of a violation; with the fix only where the whole of it has room, since half a fix helps nobody. */
export function violationWarning(policy: string, violation: Violation, prefix = ""): string {
  const short = `${prefix}${violation.field}: ${violation.message}`;
  const long = short + remedy(violation);
  const fits = `[sparkgate:${policy}] ${long}`.length <= LONGEST_WARNING;
  return warningText(policy, fits ? long : short);
}
