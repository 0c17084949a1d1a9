import { EvaluationError, serialize, TypeError, type ASTNode } from "@marcbachmann/cel-js";
import {
  createCheckingEnvironment,
  createRunningEnvironment,
  VARIABLES,
  type Budget,
  type Fields,
} from "./environment.ts";
import { CelFailure, celFailure, CelProblem } from "./failure.ts";
import { isNode, numbersIn, rewrite, type Node } from "./rewrite.ts";

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

let environments: { readonly checking: Environments; readonly running: Environments } | undefined;
type Environments = ReturnType<typeof createCheckingEnvironment>;

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
  const ast = parsed(text, checking);
  const names = namesIn(ast);
  const tree = rewrite(ast);
  const { error, type } = checking.parse(text).check();
  if (error !== undefined) throw problemOf(error);
  if (wanted === "bool" && type !== "bool" && type !== "dyn") {
    throw new CelProblem(`is of type ${type ?? "unknown"}, must be true or false`);
  }
  checkPresenceTests(ast);
  const evaluate = running.parse(serialize(tree as ASTNode));
  if (numbersIn(tree).join() !== numbersIn(evaluate.ast).join()) {
    throw new CelProblem("has a number that cannot be kept exactly: write it with less decimals");
  }
  const checked = evaluate.check();
  if (checked.error !== undefined) throw problemOf(checked.error);
  return { text, names, evaluate: (variables) => run(evaluate, wanted, variables) };
}

function run(
  evaluate: (variables: Variables) => unknown,
  wanted: "bool" | "any",
  variables: Variables,
): unknown {
  budget.steps = MOST_STEPS;
  let value: unknown;
  try {
    value = evaluate(variables);
  } catch (error) {
    // The library takes objects apart by their `constructor`, which is a legal key of labels.
    const safe = withoutConstructorKeys(variables);
    if (safe === variables || error instanceof CelFailure) throw failureOf(error);
    return run(evaluate, wanted, safe as Variables);
  }
  // `a || b` is true with a broken a: but what was cut short is not to be believed.
  if (budget.steps < 0) throw celFailure("too much work: simplify the expression");
  if (wanted === "bool" && typeof value !== "boolean") throw celFailure("is not true or false");
  return value;
}

/** The same value with each object that has a key `constructor` as a Map; itself where there is none. */
function withoutConstructorKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Map) return value;
  if (Array.isArray(value)) {
    const safe = value.map(withoutConstructorKeys);
    return safe.some((each, index) => each !== value[index]) ? safe : value;
  }
  const entries = Object.entries(value);
  const safe = entries.map(([key, each]) => [key, withoutConstructorKeys(each)] as const);
  if (Object.hasOwn(value, "constructor")) return new Map(safe);
  return safe.some(([, each], index) => each !== entries[index]?.[1])
    ? Object.fromEntries(safe)
    : value;
}

function parsed(text: string, environment: Environments): ASTNode {
  try {
    return environment.parse(text).ast;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { summary, range } = error as { summary?: string; range?: { start: number } };
    const what = summary ?? error.message;
    const reserved = /^Reserved identifier: namespace$/.test(what)
      ? "; the namespace is namespaceObject, its name request.namespace"
      : "";
    throw new CelProblem(`is not CEL: ${what}${reserved}${placeOf(range)}`);
  }
}

function placeOf(range: { readonly start: number } | undefined): string {
  return range === undefined ? "" : ` (at character ${range.start + 1})`;
}

function problemOf(error: Error): CelProblem {
  if (!(error instanceof TypeError)) return new CelProblem(error.message);
  const place = placeOf(error.range);
  const node = error.node as Node | undefined;
  if (error.code === "unknown_variable") {
    const name = typeof node?.args === "string" ? node.args : "";
    if (name === "conf") {
      return new CelProblem(`conf is not known: a Pod does not show Spark's conf${place}`);
    }
    return new CelProblem(`there is no variable ${name}${place}`, name, Object.keys(VARIABLES));
  }
  if (error.code === "no_such_key" && node !== undefined) return noSuchField(node, place);
  return new CelProblem(`${typeNames(error.summary)}${place}`);
}

function noSuchField(selection: Node, place: string): CelProblem {
  const [owner, field] = selection.args as [Node, string];
  const message = `${serialize(owner as ASTNode)} has no field ${field}${place}`;
  return new CelProblem(message, field, Object.keys(fieldsOf(owner) ?? {}));
}

/** The library does not look into `has()`, where a misspelt field would be absent for ever. */
function checkPresenceTests(node: unknown): void {
  if (Array.isArray(node)) node.forEach(checkPresenceTests);
  if (!isNode(node)) return;
  if (node.op === "." || node.op === ".?") {
    const [owner, field] = node.args as [Node, string];
    const fields = fieldsOf(owner);
    if (fields !== undefined && !Object.hasOwn(fields, field)) {
      throw noSuchField(node, placeOf(node as Node & { readonly start: number }));
    }
  }
  checkPresenceTests(node.args);
}

/** The declared fields of what a chain of selections leads to. */
function fieldsOf(node: Node): Fields | undefined {
  if (node.op === "id") {
    const declared = VARIABLES[String(node.args)];
    return typeof declared === "object" ? declared : undefined;
  }
  if (node.op !== ".") return undefined;
  const [owner, field] = node.args as [Node, string];
  const declared = fieldsOf(owner)?.[field];
  return typeof declared === "object" ? declared : undefined;
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

/** Codes of the library whose text names types alone. Others may quote a value, which may be a secret. */
const HARMLESS: ReadonlySet<string> = new Set([
  "no_such_overload",
  "no_matching_overload",
  "variable_type_mismatch",
  "invalid_comprehension_range",
  "unknown_variable",
]);

function failureOf(error: unknown): CelFailure {
  if (error instanceof CelFailure) return error;
  if (!(error instanceof EvaluationError)) return celFailure("could not be evaluated");
  const node = error.node as Node | undefined;
  if (error.code === "no_such_key") return celFailure(`no such key${keyOf(node)}`);
  if (HARMLESS.has(error.code)) return celFailure(typeNames(error.summary));
  return celFailure(error.code.replaceAll("_", " "));
}

/** The key that is written in the policy; one that was computed may be anything. */
function keyOf(node: Node | undefined): string {
  if (node?.op !== "." && node?.op !== "[]") return "";
  const [, key] = node.args as [Node, Node | string];
  if (typeof key === "string") return ` '${key}'`;
  return key.op === "value" && typeof key.args === "string" ? ` '${key.args}'` : "";
}

/** The library's words, our types by the names that policies have for them. */
function typeNames(text: string): string {
  const named = text.replace(/\$(?=[A-Za-z])/g, "");
  return named.slice(0, 1).toLowerCase() + named.slice(1);
}
