import type { ServerResponse } from "node:http";
import { oneLine } from "../engine/text.ts";

/** Longer than any line of ours. */
const LONGEST_LINE = 300;

/** Answers with one line of text. */
export function sendLine(response: ServerResponse, status: number, line: string): void {
  const text = `${oneLine(line, LONGEST_LINE)}\n`;
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}
