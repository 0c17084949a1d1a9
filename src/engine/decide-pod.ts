import type { PodSubject } from "../spark/subject.ts";
import { recordApplied } from "./applied.ts";
import type { Run } from "./decision.ts";
import { Draft, type Mark } from "./draft.ts";
import type { Facts } from "./facts.ts";
import type { MatchingPolicy } from "./matching.ts";
import type { Violation } from "./policy.ts";
import { runPolicies, type Handling, type Progress } from "./run.ts";

const NONE: readonly never[] = [];

type PodHandling = Handling<PodSubject, Mark, Draft>;

/**
 * What policies come to for a Pod.
 * @param loaded names of all policies
 */
export function runOnPod(
  policies: readonly MatchingPolicy<PodSubject>[],
  subject: PodSubject,
  facts: Facts,
  loaded: ReadonlySet<string>,
): Run {
  const { outcomes, work } = runPolicies(policies, handlingOf(subject, facts));
  const refused = outcomes.some((outcome) => outcome.refuses);
  // What the draft shows there is what would have to be done again; nobody does it.
  if (subject.stage !== "mutating")
    return { outcomes, operations: NONE, pod: subject.pod, refused };
  // Where nothing is enforced nothing is touched, not even an annotation that is not ours.
  if (policies.length > 0) recordApplied(work, outcomes, loaded);
  return { outcomes, operations: work.operations, pod: work.pod, refused };
}

function handlingOf(subject: PodSubject, facts: Facts): PodHandling {
  return {
    open: () => new Draft(subject.pod),
    // Nothing is ever mutated on UPDATE, so it is not asked what would be.
    mutates: ({ mutate }) => mutate !== undefined && subject.stage !== "update",
    mutate: (policy, _subject, draft) => policy.mutate?.(draft, subject, facts),
    changeSince: (mark, draft) => ({ before: mark.pod, after: draft.pod }),
    judge: (entry, draft) => judge(entry, subject, facts, draft),
    isOwnMaking: (entry, draft) => isOwnMaking(entry, subject, facts, draft),
  };
}

function judge(
  { matching: { policy }, changes, claimed }: Progress<PodSubject>,
  subject: PodSubject,
  facts: Facts,
  draft: Draft,
): readonly Violation[] {
  const { stage, pod, before } = subject;
  switch (stage) {
    case "mutating":
      return policy.judge?.(draft.pod, subject, facts, claimed) ?? NONE;
    case "validating": {
      // Whether the policy would have to make changes again, after all mutating webhooks were called.
      const undone = changes.length > 0;
      return [
        ...(policy.judge?.(pod, subject, facts, claimed) ?? []),
        ...(undone ? (policy.judgeFinal?.(pod, subject, facts) ?? []) : []),
      ];
    }
    case "update":
      return policy.judgeUpdate?.(pod, before ?? pod, subject) ?? [];
  }
}

/**
 * An executor is not refused for what policies did to it: another policy's date may have come while its job runs
 * (docs/decisions/0009). Looked at where it counts: a second look costs.
 */
function isOwnMaking(
  { matching: { policy }, claimed }: Progress<PodSubject>,
  subject: PodSubject,
  facts: Facts,
  draft: Draft,
): boolean {
  const mayRefuse = subject.role === "executor" && policy.denyExecutors;
  if (!mayRefuse || draft.operations.length === 0) return false;
  return (policy.judge?.(subject.pod, subject, facts, claimed) ?? []).length === 0;
}
