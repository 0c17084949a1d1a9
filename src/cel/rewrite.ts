import { RE2JS } from "re2js";
import { parseQuantity } from "../kubernetes/quantity.ts";
import { LISTED, MATCHES, STEP, VARIABLES } from "./environment.ts";
import { CelProblem } from "./failure.ts";

/** A part of an expression: what the library's parser makes, and what we put around it. */
export interface Node {
  readonly op: string;
  readonly args: unknown;
}

/** Macros that walk through a list, and so may take long. */
const COMPREHENSIONS: ReadonlySet<string> = new Set([
  "all",
  "exists",
  "exists_one",
  "map",
  "filter",
]);

/** `all` in `all` over two lists is a question; a third level is a program. */
const DEEPEST = 2;

/**
 * Rewrites an expression into one that does the same and can be bounded:
 * - what walks through lists counts its steps;
 * - `matches` goes to RE2, which is linear in the text where JavaScript's is exponential (`(a+)+$`);
 * - `has(a.b.c)` is false where `a.b` is missing or null, instead of an error: `has(a.b) && a.b != null && has(a.b.c) …`.
 * @throws CelProblem for what is not offered
 */
export function rewrite(node: Node, depth = 0): Node {
  switch (node.op) {
    case "value":
      return node;
    case "id":
      if (node.args === "cel") throw new CelProblem("cel.bind is not offered");
      return node;
    case "rcall":
      return rewriteMethod(node.args as [string, Node, readonly Node[]], depth);
    case "call":
      return rewriteCall(node.args as [string, readonly Node[]], depth);
    case "in": {
      const [left, right] = node.args as [Node, Node];
      const list = rewrite(right, depth);
      return {
        op: "in",
        args: [rewrite(left, depth), right.op === "list" ? list : call(LISTED, list)],
      };
    }
    default:
      return { op: node.op, args: rewriteAll(node.args, depth) };
  }
}

function rewriteAll(args: unknown, depth: number): unknown {
  if (Array.isArray(args)) return args.map((each: unknown) => rewriteAll(each, depth));
  return isNode(args) ? rewrite(args, depth) : args;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

function rewriteMethod(
  [name, receiver, args]: [string, Node, readonly Node[]],
  depth: number,
): Node {
  const subject = rewrite(receiver, depth);
  if (name === "matches") return call(MATCHES, subject, checkedPattern(args[0]));
  if (!COMPREHENSIONS.has(name)) {
    return { op: "rcall", args: [name, subject, args.map((each) => rewrite(each, depth))] };
  }
  if (depth === DEEPEST) {
    throw new CelProblem(`${name} within ${DEEPEST} others: at most ${DEEPEST} levels are allowed`);
  }
  const [variable, ...bodies] = args;
  if (typeof variable?.args === "string" && Object.hasOwn(VARIABLES, variable.args)) {
    throw new CelProblem(
      `${name}(${variable.args}, ...) hides ${variable.args}: take another name`,
    );
  }
  const bounded = bodies.map((body) => call(STEP, rewrite(body, depth + 1)));
  return { op: "rcall", args: [name, call(LISTED, subject), [variable, ...bounded]] };
}

function rewriteCall([name, args]: [string, readonly Node[]], depth: number): Node {
  const [first] = args;
  if (name === "quantity" && typeof first?.args === "string" && first.op === "value") {
    if (parseQuantity(first.args) === undefined) {
      throw new CelProblem(`'${first.args}' is no quantity: write 500m, 32Gi or 32G`);
    }
  }
  if (name !== "has" || first === undefined) {
    return { op: "call", args: [name, args.map((each) => rewrite(each, depth))] };
  }
  if (first.op !== ".") {
    throw new CelProblem(
      'has() asks for a field by its name, has(a.b); for a key as "a/b": "a/b" in object.metadata.labels',
    );
  }
  const isTyped = typeof VARIABLES[rootOf(first)] === "object";
  const steps = selections(first).flatMap((selection) => [
    call("has", selection),
    // To the API server a null is an absent field; in a file somebody may have left one.
    ...(isTyped ? [] : [{ op: "!=", args: [selection, { op: "value", args: null }] }]),
  ]);
  return steps.reduce((left, right) => ({ op: "&&", args: [left, right] }));
}

/** `a.b`, then `a.b.c`: every selection of a chain, the shortest first. */
function selections(node: Node): readonly Node[] {
  if (node.op !== ".") return [node];
  const [inner] = node.args as [Node, string];
  return inner.op === "." ? [...selections(inner), node] : [node];
}

function rootOf(node: Node): string {
  if (node.op === "id" && typeof node.args === "string") return node.args;
  return node.op === "." ? rootOf((node.args as [Node, string])[0]) : "";
}

/** A pattern is part of the policy, never of an object: so it is compiled once, and what is wrong with it is told at once. */
function checkedPattern(pattern: Node | undefined): Node {
  if (pattern?.op !== "value" || typeof pattern.args !== "string") {
    throw new CelProblem("the pattern of matches must be written out as a string");
  }
  try {
    RE2JS.compile(pattern.args);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CelProblem(
      `the pattern '${pattern.args}' is not a regular expression of RE2: ${why}`,
    );
  }
  return pattern;
}

function call(name: string, ...args: readonly Node[]): Node {
  return { op: "call", args: [name, args] };
}

/** The numbers with decimals in a tree, in order: writing an expression keeps nine decimals of each. */
export function numbersIn(node: unknown): readonly number[] {
  if (Array.isArray(node)) return node.flatMap(numbersIn);
  if (isNode(node)) return numbersIn(node.args);
  return typeof node === "number" ? [node] : [];
}
