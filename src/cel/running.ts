import type { Environment } from "@marcbachmann/cel-js";
import { Optional } from "@marcbachmann/cel-js";
import { registerConversions } from "./conversions.ts";
import { registerDates } from "./dates.ts";
import { createCheckingEnvironment } from "./environment.ts";
import { celFailure } from "./failure.ts";
import { registerOwnMethods } from "./methods.ts";
import { workOn, type Budget } from "./work.ts";

export { OWN, OWN_METHODS } from "./methods.ts";
export { OWN_FUNCTIONS } from "./conversions.ts";

/** Names that a rewritten expression calls; no policy can call them, since policies are checked without them. */
export const STEP = "__step";
export const ATTEMPT = "__attempt";
export const WALKED = "__walked";
export const SOUGHT_IN = "__soughtIn";
export const LOOKED_THROUGH = "__lookedThrough";
export const COMPARED = "__compared";
export const MEASURED = "__measured";
export const TYPED = "__typed";
export const KEY = "__key";
export const MISSING = "__missing";
export const NOT_NULL = "__notNull";

/** An environment in which rewritten expressions run: their work is counted. */
export function createRunningEnvironment(
  budget: Budget,
  limits: { longestList: number },
): Environment {
  // What is rewritten is longer than what was written, which has been held to the limits.
  const environment = createCheckingEnvironment({ maxAstNodes: 200_000, maxDepth: 250 });
  const work = workOn(budget);
  const { spend, spendLength, spendNodes, spendType } = work;
  const checkLength = (value: unknown): void => {
    if (Array.isArray(value) && value.length > limits.longestList) {
      throw celFailure(
        `a list of ${value.length} entries: at most ${limits.longestList} are looked through`,
      );
    }
  };
  const passing: Readonly<Record<string, (value: unknown) => void>> = {
    [WALKED]: (value) => {
      checkLength(value);
      spendLength(value);
    },
    // A key of a map is found at once, an entry of a list is not.
    [SOUGHT_IN]: (value) => {
      checkLength(value);
      spendType(value);
      if (Array.isArray(value)) spend(value.length);
    },
    [LOOKED_THROUGH]: (value) => {
      checkLength(value);
      spendType(value);
      if (Array.isArray(value)) spendNodes(value);
    },
    [COMPARED]: (value) => {
      spendType(value);
      spendNodes(value);
    },
    [MEASURED]: (value) => {
      spendType(value);
      spendLength(value);
    },
    [TYPED]: spendType,
    // JavaScript would make a text of a list, and of all that is in it.
    [KEY]: (value) => {
      if (typeof value === "object") throw celFailure("a key is text, a number or a boolean");
    },
    // To the library that is an error, which it swallows.
    [MISSING]: (value) => {
      if (value instanceof Optional && !value.hasValue()) spend(budget.errorSteps);
    },
  };
  for (const [name, onLeave] of Object.entries(passing)) {
    environment.registerFunction(`${name}(ast): dyn`, passThrough(onLeave));
  }
  const attempt = (evaluate: () => unknown): unknown => {
    try {
      return evaluate();
    } catch (error) {
      spend(budget.errorSteps);
      throw error;
    }
  };
  environment.registerFunction(`${ATTEMPT}(ast): dyn`, around(attempt));
  environment.registerFunction(
    `${STEP}(ast, ast): dyn`,
    around((evaluate, steps) => {
      spend(steps);
      const value = attempt(evaluate);
      // The entry of a list that is made.
      if (typeof value === "string") spendLength(value);
      else if (Array.isArray(value)) spend(value.length);
      return value;
    }),
  );
  environment.registerFunction(
    `${NOT_NULL}(ast): bool`,
    around((evaluate) => evaluate() !== null, "bool"),
  );
  registerOwnMethods(environment, work);
  registerConversions(environment);
  registerDates(environment, work);
  return environment;
}

/** A macro that is its argument, and looks at it. */
function passThrough(onLeave: (value: unknown) => void): Macro {
  return around((evaluate) => {
    const value = evaluate();
    onLeave(value);
    return value;
  });
}

/** A macro around its first argument; the second one, where there is one, is a number that is written out. */
function around(run: (evaluate: () => unknown, steps: number) => unknown, type?: "bool"): Macro {
  return ({ args: [argument, steps] }) => {
    const number = Number((steps as { readonly args: unknown } | undefined)?.args ?? 0);
    return {
      argument,
      async: false,
      typeCheck: (checker, macro, context) => {
        const checked = checker.check(macro.argument, context);
        return type === undefined ? checked : checker.getType(type);
      },
      evaluate: (evaluator, macro, context) =>
        run(() => evaluator.run(macro.argument, context), number),
    };
  };
}

/** What the library hands to a macro; its own types leave it open. */
type Macro = (call: { readonly args: readonly unknown[] }) => {
  readonly argument: unknown;
  readonly async: false;
  readonly typeCheck: (
    checker: {
      check: (node: unknown, context: unknown) => unknown;
      getType: (name: string) => unknown;
    },
    macro: { readonly argument: unknown },
    context: unknown,
  ) => unknown;
  readonly evaluate: (
    evaluator: { run: (node: unknown, context: unknown) => unknown },
    macro: { readonly argument: unknown },
    context: unknown,
  ) => unknown;
};
