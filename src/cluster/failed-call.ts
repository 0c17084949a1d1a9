import { oneLine } from "../engine/text.ts";
import { isRecord, valueAt } from "../kubernetes/json.ts";

const LONGEST = 200;

/** The HTTP status with which the API server refused a call; undefined where it did not answer. */
export function statusOf(error: unknown): number | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "number" ? code : undefined;
}

/** Why a call failed, in a line: the client's own messages hold headers and whole bodies. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { code, statusCode, body, cause } = error as Error & {
    readonly code?: number | string;
    readonly statusCode?: number;
    readonly body?: unknown;
  };
  const [firstLine = ""] = (cause instanceof Error ? cause : error).message.split("\n");
  return oneLine(`${code ?? statusCode ?? ""} ${messageIn(body) ?? firstLine}`.trim(), LONGEST);
}

/** The message of a `Status`, which the client leaves as text where it did not expect one. */
function messageIn(body: unknown): string | undefined {
  const message = valueAt(typeof body === "string" ? parsed(body) : body, "message");
  return typeof message === "string" && message !== "" ? message : undefined;
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
