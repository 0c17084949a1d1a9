/** A part of an expression: what the library's parser makes, and what we put around it. */
export interface Node {
  readonly op: string;
  readonly args: unknown;
}

/** Whether a value is a part of an expression. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
