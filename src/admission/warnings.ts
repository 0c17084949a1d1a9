import type { AnyRun, PolicyOutcome } from "../engine/decision.ts";
import type { Subject } from "../spark/subject.ts";
import { violationWarning, warningText } from "./texts.ts";

/** The API server drops what is above 4096 characters in all (pkg/endpoints/filters/warning.go), so it is told here. */
const MOST_WARNINGS = 20;

const NONE: readonly never[] = [];

/**
 * What the author of the object is told. Of changes only a driver's are told, since nobody reads the warnings
 * on an executor, which go to its driver; the same goes for what was left as the user chose. A choice that was replaced
 * and a refusal that was not made are always told.
 */
export function warningsOf(
  subject: Subject,
  enforced: AnyRun,
  preview: AnyRun | undefined,
): readonly string[] {
  const warnings: string[] = [];
  // One by one: a list of a hundred thousand is too long to be the arguments of a call.
  const add = (texts: readonly string[]) => {
    for (const text of texts) warnings.push(text);
  };
  // What policies changed on an object that is refused never came to be.
  if (!enforced.refused) {
    for (const outcome of enforced.outcomes) add(effectWarnings(subject, outcome));
  }
  for (const outcome of enforced.outcomes) add(spareWarnings(outcome));
  for (const outcome of preview?.outcomes ?? []) {
    if (outcome.mode === "Warn") add(previewWarnings(outcome));
  }
  if (warnings.length <= MOST_WARNINGS) return warnings;
  const more = warnings.length - MOST_WARNINGS;
  return [...warnings.slice(0, MOST_WARNINGS), `[sparkgate] +${more} more: sparkgate explain`];
}

function effectWarnings(subject: Subject, { policy, effect }: PolicyOutcome): readonly string[] {
  if (effect === undefined) return NONE;
  const { summary, replaced, kept } = effect;
  if (subject.surface !== "application" && subject.stage === "validating") {
    const text = `changed again by another webhook, not any more: ${summary ?? ""}`;
    return summary === undefined ? [] : [warningText(policy, text)];
  }
  const quiet = subject.role === "executor";
  if (quiet && replaced.length === 0) return NONE;
  const changes = replaced.length > 0 || summary === undefined || quiet ? replaced : [summary];
  return [...changes, ...(quiet ? [] : kept)].map((text) => warningText(policy, text));
}

/** Violations and failures that did not refuse the object. */
function spareWarnings({ policy, error, refuses, violations }: PolicyOutcome): readonly string[] {
  if (refuses || (error === undefined && violations.length === 0)) return NONE;
  const warnings = violations.map((found) => violationWarning(policy, found));
  if (error === undefined) return warnings;
  return [...warnings, warningText(policy, `could not be evaluated: ${error}`)];
}

function previewWarnings({
  policy,
  effect,
  error,
  refuses,
  violations,
  enforceFrom,
}: PolicyOutcome): readonly string[] {
  const prefix = refuses ? refusalPrefix(enforceFrom) : "";
  const warnings = violations.map((found) => violationWarning(policy, found, prefix));
  const when = enforceFrom === undefined ? "would change" : `changes from ${enforceFrom}`;
  const { summary, replaced = [] } = effect ?? {};
  const changes = replaced.length > 0 || summary === undefined ? replaced : [summary];
  warnings.push(...changes.map((text) => warningText(policy, `${when}: ${text}`)));
  if (error !== undefined) warnings.push(warningText(policy, `could not be evaluated: ${error}`));
  return warnings;
}

/** Who is told of a date can do something before it. */
function refusalPrefix(enforceFrom: string | undefined): string {
  return enforceFrom === undefined ? "would be refused: " : `denied from ${enforceFrom}: `;
}
