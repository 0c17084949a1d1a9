import { RE2JS } from "re2js";
import { parseQuantity } from "../kubernetes/quantity.ts";
import { VARIABLES } from "./environment.ts";
import { CelProblem } from "./failure.ts";
import { isNode, type Node } from "./node.ts";
import { rewritePresence } from "./presence.ts";
import * as running from "./running.ts";
import { stepsOf } from "./weight.ts";

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
 * - what walks through lists counts its steps, what looks at strings and compares lists their size, and whatever asks
 *   for the type of a map its keys;
 * - `matches` goes to RE2, which is linear in the text where JavaScript's is exponential (`(a+)+$`);
 * - conversions and dates go to our own functions (conversions.ts, dates.ts);
 * - `has(a.b.c)` is false where `a.b` is missing or null, instead of an error (presence.ts).
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
      return rewriteOther(node, depth);
  }
}

function rewriteOther({ op, args }: Node, depth: number): Node {
  const typed = (each: Node) => counted(running.TYPED, each, rewrite(each, depth));
  const key = (each: Node) => counted(running.KEY, each, rewrite(each, depth));
  switch (op) {
    case "!_":
    case "-_":
      return { op, args: typed(args as Node) };
    case "-":
    case "*":
    case "/":
    case "%":
      return { op, args: (args as readonly Node[]).map(typed) };
    case "?:": {
      const [condition, ...branches] = args as [Node, Node, Node];
      return { op, args: [typed(condition), ...branches.map((each) => rewrite(each, depth))] };
    }
    case "map": {
      const pairs = args as readonly (readonly [Node, Node])[];
      for (const [{ op, args }] of pairs) if (op === "value") checkLiteralKey(args);
      return { op, args: pairs.map(([name, value]) => [key(name), rewrite(value, depth)]) };
    }
    case "[]":
    case "[?]": {
      const [owner, index] = args as [Node, Node];
      return swallowing({ op, args: [rewrite(owner, depth), key(index)] }, depth);
    }
    case "&&":
    case "||":
      return swallowing({ op, args: (args as readonly Node[]).map(typed) }, depth);
    default:
      return { op, args: rewriteAll(args, depth) };
  }
}

/** Has errors counted that an operator may swallow, where that may be once for each entry of a list. */
function swallowing(node: Node, depth: number): Node {
  if (depth === 0 || node.op === "[]") return node;
  if (node.op === "[?]") return call(running.MISSING, node);
  const [left, right] = node.args as readonly [Node, Node];
  return { op: node.op, args: [call(running.ATTEMPT, left), right] };
}

function rewriteAll(args: unknown, depth: number): unknown {
  if (Array.isArray(args)) return args.map((each: unknown) => rewriteAll(each, depth));
  return isNode(args) ? rewrite(args, depth) : args;
}

/** The library leaves these out of a map, as keys that are dangerous in JavaScript (operators.js safeFromEntries). */
function checkLiteralKey(key: unknown): void {
  if (key !== "constructor" && key !== "__proto__" && key !== "prototype") return;
  throw new CelProblem(`'${key}' cannot be a key of a map that is written out: use a list`);
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
      // In `a + b + c` each part is counted already.
      const isCounted = isShort || (op === "+" && each.op === "+");
      return counted(isCounted ? running.TYPED : macro, each, rewrite(each, depth));
    }),
  };
}

function rewriteMembership([left, right]: [Node, Node], depth: number): Node {
  const list = rewrite(right, depth);
  const isSimple = left.op === "value" || !LONG_VALUES.has(left.op);
  const macro = isSimple ? running.SOUGHT_IN : running.LOOKED_THROUGH;
  const sought = counted(running.COMPARED, left, rewrite(left, depth));
  return { op: "in", args: [sought, isWrittenOut(right) ? list : call(macro, list)] };
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
  const isWhole = WHOLE.has(name);
  const isPrefix = name === "startsWith" || name === "endsWith";
  const subject = counted(
    isWhole ? running.MEASURED : running.TYPED,
    receiver,
    rewrite(receiver, depth),
  );
  const parts = args.map((each) =>
    counted(isPrefix ? running.MEASURED : running.TYPED, each, rewrite(each, depth)),
  );
  // `getHours("Europe/Berlin")`, and the one that the library takes from the clock of its machine.
  const isOwn =
    running.OWN_METHODS.has(name) ||
    name === "getDayOfYear" ||
    (name.startsWith("get") && args.length > 0);
  return { op: "rcall", args: [isOwn ? running.OWN + name : name, subject, parts] };
}

/** Macros of optional values, which are what they are called on. */
const OPTIONAL_MACROS: ReadonlySet<string> = new Set(["or", "orValue"]);

function rewriteMethod(
  [name, receiver, args]: [string, Node, readonly Node[]],
  depth: number,
): Node {
  if (name === "matches") checkPattern(args[0]);
  if (OPTIONAL_MACROS.has(name)) {
    return { op: "rcall", args: [name, rewrite(receiver, depth), rewriteAll(args, depth)] };
  }
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
  const bounded = bodies.map((body) =>
    call(running.STEP, rewrite(body, depth + 1), { op: "value", args: BigInt(stepsOf(body)) }),
  );
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
  if (name === "has" && first !== undefined) return rewritePresence(first);
  const macro = CONVERSIONS.has(name) ? running.MEASURED : running.TYPED;
  const parts = args.map((each) => counted(macro, each, rewrite(each, depth)));
  return call(running.OWN_FUNCTIONS.has(name) ? running.OWN + name : name, ...parts);
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
