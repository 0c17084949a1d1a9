import type { DocumentPath, SourceDocument } from "./document.ts";
import { guarded } from "./guarded.ts";
import { momentOf } from "./moment.ts";
import type { Problem } from "./problem.ts";

interface Moment {
  readonly at?: string;
}

/** What is wrong with the times of a SparkPolicyTest that fits its schema. */
export function momentProblems(document: SourceDocument): readonly Problem[] {
  const { spec } = document.value as { spec: Moment & { readonly cases: readonly Moment[] } };
  const problems: Problem[] = [];
  const check = ({ at }: Moment, path: DocumentPath) => {
    if (at !== undefined) guarded(document, [...path, "at"], problems, () => momentOf(at));
  };
  check(spec, ["spec"]);
  for (const [index, one] of spec.cases.entries()) check(one, ["spec", "cases", index]);
  return problems;
}
