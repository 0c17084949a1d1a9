import { CelProblem } from "./failure.ts";
import { isNode, type Node } from "./node.ts";

/**
 * How tightly operators bind, as the library's parser reads them. Its own `serialize` drops the parentheses of
 * `10 - (5 - 2)` and cuts numbers after nine decimals.
 */
const PRECEDENCE: ReadonlyMap<string, number> = new Map(
  [
    ["?:"],
    ["||"],
    ["&&"],
    ["==", "!="],
    ["<", "<=", ">", ">=", "in"],
    ["+", "-"],
    ["*", "/", "%"],
    ["!_", "-_"],
  ].flatMap((operators, level) => operators.map((operator) => [operator, level] as const)),
);
const TERNARY = 0;
const UNARY = 7;
const POSTFIX = 8;

/**
 * Writes a tree as an expression that is parsed to the same tree.
 * @throws CelProblem where there is no such expression
 */
export function serialize(node: Node): string {
  const { op, args } = node;
  switch (op) {
    case "value":
      return literal(args);
    case "id":
      return String(args);
    case "!_":
    case "-_":
      return op.slice(0, 1) + within(args as Node, UNARY);
    case "?:": {
      const [condition, yes, no] = args as [Node, Node, Node];
      return `${within(condition, TERNARY + 1)} ? ${serialize(yes)} : ${serialize(no)}`;
    }
    case ".":
    case ".?": {
      const [owner, field] = args as [Node, string];
      return `${receiver(owner)}${op}${field}`;
    }
    case "[]":
    case "[?]": {
      const [owner, index] = args as [Node, Node];
      return `${receiver(owner)}${op.slice(0, -1)}${serialize(index)}]`;
    }
    default:
      return PRECEDENCE.has(op) ? binary(node) : aggregate(node);
  }
}

function binary({ op, args }: Node): string {
  const [left, right] = args as [Node, Node];
  const level = levelOf(op);
  // All of them group to the left: only there does a part of the same level go without parentheses.
  return `${within(left, level)} ${op} ${within(right, level + 1)}`;
}

function aggregate({ op, args }: Node): string {
  switch (op) {
    case "call": {
      const [name, parts] = args as [string, readonly Node[]];
      return `${name}(${listed(parts)})`;
    }
    case "rcall": {
      const [name, owner, parts] = args as [string, Node, readonly Node[]];
      return `${receiver(owner)}.${name}(${listed(parts)})`;
    }
    case "list":
      return `[${listed(args as readonly Node[])}]`;
    case "map": {
      const entries = args as readonly (readonly [Node, Node])[];
      return `{${entries.map(([key, value]) => `${serialize(key)}: ${serialize(value)}`).join(", ")}}`;
    }
    default:
      throw new CelProblem("cannot be compiled: simplify it");
  }
}

function listed(nodes: readonly Node[]): string {
  return nodes.map(serialize).join(", ");
}

function levelOf(op: string): number {
  return PRECEDENCE.get(op) ?? POSTFIX;
}

function within(node: Node, level: number): string {
  return levelOf(node.op) < level ? `(${serialize(node)})` : serialize(node);
}

/** A number in front of a point would be read on. */
function receiver(node: Node): string {
  return node.op === "value" ? `(${serialize(node)})` : within(node, POSTFIX);
}

function literal(value: unknown): string {
  switch (typeof value) {
    case "string":
      return stringLiteral(value);
    case "number":
      return /^-?\d+$/.test(String(value)) ? `${value}.0` : String(value);
    case "boolean":
    case "bigint":
      return String(value);
    default:
      if (value === null) return "null";
      if (value instanceof Uint8Array) return bytesLiteral(value);
      return `${unsigned(value)}u`;
  }
}

/** The library's UnsignedInt, which it does not export. */
function unsigned(value: unknown): bigint {
  const inner = typeof value === "object" ? value?.valueOf() : undefined;
  if (typeof inner !== "bigint") throw new CelProblem("cannot be compiled: simplify it");
  return inner;
}

function stringLiteral(text: string): string {
  if (!text.isWellFormed()) {
    throw new CelProblem("has half of a character in a string (a lone surrogate)");
  }
  const escaped = text.replace(/[\u0000-\u001f"'\\\u007f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}

function bytesLiteral(bytes: Uint8Array): string {
  return `b"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
}

/** Whether two trees say the same: what is run must be what was written. */
export function isSameTree(a: unknown, b: unknown): boolean {
  if (isNode(a) && isNode(b)) return a.op === b.op && isSameTree(a.args, b.args);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => isSameTree(each, b[index]));
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, index) => byte === b[index]);
  }
  if (typeof a === "object" && a !== null && typeof b === "object" && b !== null) {
    return a.constructor === b.constructor && Object.is(a.valueOf(), b.valueOf());
  }
  return Object.is(a, b);
}
