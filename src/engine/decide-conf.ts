import {
  CARRIED_ANNOTATION,
  CARRIED_KEY,
  factsOfConf,
  writeCarried,
  type Carried,
} from "../spark/carried.ts";
import { PROPERTIES_KEY, propertiesOf } from "../spark/driver-conf.ts";
import { appendProperties } from "../spark/properties.ts";
import type { SparkConf } from "../spark/spark-conf.ts";
import type { ApplicationSubject, ConfSubject, DriverConfSubject } from "../spark/subject.ts";
import { type AddedConf, ConfDraft, type ConfMark } from "./conf-draft.ts";
import type { AnyRun, ConfRun, PolicyOutcome } from "./decision.ts";
import { pointer } from "./draft.ts";
import type { Facts } from "./facts.ts";
import type { Foreseen } from "./foreseen.ts";
import type { MatchingPolicy } from "./matching.ts";
import type { Effect, Violation } from "./policy.ts";
import { runPolicies, type Handling } from "./run.ts";

const NONE: readonly never[] = [];

/**
 * What policies come to for a driver's conf: for what it says of drivers, then of executors.
 * @param unheard what other policies may do with its Pods
 * @param rollouts what its executors are to know of policies, beside what the conf says; undefined: they are told nothing
 */
export function runOnConf(
  policies: readonly MatchingPolicy<ConfSubject>[],
  subject: DriverConfSubject,
  facts: Facts,
  unheard: Foreseen,
  rollouts: Carried["rollouts"],
): ConfRun {
  const { outcomes, added, conf } = runPasses(policies, subject.conf, facts, unheard);
  if (rollouts !== undefined) {
    const value = writeCarried({ ...factsOfConf(conf), rollouts });
    if (conf.raw(CARRIED_KEY) !== value) {
      added.push({ policy: CARRIED_ANNOTATION, key: CARRIED_KEY, value });
    }
  }
  const before = propertiesOf(subject.object) ?? "";
  const text = withAdded(before, added);
  const path = pointer(["data", PROPERTIES_KEY]);
  return {
    outcomes,
    operations: text === before ? NONE : [{ op: "replace", path, value: text }],
    text,
    refused: outcomes.some((outcome) => outcome.refuses),
  };
}

/**
 * What policies come to for an operator's object. They go through the same as for the conf that will be made of it, so
 * that what one of them adds to that counts as said; nothing of it is written into the object.
 * @param unheard what other policies may do with its Pods
 */
export function runOnApplication(
  policies: readonly MatchingPolicy<ConfSubject>[],
  { conf }: ApplicationSubject,
  facts: Facts,
  unheard: Foreseen,
): AnyRun {
  const passes = runPasses(policies, conf, facts, unheard);
  const outcomes = passes.outcomes.map((outcome) => ({ ...outcome, changes: NONE }));
  return { outcomes, operations: NONE, refused: outcomes.some(({ refuses }) => refuses) };
}

interface Passes {
  readonly outcomes: readonly PolicyOutcome[];
  readonly added: AddedConf[];
  /** With what was added. */
  readonly conf: SparkConf;
}

/** What one policy adds may be a reason for another that came before it: asked again, nothing must be left to add. */
function runPasses(
  policies: readonly MatchingPolicy<ConfSubject>[],
  sent: SparkConf,
  facts: Facts,
  unheard: Foreseen,
): Passes {
  const added: AddedConf[] = [];
  let known: readonly PolicyOutcome[] = [];
  let conf = sent;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const { outcomes, work } = runPolicies(policies, handlingOf(conf, facts, unheard));
    known = mergePasses(known, mergeByPolicy(outcomes));
    added.push(...work.added);
    ({ conf } = work);
    if (work.added.length === 0) break;
  }
  return { outcomes: known, added, conf };
}

/** Each adds a key that the one before gave a reason for; no such chain is longer. */
const MOST_PASSES = 5;

/** What a later pass says counts, and what an earlier one did. */
function mergePasses(
  earlier: readonly PolicyOutcome[],
  later: readonly PolicyOutcome[],
): readonly PolicyOutcome[] {
  return later.map((outcome) => {
    const before = earlier.find(({ policy }) => policy === outcome.policy);
    if (before === undefined) return outcome;
    return {
      ...outcome,
      effect: mergeEffects(before.effect, outcome.effect),
      changes: [...before.changes, ...outcome.changes],
    };
  });
}

function handlingOf(
  conf: SparkConf,
  facts: Facts,
  unheard: Foreseen,
): Handling<ConfSubject, ConfMark, ConfDraft> {
  return {
    open: () => new ConfDraft(conf),
    mutates: ({ conf: rule }) => rule?.mutate !== undefined || rule?.foresee !== undefined,
    mutate: ({ name, conf: rule }, subject, draft) => {
      draft.speakFor(name);
      return (rule?.mutate ?? rule?.foresee)?.(draft, subject, facts);
    },
    changeSince: () => undefined,
    judge: ({ matching: { policy, subject }, claimed }, draft) => {
      const foreseen: Foreseen = (of) => unheard(of) ?? draft.foreseen(of);
      return policy.conf?.judge?.(draft.conf, subject, facts, claimed, foreseen) ?? NONE;
    },
    isOwnMaking: () => false,
  };
}

/** The text of a conf with entries behind it, under the names of the policies that added them. */
function withAdded(before: string, added: readonly AddedConf[]): string {
  const byPolicy = Map.groupBy(added, ({ policy }) => policy);
  let text = before;
  for (const [policy, entries] of byPolicy) {
    text = appendProperties(
      text,
      policy,
      entries.map(({ key, value }) => [key, value] as const),
    );
  }
  return text;
}

/** A policy that speaks of drivers and of executors has one outcome, and says once what is the same of both. */
function mergeByPolicy(outcomes: readonly PolicyOutcome[]): readonly PolicyOutcome[] {
  const merged = new Map<string, PolicyOutcome>();
  for (const outcome of outcomes) {
    const known = merged.get(outcome.policy);
    merged.set(outcome.policy, known === undefined ? outcome : merge(known, outcome));
  }
  return [...merged.values()];
}

function merge(first: PolicyOutcome, second: PolicyOutcome): PolicyOutcome {
  const isNew = ({ field, message }: Violation) =>
    !first.violations.some((known) => known.field === field && known.message === message);
  return {
    ...first,
    effect: mergeEffects(first.effect, second.effect),
    changes: [...first.changes, ...second.changes],
    violations: [...first.violations, ...second.violations.filter(isNew)],
    error: first.error ?? second.error,
    refuses: first.refuses || second.refuses,
  };
}

function mergeEffects(first: Effect | undefined, second: Effect | undefined): Effect | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const both = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])];
  const summaries = both(
    [first.summary ?? ""].filter(Boolean),
    [second.summary ?? ""].filter(Boolean),
  );
  return {
    summary: summaries.length > 0 ? summaries.join("; ") : undefined,
    replaced: both(first.replaced, second.replaced),
    kept: both(first.kept, second.kept),
  };
}
