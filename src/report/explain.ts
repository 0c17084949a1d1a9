import { structuredPatch } from "diff";
import type { Decided, PolicyOutcome } from "../engine/decision.ts";
import type { Facts } from "../engine/facts.ts";
import { messageOf } from "../engine/matching.ts";
import type { CompiledPolicy, Mode } from "../engine/policy.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { quoted } from "../engine/text.ts";
import { redactChange } from "../spark/redact.ts";
import type { Subject } from "../spark/subject.ts";
import { yamlOf } from "./format.ts";
import type { ReportEntry, ReportFinding } from "./report.ts";

/** Why what became of an object became of it, policy by policy in the order in which they apply. */
export interface Explanation {
  readonly entry: ReportEntry;
  readonly subject: Subject;
  readonly policies: readonly PolicyExplanation[];
}

/** What one policy has to do with an object. */
export interface PolicyExplanation {
  readonly policy: string;
  readonly rule: string;
  readonly priority: number;
  /** Why it does not speak of the object; undefined where it does, as all below is where it does not. */
  readonly noMatch: string | undefined;
  readonly mode: Mode | undefined;
  /** Where the mode comes from, such as `spec.modeOverrides[0]`. */
  readonly modeFrom: string | undefined;
  readonly findings: readonly ReportFinding[];
  /** What it changed, or would change: the lines of a unified diff without heads. */
  readonly diff: readonly string[];
}

/** Characters of a clause of a policy; the policy itself says the rest. */
const LONGEST_CLAUSE = 200;
const CONTEXT_LINES = 2;

/** Explains a decision. Nothing is decided anew: what matched and what came of it is read from the decision. */
export function explain(
  set: PolicySet,
  decision: Decided,
  facts: Facts,
  entry: ReportEntry,
): Explanation {
  const { subject, enforced, preview } = decision;
  const outcomes = new Map<string, PolicyOutcome>();
  for (const outcome of preview?.outcomes ?? []) outcomes.set(outcome.policy, outcome);
  for (const outcome of enforced.outcomes) outcomes.set(outcome.policy, outcome);
  const policies = set.policies.map((policy): PolicyExplanation => {
    const { name, rule, priority } = policy;
    const outcome = outcomes.get(name);
    return {
      policy: name,
      rule,
      priority,
      noMatch: outcome === undefined ? mismatchText(policy, subject, facts) : undefined,
      mode: outcome?.mode,
      modeFrom: outcome?.modeFrom,
      findings: entry.findings.filter((finding) => finding.policy === name),
      diff: outcome === undefined ? [] : diffOf(outcome),
    };
  });
  return { entry, subject, policies };
}

function mismatchText(policy: CompiledPolicy, subject: Subject, facts: Facts): string {
  if (!policy.surfaces.includes(subject.surface)) {
    return `speaks of ${policy.surfaces.join(" and ")}, this is ${article(subject.surface)}`;
  }
  if (!policy.roles.includes(subject.role)) {
    return `match.roles is ${JSON.stringify(policy.roles)}, this is ${article(subject.role)}`;
  }
  try {
    const mismatch = policy.mismatch(subject, facts);
    if (mismatch === undefined) return "it matches"; // then there would have been an outcome
    const { clause, wanted } = mismatch;
    const cut = wanted.length > LONGEST_CLAUSE ? `${wanted.slice(0, LONGEST_CLAUSE)}...` : wanted;
    return `${clause} is ${cut}, ${whatIs(clause, subject, facts)}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** The side of the object: what the clause was compared with. */
function whatIs(clause: string, subject: Subject, facts: Facts): string {
  switch (clause) {
    case "match.namespaces":
      return `the namespace is ${quoted(subject.namespace)}`;
    case "match.objectSelector":
      return `the labels are ${labelsText(subject.labels)}`;
    case "match.namespaceSelector":
      return `the namespace's labels are ${labelsText(facts.namespace?.labels)}`;
    case "exclude":
      return "which holds";
    default:
      return "which is false";
  }
}

function labelsText(labels: Readonly<Record<string, string>> | null | undefined): string {
  const text = Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  return quoted(text);
}

function article(word: string): string {
  return /^[ae]/.test(word) ? `an ${word}` : `a ${word}`;
}

function diffOf({ change }: PolicyOutcome): readonly string[] {
  if (change === undefined) return [];
  const shown = redactChange(change);
  const [before, after] = [yamlOf(shown.before), yamlOf(shown.after)];
  const { hunks } = structuredPatch("", "", before, after, "", "", { context: CONTEXT_LINES });
  return hunks.flatMap(({ lines }, index) => (index === 0 ? lines : ["...", ...lines]));
}
