import { compileExpression, fullAllowance, type Variables } from "./expression.ts";
import { CelFailure } from "./failure.ts";
import { partsOfTemplate } from "./template.ts";

/** A text with `{{expression}}`s in it, compiled. */
export interface Message {
  /** The variables that its expressions name. */
  readonly names: ReadonlySet<string>;
  /** The text for an object. Never throws: a value that is not to be had is told as `(not known)`. */
  readonly render: (variables: Variables) => string;
}

/** Characters of one value in a message. */
const LONGEST_VALUE = 120;

/**
 * Compiles a message such as `{{object.metadata.name}} runs in {{request.namespace}}`.
 * @throws CelProblem where braces do not pair, or an expression between them is none
 */
export function compileMessage(text: string): Message {
  const parts = partsOfTemplate(text).map((part) =>
    typeof part === "string" ? part : compileExpression(part.inner.trim(), "any"),
  );
  const names = new Set(parts.flatMap((part) => (typeof part === "string" ? [] : [...part.names])));
  return {
    names,
    render: (variables) => {
      // Of all together: each of twenty expressions may take as long as one.
      const allowance = fullAllowance();
      return parts
        .map((part) =>
          typeof part === "string" ? part : shown(() => part.evaluate(variables, allowance)),
        )
        .join("");
    },
  };
}

function shown(evaluate: () => unknown): string {
  let value: unknown;
  try {
    value = evaluate();
  } catch (error) {
    if (error instanceof CelFailure) return "(not known)";
    throw error;
  }
  const text = textOf(value, LONGEST_VALUE + 1);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 3)}...` : text;
}

/** The beginning of a value's text: one list may be a million times in another. */
function textOf(value: unknown, longest: number): string {
  if (typeof value === "string") return value.slice(0, longest);
  if (typeof value === "bigint" || typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  if (Array.isArray(value)) return listText(value, longest);
  if (value instanceof Date) return value.toISOString().replace(".000Z", "Z");
  return value === null ? "null" : (ownText(value) ?? "(an object)");
}

/** Of a duration, a uint, a quantity: their classes say how they are written. Bytes may be as many as there are. */
function ownText(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return undefined;
  const prototype = Object.getPrototypeOf(value) as { toString?: (this: unknown) => string } | null;
  if (prototype === null || !Object.hasOwn(prototype, "toString")) return undefined;
  return prototype === Object.prototype ? undefined : prototype.toString?.call(value);
}

function listText(list: readonly unknown[], longest: number): string {
  let text = "";
  for (const [index, each] of list.entries()) {
    if (text.length >= longest) break;
    if (index > 0) text += ", ";
    text += textOf(each, Math.max(0, longest - text.length));
  }
  return text;
}
