import { RE2JS } from "re2js";
import { parseQuantity } from "../kubernetes/quantity.ts";
import { VARIABLES } from "./environment.ts";
import { CelProblem } from "./failure.ts";
import { isNode, type Node } from "./node.ts";
import * as running from "./running.ts";

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
 * - what walks through lists counts its steps, what looks at strings and compares lists their size;
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
    case "in":
      return rewriteMembership(node.args as [Node, Node], depth);
    case "==":
    case "!=":
      return rewriteOperands(node, running.COMPARED, depth);
    case "+":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return rewriteOperands(node, running.MEASURED, depth);
    default:
      return { op: node.op, args: rewriteAll(node.args, depth) };
  }
}

function rewriteAll(args: unknown, depth: number): unknown {
  if (Array.isArray(args)) return args.map((each: unknown) => rewriteAll(each, depth));
  return isNode(args) ? rewrite(args, depth) : args;
}

/** What is written out is short, and compared with it anything is soon done. */
function isWrittenOut(node: Node): boolean {
  return node.op === "value" || (node.op === "list" && (node.args as Node[]).every(isWrittenOut));
}

/** Operators whose value may be long; that of others is a number or a boolean. */
const LONG_VALUES: ReadonlySet<string> = new Set(
  ["id", ".", ".?", "[]", "[?]", "call", "rcall", "list", "map", "?:", "+"], // prettier-ignore
);

/** Has an operand counted by that macro, where it may be long. */
function counted(macro: string, node: Node, rewritten: Node): Node {
  return LONG_VALUES.has(node.op) && !isWrittenOut(node) ? call(macro, rewritten) : rewritten;
}

function rewriteOperands({ op, args }: Node, macro: string, depth: number): Node {
  const operands = args as readonly [Node, Node];
  // A number written out: there is nothing long to be added. Otherwise `x + "a"` is as long as x.
  const isShort =
    op === "+"
      ? operands.some(({ op, args }) => op === "value" && typeof args !== "string")
      : operands.some(({ op }) => op === "value");
  return {
    op,
    args: operands.map((each) => {
      const rewritten = rewrite(each, depth);
      // In `a + b + c` each part is counted already.
      return isShort || (op === "+" && each.op === "+")
        ? rewritten
        : counted(macro, each, rewritten);
    }),
  };
}

function rewriteMembership([left, right]: [Node, Node], depth: number): Node {
  const list = rewrite(right, depth);
  const isSimple = left.op === "value" || !LONG_VALUES.has(left.op);
  const macro = isSimple ? running.SOUGHT_IN : running.LOOKED_THROUGH;
  return { op: "in", args: [rewrite(left, depth), isWrittenOut(right) ? list : call(macro, list)] };
}

/** Methods that look at all of the string, list or map that they are called on. */
const WHOLE: ReadonlySet<string> = new Set([
  ...["size", "lowerAscii", "upperAscii", "trim", "substring", "hex", "base64", "string"],
]);

/** Functions that look at all of their argument. */
const CONVERSIONS: ReadonlySet<string> = new Set([
  ...["size", "string", "bytes", "int", "uint", "double", "bool", "timestamp", "quantity"],
]);

/** Has a method counted that is no macro. */
function rewritePlainMethod(
  [name, receiver, args]: [string, Node, readonly Node[]],
  depth: number,
): Node {
  const subject = rewrite(receiver, depth);
  const parts = args.map((each) => rewrite(each, depth));
  if (running.OWN_METHODS.has(name)) {
    return { op: "rcall", args: [running.OWN + name, subject, parts] };
  }
  if (WHOLE.has(name)) {
    return { op: "rcall", args: [name, counted(running.MEASURED, receiver, subject), parts] };
  }
  // `getHours("Europe/Berlin")`: the time zone is looked up.
  const isZoned = name.startsWith("get");
  const isPrefix = name === "startsWith" || name === "endsWith";
  if (!isZoned && !isPrefix) return { op: "rcall", args: [name, subject, parts] };
  const bounded = parts.map((part, index) =>
    isZoned ? call(running.SLOW, part) : counted(running.MEASURED, args[index] ?? part, part),
  );
  return { op: "rcall", args: [name, subject, bounded] };
}

function rewriteMethod(
  [name, receiver, args]: [string, Node, readonly Node[]],
  depth: number,
): Node {
  if (name === "matches") checkPattern(args[0]);
  if (!COMPREHENSIONS.has(name)) return rewritePlainMethod([name, receiver, args], depth);
  if (depth === DEEPEST) {
    throw new CelProblem(`${name} within ${DEEPEST} others: at most ${DEEPEST} levels are allowed`);
  }
  const [variable, ...bodies] = args;
  if (typeof variable?.args === "string" && Object.hasOwn(VARIABLES, variable.args)) {
    throw new CelProblem(
      `${name}(${variable.args}, ...) hides ${variable.args}: take another name`,
    );
  }
  const bounded = bodies.map((body) => call(running.STEP, rewrite(body, depth + 1)));
  const walked = call(running.WALKED, rewrite(receiver, depth));
  return { op: "rcall", args: [name, walked, [variable, ...bounded]] };
}

function rewriteCall([name, args]: [string, readonly Node[]], depth: number): Node {
  const [first] = args;
  if (name === "quantity" && typeof first?.args === "string" && first.op === "value") {
    if (parseQuantity(first.args) === undefined) {
      throw new CelProblem(`'${first.args}' is no quantity: write 500m, 32Gi or 32G`);
    }
  }
  if (name !== "has" || first === undefined) {
    return call(name, ...args.map((each) => rewriteArgument(name, each, depth)));
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

function rewriteArgument(name: string, argument: Node, depth: number): Node {
  const rewritten = rewrite(argument, depth);
  if (name === "duration") return call(running.BRIEF, rewritten);
  return CONVERSIONS.has(name) ? counted(running.MEASURED, argument, rewritten) : rewritten;
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
function checkPattern(pattern: Node | undefined): void {
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
}

function call(name: string, ...args: readonly Node[]): Node {
  return { op: "call", args: [name, args] };
}
