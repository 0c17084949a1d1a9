import type { AdmittedObject } from "../kubernetes/admitted-object.ts";
import type { Carried } from "../spark/carried.ts";
import { recognize } from "../spark/recognize.ts";
import type { ConfSubject, PodSubject } from "../spark/subject.ts";
import { runOnApplication, runOnConf } from "./decide-conf.ts";
import { runOnPod } from "./decide-pod.ts";
import type { AnyRun, Decision } from "./decision.ts";
import { isBypassed, type Facts } from "./facts.ts";
import { unheardChanges } from "./unheard.ts";
import { matchingPolicies, type MatchingPolicy } from "./matching.ts";
import { inTurn, type PolicySet } from "./policy-set.ts";

/**
 * Decides what becomes of an object: all findings, the patch and the verdict. A pure function: the same
 * policies, object and facts give the same decision, on every replica, after every restart, in a dry run.
 * Never throws: a policy that fails is an outcome of that policy.
 */
export function decide(set: PolicySet, admitted: AdmittedObject, facts: Facts): Decision {
  const recognition = recognize(admitted);
  if (recognition.kind === "skipped") return recognition;
  if (isBypassed(facts)) return { kind: "skipped", reason: "bypass" };
  switch (recognition.kind) {
    case "malformed":
      return { ...recognition, refused: recognition.role !== "executor" };
    case "subject":
      return decideOnPod(set, recognition.subject, facts);
    case "conf": {
      const [subject] = recognition.facets;
      const run = (policies: Matching, isReal: boolean) => {
        const unheard = unheardChanges(set, subject, policies);
        const rollouts = isReal ? rolloutsOf(set, subject) : undefined;
        return runOnConf(policies, subject, facts, unheard, rollouts);
      };
      return {
        kind: "decided-conf",
        subject,
        ...decideOnFacets(set, recognition.facets, facts, run),
      };
    }
    case "application": {
      const [subject] = recognition.facets;
      const run = (policies: Matching) =>
        runOnApplication(policies, subject, facts, unheardChanges(set, subject, policies));
      const runs = decideOnFacets(set, recognition.facets, facts, run);
      return { kind: "decided-application", subject, ...runs };
    }
  }
}

function decideOnPod(set: PolicySet, subject: PodSubject, facts: Facts): Decision {
  const matching = matchingPolicies(set, subject, facts);
  const enforced = matching.filter(isEnforced);
  const run = (policies: typeof matching) => runOnPod(policies, subject, facts, set.names);
  return {
    kind: "decided",
    subject,
    enforced: run(enforced),
    preview: enforced.length === matching.length ? undefined : run(matching),
  };
}

type Matching = readonly MatchingPolicy<ConfSubject>[];

/** What is said of drivers and of executors; what is about the whole of it once. */
function decideOnFacets<R extends AnyRun>(
  set: PolicySet,
  [driver, executor]: readonly [driver: ConfSubject, executor: ConfSubject],
  facts: Facts,
  run: (policies: Matching, isReal: boolean) => R,
): { readonly enforced: R; readonly preview: R | undefined } {
  const ofDriver = matchingPolicies(set, driver, facts);
  const spoken = new Set(
    ofDriver.flatMap(({ policy }) => (policy.conf?.whole === true ? [policy] : [])),
  );
  const ofExecutor = matchingPolicies(set, executor, facts).filter(
    ({ policy }) => !spoken.has(policy),
  );
  // Of each policy first what it says of drivers: who has the higher priority speaks first, of whatever it speaks.
  const matching = [...ofDriver, ...ofExecutor].sort((a, b) => inTurn(a.policy, b.policy));
  const enforced = matching.filter(isEnforced);
  return {
    enforced: run(enforced, true),
    preview: enforced.length === matching.length ? undefined : run(matching, false),
  };
}

/** The percents of rollouts, for the executors; undefined where no policy enforces anything on them: nothing is touched then. */
function rolloutsOf(set: PolicySet, { namespace }: ConfSubject): Carried["rollouts"] {
  const policies = set.candidates("pod", "executor", namespace);
  const enforces = policies.some(
    ({ mode, modeOverrides }) =>
      mode === "Enforce" || modeOverrides.some((override) => override.mode === "Enforce"),
  );
  if (!enforces) return undefined;
  const rolledOut = policies.filter(({ rolloutPercent }) => rolloutPercent < 100);
  return Object.fromEntries(rolledOut.map(({ name, rolloutPercent }) => [name, rolloutPercent]));
}

function isEnforced({ mode }: Pick<MatchingPolicy<never>, "mode">): boolean {
  return mode === "Enforce";
}
