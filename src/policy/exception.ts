import type { PolicyException } from "../engine/policy.ts";
import type { NamedDocument } from "./collect.ts";
import { guarded } from "./guarded.ts";
import { compileMatch, type MatchSpec, type Matcher } from "./match.ts";
import { momentOf } from "./moment.ts";
import { listText, nearMiss, plainLine, type Problem } from "./problem.ts";

/** The spec of a SparkPolicyException that fits its schema. */
export interface ExceptionSpec {
  readonly subjects: readonly MatchSpec[];
  readonly policies: readonly string[];
  readonly reason: string;
  readonly owner: string;
  readonly expiresAt: string;
}

/**
 * Compiles a SparkPolicyException that fits its schema; undefined where something is wrong with it.
 * @param names of all policies: an exception from one that is not there would be a surprise later
 */
export function compileException(
  { name, document }: NamedDocument,
  { names, broken }: { readonly names: readonly string[]; readonly broken: ReadonlySet<string> },
  problems: Problem[],
): PolicyException | undefined {
  const { spec } = document.value as { spec: ExceptionSpec };
  const before = problems.length;
  for (const [index, policy] of spec.policies.entries()) {
    if (names.includes(policy) || broken.has(`SparkPolicy/${policy}`)) continue;
    const message = `there is no policy '${plainLine(policy, 100)}', allowed: ${listText(names)}`;
    problems.push(document.problem(["spec", "policies", index], message + nearMiss(policy, names)));
  }
  const expiresAt = guarded(document, ["spec", "expiresAt"], problems, () =>
    momentOf(spec.expiresAt),
  );
  const subjects: Matcher[] = [];
  for (const [index, subject] of spec.subjects.entries()) {
    const mismatch = guarded(document, ["spec", "subjects", index], problems, () =>
      compileMatch(subject),
    );
    if (mismatch !== undefined) subjects.push(mismatch);
  }
  if (problems.length > before || expiresAt === undefined) return undefined;
  return {
    terms: {
      name,
      policies: spec.policies,
      whom: spec.subjects.map(subjectText).join(" or "),
      reason: spec.reason,
      owner: spec.owner,
      expiresAt,
    },
    covers: (subject, facts) => {
      let failure: { readonly thrown: unknown } | undefined;
      for (const mismatch of subjects) {
        try {
          if (mismatch(subject, facts) === undefined) return true;
        } catch (thrown) {
          failure ??= { thrown };
        }
      }
      if (failure !== undefined) throw failure.thrown;
      return false;
    },
  };
}

/** `risk,ads and nightly`: the clauses, conditions by their names. */
function subjectText(subject: MatchSpec): string {
  const { roles, namespaces, namespaceSelector, objectSelector, matchConditions } = subject;
  const selectors = [namespaceSelector, objectSelector].filter((each) => each !== undefined);
  return [
    ...[roles, namespaces].flatMap((words) => words?.join(",") ?? []),
    ...selectors.map((selector) => JSON.stringify(selector.matchLabels ?? selector)),
    ...(matchConditions ?? []).map(({ name }) => name),
  ].join(" and ");
}
