import { EvaluationError, TypeError, type Environment } from "@marcbachmann/cel-js";
import { closest, distance } from "fastest-levenshtein";
import { VARIABLES, type Fields } from "./environment.ts";
import { CelFailure, celFailure, CelProblem } from "./failure.ts";
import { isNode, type Node } from "./node.ts";
import { OWN } from "./running.ts";
import { serialize } from "./serialize.ts";

/** What is to be told of a text that cannot be parsed. */
export function syntaxProblemOf(error: unknown): CelProblem {
  const { summary, range } = error as { summary?: string; range?: { start: number } };
  const what = summary ?? (error instanceof Error ? error.message : String(error));
  const reserved = /^Reserved identifier: namespace$/.test(what)
    ? "; the namespace is namespaceObject, its name request.namespace"
    : "";
  const escape = /^Invalid escape sequence/.test(what)
    ? "; write r'...' for a text in which \\ is no escape, as patterns are"
    : "";
  return new CelProblem(`is not CEL: ${what}${reserved}${placeOf(range)}${escape}`);
}

function placeOf(range: { readonly start: number } | undefined): string {
  return range === undefined ? "" : ` (at character ${range.start + 1})`;
}

/** What is to be told of an expression whose types do not go together. */
export function problemOf(error: Error, environment: Environment): CelProblem {
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
  const selection = node && selectionOf(node);
  if (error.code === "no_such_key" && selection !== undefined) {
    return noSuchField(selection.owner, selection.field, place);
  }
  return new CelProblem(`${typeNames(error.summary)}${place}${hintOf(error, node, environment)}`);
}

/** What was probably meant. */
function hintOf(error: TypeError, node: Node | undefined, environment: Environment): string {
  if (error.code === "no_such_overload" && /\bQuantity\b/.test(error.summary)) {
    return "; quantities are compared with isGreaterThan, isLessThan or compareTo";
  }
  const [name] = Array.isArray(node?.args) ? (node.args as unknown[]) : [];
  if (error.code !== "no_matching_overload" || typeof name !== "string") return "";
  const { functions } = environment.getDefinitions();
  const isMethod = node?.op === "rcall";
  const names = functions
    .filter((each) => (each.receiverType !== null) === isMethod)
    .map((each) => each.name);
  if (names.includes(name) || name.length > LONGEST_SLIP) return "";
  // Letters' case is the commonest slip, so it does not count.
  const lower = name.toLowerCase();
  const nearest = closest(
    lower,
    names.map((each) => each.toLowerCase()),
  );
  const meant = names.find((each) => each.toLowerCase() === nearest);
  const isNear = distance(lower, nearest) <= Math.max(1, nearest.length / 3);
  return meant !== undefined && isNear ? `; did you mean '${meant}'?` : "";
}

/** Longer names are no slip of anything. */
const LONGEST_SLIP = 40;

function noSuchField(owner: Node, field: string, place: string): CelProblem {
  const message = `${serialize(owner)} has no field ${field}${place}`;
  return new CelProblem(message, field, Object.keys(fieldsOf(owner) ?? {}));
}

/** What is selected of what, by a name that is written out: `a.b`, `a.?b`, `a["b"]`, `a[?"b"]`. */
function selectionOf({
  op,
  args,
}: Node): { readonly owner: Node; readonly field: string } | undefined {
  if (![".", ".?", "[]", "[?]"].includes(op)) return undefined;
  const [owner, key] = args as [Node, Node | string];
  const field: unknown = typeof key === "string" || key.op !== "value" ? key : key.args;
  return typeof field === "string" ? { owner, field } : undefined;
}

/** The library does not look into `has()` and optional fields, where a misspelt field would be absent for ever. */
export function checkFields(node: unknown): void {
  if (Array.isArray(node)) node.forEach(checkFields);
  if (!isNode(node)) return;
  const selection = selectionOf(node);
  const fields = selection && fieldsOf(selection.owner);
  if (selection !== undefined && fields !== undefined && !Object.hasOwn(fields, selection.field)) {
    const { owner, field } = selection;
    throw noSuchField(owner, field, placeOf(node as Node & { readonly start: number }));
  }
  checkFields(node.args);
}

/** The declared fields of what a chain of selections leads to. */
function fieldsOf(node: Node): Fields | undefined {
  if (node.op === "id") {
    const declared = VARIABLES[String(node.args)];
    return typeof declared === "object" ? declared : undefined;
  }
  const selection = selectionOf(node);
  if (selection === undefined) return undefined;
  const declared = fieldsOf(selection.owner)?.[selection.field];
  return typeof declared === "object" ? declared : undefined;
}

/** Codes of the library whose text names types alone. Others may quote a value, which may be a secret. */
const HARMLESS: ReadonlySet<string> = new Set([
  "no_such_overload",
  "no_matching_overload",
  "variable_type_mismatch",
  "invalid_comprehension_range",
  "unknown_variable",
]);

/** What is to be told of an expression that has no value, without any of the object's values. */
export function failureOf(error: unknown): CelFailure {
  if (error instanceof CelFailure) return error;
  if (!(error instanceof EvaluationError)) return celFailure("could not be evaluated");
  const node = error.node as Node | undefined;
  if (error.code === "no_such_key") return celFailure(`no such key${keyOf(node)}`);
  if (HARMLESS.has(error.code)) return celFailure(typeNames(error.summary));
  return celFailure(error.code.replaceAll("_", " "));
}

/** The key that is written in the policy, and how to ask for it; one that was computed may be anything. */
function keyOf(node: Node | undefined): string {
  if (node?.op !== "." && node?.op !== "[]") return "";
  const [, key] = node.args as [Node, Node | string];
  if (typeof key === "string") return ` '${key}': ask with has()`;
  return key.op === "value" && typeof key.args === "string"
    ? ` '${key.args}': ask with '${key.args}' in ...`
    : "";
}

/** The library's words, our types by the names that policies have for them. */
function typeNames(text: string): string {
  const named = text
    .replace(/\$(?=[A-Za-z])/g, "")
    .replaceAll(`.${OWN}`, ".")
    .replaceAll(`'${OWN}`, "'");
  return named.slice(0, 1).toLowerCase() + named.slice(1);
}
