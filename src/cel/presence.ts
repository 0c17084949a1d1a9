import { VARIABLES } from "./environment.ts";
import { CelProblem } from "./failure.ts";
import type { Node } from "./node.ts";
import { NOT_NULL } from "./running.ts";
import { serialize } from "./serialize.ts";

/**
 * `has(a.b.c)` as it is run: `has(a.b) && notNull(a.b) && has(a.b.c) …`, false where `a.b` is missing or null.
 * @throws CelProblem where it asks for something else than a field by its name
 */
export function rewritePresence(asked: Node): Node {
  checkIsChain(asked);
  const isTyped = typeof VARIABLES[rootOf(asked)] === "object";
  const steps = selections(asked).flatMap((selection) => [
    call("has", selection),
    // To the API server a null is an absent field; in a file somebody may have left one.
    ...(isTyped ? [] : [call(NOT_NULL, selection)]),
  ]);
  return steps.reduce((left, right) => ({ op: "&&", args: [left, right] }));
}

function checkIsChain(asked: Node): void {
  if (asked.op !== "." && asked.op !== ".?") {
    throw new CelProblem(
      'has() asks for a field by its name, has(a.b); for a key as "a/b": "a/b" in object.metadata.labels',
    );
  }
  let tail = "";
  for (let inner = asked; inner.op !== "id";) {
    if (inner.op === ".?") {
      throw new CelProblem(
        `has() takes a.b, without ?: has(${plain(asked)}), which is false where any of it is missing`,
      );
    }
    const [owner, field] = inner.args as [Node, string];
    tail = `.${field}${tail}`;
    if (owner.op !== "id" && owner.op !== "." && owner.op !== ".?") {
      const entry =
        owner.op === "[]"
          ? `; of some entry of a list: ${listOf(owner)}.exists(e, has(e${tail})); of one by its place: ${serialize(owner)}${tail.replaceAll(".", ".?")}.hasValue()`
          : "";
      throw new CelProblem(`has() takes a chain of fields from a variable, has(a.b.c)${entry}`);
    }
    inner = owner;
  }
}

/** A chain as it is to be written. */
function plain(node: Node): string {
  return serialize(node).replaceAll(".?", ".");
}

function listOf({ args }: Node): string {
  return serialize((args as [Node])[0]);
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

function call(name: string, argument: Node): Node {
  return { op: "call", args: [name, [argument]] };
}
