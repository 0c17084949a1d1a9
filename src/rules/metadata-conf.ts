import { type ConfDraft, podClaim } from "../engine/conf-draft.ts";
import type { Facts } from "../engine/facts.ts";
import type { Foreseen } from "../engine/foreseen.ts";
import type { Effect, Violation } from "../engine/policy.ts";
import { either, quoted } from "../engine/text.ts";
import type { SparkConf } from "../spark/spark-conf.ts";
import type { ConfSubject } from "../spark/subject.ts";
import {
  type Addition,
  isNotOurs,
  isOfOperators,
  type OnUserChoice,
  type Required,
  shown,
  valueFor,
} from "./metadata-spec.ts";

/*
 * The metadata rule on a conf and on an application: what it will say of their Pods, as far as that is to be seen. What is
 * not is left to the Pods, which are judged in any case.
 */

/** What is judged: the conf as policies have left it, of a facet. */
interface Judged {
  readonly conf: SparkConf;
  readonly subject: ConfSubject;
}

/** Says what will be added to Pods, and of what a job has which will not stay. */
export function foreseeAdditions(
  draft: ConfDraft,
  additions: readonly Addition[],
  onUserChoice: OnUserChoice,
  subject: ConfSubject,
  facts: Facts,
): Effect {
  const { role, podMetadata } = subject;
  const replaces = onUserChoice === "Replace";
  const kept: string[] = [];
  for (const addition of podMetadata.isAdmitted ? additions : []) {
    const { field, key } = addition;
    const text = textFor(addition, subject, facts);
    if (text === "none" || !draft.foresee({ role, field, key }, { ...text, replaces })) continue;
    const own = ownEntry({ conf: draft.conf, subject }, field, key);
    const stays = own === undefined || own.text === text.text || !replaces;
    if (stays || text.text === undefined || isToldByDriver(subject)) continue;
    kept.push(`${own.where} becomes ${quoted(text.text)} on ${whose(subject)}`);
  }
  return { summary: undefined, replaced: [], kept };
}

/** Its Pod is there already, and has told it. */
function isToldByDriver({ surface, role }: ConfSubject): boolean {
  return surface === "driver-conf" && role !== "executor";
}

function whose({ role }: ConfSubject): string {
  return role === "executor" ? "executors" : `the ${role}'s Pod`;
}

/** `none`: nothing is added; undefined: something that is known when there is a Pod. */
function textFor(
  addition: Addition,
  subject: ConfSubject,
  facts: Facts,
): "none" | { readonly text: string | undefined } {
  const { asksNamespace, asksApplication } = addition.template;
  // Nothing is written here, so that what cannot be worked out is no failure either.
  if (asksNamespace && facts.namespace === undefined) return { text: undefined };
  // An operator chooses ids, and names of scheduled runs.
  if (asksApplication && subject.surface === "application") return { text: undefined };
  const wanted = valueFor(addition, subject, facts);
  return wanted.kind === "none" ? "none" : wanted;
}

/** Judges what a job has in place of what its policy would add. */
export function judgeConfChoices(
  judged: Judged,
  additions: readonly Addition[],
  claimed: readonly string[],
  foreseen: Foreseen,
): readonly Violation[] {
  const { role } = judged.subject;
  return additions.flatMap(({ field, key }) => {
    const of = { role, field, key };
    if (!claimed.includes(podClaim(of))) return [];
    const own = ownEntry(judged, field, key);
    const wanted = foreseen(of)?.text;
    if (own?.text === undefined || wanted === undefined || own.text === wanted) return [];
    return [
      {
        field: own.where,
        message: `${shown(field, own.text)}, must be ${quoted(wanted)}`,
        fix: "leave it out of the job: it is added",
      },
    ];
  });
}

/** Judges what must be there. */
export function judgeConfRequired(
  judged: Judged,
  required: readonly Required[],
  foreseen: Foreseen,
): readonly Violation[] {
  return required.flatMap((asked) => {
    const { field, key, values, fits } = asked;
    const found = foundFor(judged, asked, foreseen);
    if (found === "unknown" || (found.text !== undefined && fits(found.text))) return [];
    const is = found.text === undefined ? "is missing" : shown(field, found.text);
    const must = values === undefined ? "" : `, must be ${either(values)}`;
    const own = ownEntry(judged, field, key) ?? judged.subject.podMetadata.missing(field, key);
    return [{ field: own.where, message: is + must, fix: own.assignment("VALUE") }];
  });
}

/** What Pods will have at a key in the end; without a text: nothing. */
function foundFor(
  judged: Judged,
  { field, key }: Required,
  foreseen: Foreseen,
): "unknown" | { readonly text: string | undefined } {
  const { role, podMetadata } = judged.subject;
  if (isNotOurs(key)) return "unknown";
  const own = ownEntry(judged, field, key);
  const change = podMetadata.isAdmitted ? foreseen({ role, field, key }) : undefined;
  const counts = change !== undefined && (own === undefined || change.replaces) ? change : own;
  if (counts !== undefined) return counts.text === undefined ? "unknown" : { text: counts.text };
  return podMetadata.isOpen || isOfOperators(key) ? "unknown" : { text: undefined };
}

/** What Pods have of the job itself. */
function ownEntry({ conf, subject }: Judged, field: Addition["field"], key: string) {
  // What policies add to the conf comes after the driver's Pod. In a conf it cannot be told from the job's own.
  const isBefore = subject.surface === "application" && subject.role !== "executor";
  return subject.podMetadata.find(isBefore ? subject.conf : conf, field, key);
}
