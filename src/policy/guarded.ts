import { RuleProblem } from "../engine/rule-kind.ts";
import type { SourceDocument } from "./document.ts";
import { listText, nearMiss, plainLine, type Problem } from "./problem.ts";

/** Something of the installation is not there, which is one problem and not one of each policy. */
export class ToldAlready extends Error {}

/** Characters of what a step says; after it comes what is allowed, and the hint. */
const LONGEST_MESSAGE = 250;

/**
 * Runs a compilation step; what it throws of a block is a problem of the document, at `path` and below.
 * @returns undefined where there was one
 */
export function guarded<T>(
  document: SourceDocument,
  path: readonly (string | number)[],
  problems: Problem[],
  step: () => T,
): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof RuleProblem) {
      const hint = error.found === undefined ? "" : nearMiss(error.found, error.allowed);
      const allowed = error.allowed.length > 0 ? `, allowed: ${listText(error.allowed)}` : "";
      const message = plainLine(error.message, LONGEST_MESSAGE) + allowed + hint;
      problems.push(document.problem([...path, ...error.path], message));
      return undefined;
    }
    if (error instanceof ToldAlready) return undefined;
    if (error instanceof TypeError) {
      problems.push(document.problem(path, error.message));
      return undefined;
    }
    throw error;
  }
}
