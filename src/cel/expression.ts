import type { Environment } from "@marcbachmann/cel-js";
import { hasOptionals, withoutConstructorKeys } from "./constructor-keys.ts";
import { createCheckingEnvironment, VARIABLES } from "./environment.ts";
import { celFailure, CelProblem } from "./failure.ts";
import { checkFields, failureOf, problemOf, syntaxProblemOf } from "./problems.ts";
import { isNode, type Node } from "./node.ts";
import { rewrite } from "./rewrite.ts";
import { createRunningEnvironment } from "./running.ts";
import { isSameTree, serialize } from "./serialize.ts";
import { errorStepsOf } from "./weight.ts";
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
   * @param allowance what it may take; left out, as much as one expression may
   * @throws CelFailure where it has none: a field is absent, types do not go together, too much work
   */
  readonly evaluate: (variables: Variables, allowance?: Allowance) => unknown;
}

/** Work that several expressions share, such as those of a message. */
export interface Allowance {
  steps: number;
}

/** As much work as one expression may do. */
export function fullAllowance(): Allowance {
  return { steps: MOST_STEPS };
}

/** Characters of an expression; those of Kubernetes' own policies are below 1,000. */
const LONGEST_EXPRESSION = 4096;
/** Of a microsecond or two: see work.ts and weight.ts. */
const MOST_STEPS = 100_000;
/** Entries of one list that are walked through. */
const LONGEST_LIST = 10_000;

const budget: Budget = { steps: 0, errorSteps: 0 };

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
  checkFields(ast);
  const compiledTree: Running = {
    evaluate: compiled(tree, running),
    wanted,
    errorSteps: errorStepsOf(ast),
    isFragile: hasOptionals(ast),
  };
  return {
    text,
    names,
    evaluate: (variables, allowance = fullAllowance()) => run(compiledTree, variables, allowance),
  };
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

/** An expression as it is run. */
interface Running {
  readonly evaluate: (variables: Variables) => unknown;
  readonly wanted: "bool" | "any";
  readonly errorSteps: number;
  /** Whether an error may be taken for something absent, so that it does not come here. */
  readonly isFragile: boolean;
}

function run(running: Running, variables: Variables, allowance: Allowance): unknown {
  try {
    return runOnce(running, running.isFragile ? safe(variables) : variables, allowance);
  } catch (error) {
    // Most objects have no such key, and looking for it takes longer than most expressions.
    const known = running.isFragile || allowance.steps < 0 ? variables : safeOrSame(variables);
    if (known === variables) throw failureOf(error);
    return runAgain(running, known, allowance);
  }
}

function runAgain(running: Running, variables: Variables, allowance: Allowance): unknown {
  try {
    return runOnce(running, variables, allowance);
  } catch (error) {
    throw failureOf(error);
  }
}

/** What is nested too deeply to be looked through stays as it is: it has failed already. */
function safeOrSame(variables: Variables): Variables {
  try {
    return safe(variables);
  } catch {
    return variables;
  }
}

/** Several expressions of a message may be about the same object. */
const safeVariables = new WeakMap<Variables, Variables>();

function safe(variables: Variables): Variables {
  let known = safeVariables.get(variables);
  if (known === undefined)
    safeVariables.set(variables, (known = withoutConstructorKeys(variables)));
  return known;
}

function runOnce(
  { evaluate, wanted, errorSteps }: Running,
  variables: Variables,
  allowance: Allowance,
): unknown {
  budget.steps = allowance.steps;
  budget.errorSteps = errorSteps;
  try {
    const value = evaluate(variables);
    // `a || b` is true with a broken a: but what was cut short is not to be believed.
    if (budget.steps < 0) throw celFailure("too much work: simplify the expression");
    if (wanted === "bool" && typeof value !== "boolean") throw celFailure("is not true or false");
    return value;
  } finally {
    allowance.steps = budget.steps;
  }
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
