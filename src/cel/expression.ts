import type { Environment } from "@marcbachmann/cel-js";
import { hasOptionals, withoutConstructorKeys } from "./constructor-keys.ts";
import { createCheckingEnvironment, VARIABLES } from "./environment.ts";
import { celFailure, CelProblem } from "./failure.ts";
import { checkPresenceTests, failureOf, problemOf, syntaxProblemOf } from "./problems.ts";
import { isNode, type Node } from "./node.ts";
import { rewrite } from "./rewrite.ts";
import { createRunningEnvironment } from "./running.ts";
import { isSameTree, serialize } from "./serialize.ts";
import type { Budget } from "./work.ts";

/** Values of the variables that an expression names. */
export type Variables = Readonly<Record<string, unknown>>;

/** An expression of a policy, compiled. */
export interface Expression {
  readonly text: string;
  /** The variables that it names: only those have to be known. */
  readonly names: ReadonlySet<string>;
  /**
   * Its value: strings, numbers (int as bigint), booleans, lists, maps.
   * @throws CelFailure where it has none: a field is absent, types do not go together, too much work
   */
  readonly evaluate: (variables: Variables) => unknown;
}

/** Characters of an expression; those of Kubernetes' own policies are below 1,000. */
const LONGEST_EXPRESSION = 4096;
/** Iterations of macros and comparisons of `in`, all together: some 20 ms. */
const MOST_STEPS = 100_000;
/** Entries of one list that are walked through. */
const LONGEST_LIST = 10_000;

const budget: Budget = { steps: 0 };

let environments: { readonly checking: Environment; readonly running: Environment } | undefined;

/** Made when the first expression is: most installations have few, some none. */
function bothEnvironments() {
  environments ??= {
    checking: createCheckingEnvironment(),
    running: createRunningEnvironment(budget, { longestList: LONGEST_LIST }),
  };
  return environments;
}

/**
 * Compiles an expression.
 * @param wanted the type that its value must have; `any` where it is to be printed
 * @throws CelProblem where it is none, names what there is not, or does what is not offered
 */
export function compileExpression(text: string, wanted: "bool" | "any"): Expression {
  if (text.length > LONGEST_EXPRESSION) {
    throw new CelProblem(
      `has ${text.length} characters, at most ${LONGEST_EXPRESSION} are allowed`,
    );
  }
  const { checking, running } = bothEnvironments();
  const ast = parsed(text, checking).ast;
  const names = namesIn(ast);
  const tree = rewrite(ast);
  const { error, type } = parsed(text, checking).check();
  if (error !== undefined) throw problemOf(error, checking);
  if (wanted === "bool" && type !== "bool" && type !== "dyn") {
    throw new CelProblem(`is of type ${type ?? "unknown"}, must be true or false`);
  }
  checkPresenceTests(ast);
  const evaluate = compiled(tree, running);
  const isFragile = hasOptionals(ast);
  return { text, names, evaluate: (variables) => run(evaluate, wanted, variables, isFragile) };
}

/** The parts of an expression, as it is written. Throws a CelProblem for a text that is none. */
export function parseExpression(text: string): Node {
  return parsed(text, bothEnvironments().checking).ast;
}

function parsed(text: string, environment: Environment) {
  try {
    return environment.parse(text);
  } catch (error) {
    throw syntaxProblemOf(error);
  }
}

/** Compiles what was rewritten. All that is written in a policy has been judged before: nothing here is its fault. */
function compiled(tree: Node, running: Environment) {
  const text = serialize(tree);
  try {
    const evaluate = running.parse(text);
    if (isSameTree(tree, evaluate.ast) && evaluate.check().error === undefined) return evaluate;
  } catch {
    // As below.
  }
  throw new CelProblem("cannot be compiled: simplify it");
}

type Evaluate = (variables: Variables) => unknown;

/** @param isFragile whether an error may be taken for something absent, so that it does not come here */
function run(
  evaluate: Evaluate,
  wanted: "bool" | "any",
  variables: Variables,
  isFragile: boolean,
): unknown {
  let known = variables;
  try {
    if (isFragile) known = withoutConstructorKeys(variables);
    return runOnce(evaluate, wanted, known);
  } catch (error) {
    if (isFragile) throw failureOf(error);
    // Most objects have no such key, and looking for it takes longer than most expressions.
    return runAgain(evaluate, wanted, variables, error);
  }
}

function runAgain(
  evaluate: Evaluate,
  wanted: "bool" | "any",
  variables: Variables,
  error: unknown,
): unknown {
  try {
    const known = withoutConstructorKeys(variables);
    if (known !== variables) return runOnce(evaluate, wanted, known);
  } catch (later) {
    throw failureOf(later);
  }
  throw failureOf(error);
}

function runOnce(evaluate: Evaluate, wanted: "bool" | "any", variables: Variables): unknown {
  budget.steps = MOST_STEPS;
  const value = evaluate(variables);
  // `a || b` is true with a broken a: but what was cut short is not to be believed.
  if (budget.steps < 0) throw celFailure("too much work: simplify the expression");
  if (wanted === "bool" && typeof value !== "boolean") throw celFailure("is not true or false");
  return value;
}

/** Which variables a tree names, those of macros left aside. */
function namesIn(node: unknown, names: Set<string> = new Set()): ReadonlySet<string> {
  if (Array.isArray(node)) for (const each of node) namesIn(each, names);
  else if (isNode(node)) {
    if (node.op === "id" && Object.hasOwn(VARIABLES, String(node.args)))
      names.add(String(node.args));
    else namesIn(node.args, names);
  }
  return names;
}
