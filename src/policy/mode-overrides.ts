import type { Mode, ModeOverride } from "../engine/policy.ts";
import { RuleProblem } from "../engine/rule-kind.ts";
import type { LabelSelector } from "../kubernetes/label-selector.ts";
import { compileMatch } from "./match.ts";

/** Another mode for some namespaces; where both clauses are given both must hold. */
export interface ModeOverrideSpec {
  readonly mode: Mode;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
}

/** Compiles `modeOverrides`. Throws a RuleProblem that says which one is wrong. */
export function compileModeOverrides(specs: readonly ModeOverrideSpec[]): readonly ModeOverride[] {
  return specs.map(({ mode, ...clauses }, index) => {
    // It would be another default mode, and the ones behind it would mean nothing.
    if (Object.keys(clauses).length === 0) {
      const message = "says for no namespace, needs namespaces or namespaceSelector";
      throw new RuleProblem(message, { path: [index], allowed: [] });
    }
    try {
      const mismatch = compileMatch(clauses);
      return { mode, matches: (subject, facts) => mismatch(subject, facts) === undefined };
    } catch (error) {
      if (!(error instanceof RuleProblem)) throw error;
      const { found, allowed } = error;
      throw new RuleProblem(error.message, { path: [index, ...error.path], found, allowed });
    }
  });
}
