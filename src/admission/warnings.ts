import type { PolicyOutcome, Run } from "../engine/decision.ts";
import type { Subject } from "../spark/subject.ts";
import { violationWarning, warningText } from "./texts.ts";

/** The API server drops what is above 4096 characters in all (pkg/endpoints/filters/warning.go), so it is told here. */
const MOST_WARNINGS = 20;

/**
 * What the author of the object is told. Of changes only a driver's are told, since nobody reads the warnings
 * on an executor, which go to the driver; a choice that was replaced and a refusal that was not made always are.
 */
export function warningsOf(
  subject: Subject,
  enforced: Run,
  preview: Run | undefined,
): readonly string[] {
  const warnings = [
    ...enforced.outcomes.flatMap((outcome) => enforcedWarnings(subject, outcome)),
    ...(preview?.outcomes ?? [])
      .filter((outcome) => outcome.mode === "Warn")
      .flatMap(previewWarnings),
  ];
  if (warnings.length <= MOST_WARNINGS) return warnings;
  const more = warnings.length - MOST_WARNINGS;
  return [...warnings.slice(0, MOST_WARNINGS), `[sparkgate] +${more} more: sparkgate check`];
}

function enforcedWarnings(subject: Subject, outcome: PolicyOutcome): readonly string[] {
  const { policy, effect, error, refuses, violations } = outcome;
  const warnings = (effect?.replaced ?? []).map((text) => warningText(policy, text));
  if (effect !== undefined && effect.replaced.length === 0 && subject.role !== "executor") {
    warnings.push(warningText(policy, effect.summary));
  }
  if (refuses) return warnings;
  if (error !== undefined) warnings.push(warningText(policy, `could not be evaluated: ${error}`));
  return [...warnings, ...violations.map((found) => violationWarning(policy, found))];
}

function previewWarnings({
  policy,
  effect,
  error,
  refuses,
  violations,
}: PolicyOutcome): readonly string[] {
  const prefix = refuses ? "would be refused: " : "";
  const warnings = violations.map((found) => violationWarning(policy, found, prefix));
  if (effect !== undefined) warnings.push(warningText(policy, `would change: ${effect.summary}`));
  if (error !== undefined) warnings.push(warningText(policy, `could not be evaluated: ${error}`));
  return warnings;
}
