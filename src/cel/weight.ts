import { isNode, type Node } from "./node.ts";

/** Parts of an expression that are evaluated in one step, which takes a microsecond or two. */
const PARTS = 8;

/** Parts that a call counts for beside itself: it looks for what goes with the types of its arguments. */
const CALL = 4;
/** Those that read a text, or make an object of a class. */
const READING = 16;
const READERS: ReadonlySet<string> = new Set([
  ...["matches", "quantity", "timestamp", "duration", "int", "uint", "double", "bytes", "json"],
]);

/** Steps that one evaluation of a macro's body takes, what lists and maps it builds included. Macros within count for themselves. */
export function stepsOf(body: Node): number {
  return Math.ceil(partsOf(body) / PARTS);
}

/** Steps of an error, whose stack takes long. */
const ERROR = 12;

/** Steps of an error: it shows the place in the text, for which the library walks through that. */
export function errorStepsOf(tree: Node): number {
  return ERROR + Math.ceil(partsOf(tree) / 4);
}

function partsOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + partsOf(each), 0);
  if (!isNode(value)) return 0;
  const inner = partsOf(value.args);
  if (value.op !== "call" && value.op !== "rcall") return 1 + inner;
  const [name] = value.args as [string];
  return inner + (READERS.has(name) ? READING : CALL);
}
