import { isScalar, visit, type Document, type YAMLParseError } from "yaml";
import { startOf } from "./place.ts";
import type { Fault } from "./yaml-faults.ts";

/** What the parser says of a text that is no YAML, and what is mostly meant. It has no path: there is no document. */
export function syntaxFault(
  text: string,
  yaml: Document.Parsed,
  { message, pos: [at] }: Pick<YAMLParseError, "message" | "pos">,
): Fault {
  if (/call stack/.test(message)) return { offset: at, path: [], message: "is nested too deeply" };
  const what = withoutText(message.split("\n", 1)[0] ?? "");
  // A quote that stays open is missed at the end of the file.
  const offset = what.startsWith("Missing closing") ? (lastQuoted(yaml, at) ?? at) : at;
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1).split("\n", 1)[0] ?? "";
  return { offset, path: [], message: `is not YAML: ${what}${hintOf(what, line)}` };
}

/** Several of the parser's messages end with what it found, or have it within: it may be a password. */
const FOUND: readonly (readonly [message: RegExp, without: string])[] = [
  [/(?<=\w): .*$/, ""],
  [/^(Unknown directive|Unsupported YAML version) .*$/, "$1"],
  [/^The .* tag has no suffix$/, "The tag has no suffix"],
  [/, so .* is invalid\.$/, ""],
  [/^(Invalid escape sequence \\.).*$/, "$1"],
];

function withoutText(message: string): string {
  return FOUND.reduce((text, [found, without]) => text.replace(found, without), message);
}

function hintOf(what: string, line: string): string {
  // A placeholder of ours, or a Helm template before it is rendered.
  if (/(?:^|[-:,[{])\s*\{\{/.test(line)) return "; text that begins with {{ needs quotes";
  if (/(?:^|[-:,[{])\s*!/.test(line)) return "; text that begins with ! needs quotes";
  if (/^Unexpected|same column|indent|as an implicit/i.test(what))
    return "; is the line indented as those beside it?";
  return what.startsWith("Nested mappings") ? "; text with a colon and a blank needs quotes" : "";
}

/** Where the last text in quotes begins that stands before an offset. */
function lastQuoted(yaml: Document.Parsed, before: number): number | undefined {
  let last: number | undefined;
  visit(yaml, (_key, node) => {
    if (!isScalar(node) || node.type?.startsWith("QUOTE") !== true) return;
    const start = startOf(node);
    if (start !== undefined && start < before) last = start;
  });
  return last;
}
