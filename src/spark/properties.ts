/** An entry of a properties file. Of several with one key the last counts. */
export interface Property {
  readonly value: string;
  /** The line that it begins on, counted from 1. */
  readonly line: number;
}

/** What the JVM makes of a properties file: entries, or an IllegalArgumentException because of the entry that begins on `line`. */
export type Properties =
  | { readonly kind: "read"; readonly entries: ReadonlyMap<string, Property> }
  | { readonly kind: "malformed"; readonly line: number };

/** Lines that continue each other as one, without comments and blank lines; escapes are still in it. */
interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

const BACKSLASH = "\\";

const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|([^]))/g;

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["t", "\t"],
  ["n", "\n"],
  ["r", "\r"],
  ["f", "\f"],
]);

/**
 * Reads a properties file as `java.util.Properties.load(Reader)` of Java 17 does; never throws, linear in time.
 *
 * Values are the JVM's, with the blanks at their end; Spark trims them and drops keys of others: see `SparkConf`.
 * @returns the entries in the order in which their keys first come, or that a `\u` without four hex digits makes
 *   the JVM refuse the whole file ("Malformed \\uxxxx encoding.")
 */
export function parseProperties(text: string): Properties {
  const entries = new Map<string, Property>();
  for (const { text: logical, line } of logicalLines(text)) {
    const keyEnd = endOfKey(logical);
    const key = unescaped(logical.slice(0, keyEnd));
    const value = unescaped(logical.slice(startOfValue(logical, keyEnd)));
    if (key === undefined || value === undefined) return { kind: "malformed", line };
    entries.set(key, { value, line });
  }
  return { kind: "read", entries };
}

const ADDITION = "# sparkgate: ";

/** Whether anything has been added by `appendProperties` before a line. Who writes such a comment gains nothing by it. */
export function isBehindAddition(text: string, line: number): boolean {
  return text.split(/\r\n|\r|\n/, line).some((each) => each.startsWith(ADDITION));
}

/**
 * Adds entries behind a properties file, so that the JVM reads what it read before and these: the last of a key
 * counts, and nothing of the file is written anew. A file that is malformed stays so.
 * @param policy on whose behalf, told in a comment
 * @returns the text itself where there is nothing to add
 */
export function appendProperties(
  text: string,
  policy: string,
  entries: Iterable<readonly [key: string, value: string]>,
): string {
  const lines = writeProperties(entries);
  if (lines === "") return text;
  // Two newlines: the first is swallowed by a backslash at the end, or is a carriage return's.
  const between = endsInEmptyEntry(text) ? "\n=\n" : "\n\n";
  return `${text}${between}${ADDITION}${escaped(policy)}\n${lines}`;
}

/** Lines of a properties file, one for each entry, which the JVM reads as these. */
export function writeProperties(entries: Iterable<readonly [key: string, value: string]>): string {
  return Array.from(entries, ([key, value]) => `${escapeKey(key)}=${escapeValue(value)}\n`).join(
    "",
  );
}

/**
 * The JVM takes a lone backslash before the end of a file for an entry with an empty key (LineReader.readLine returns
 * a length of 0, not -1), and would not any more when lines followed.
 */
function endsInEmptyEntry(text: string): boolean {
  let last: string | undefined;
  for (const logical of logicalLines(text)) last = logical.text;
  return last === "";
}

function* logicalLines(text: string): Generator<LogicalLine> {
  let parts: string[] = [];
  let start = 0;
  let line = 0;
  let endsOpen = false;
  for (const { content, ending } of naturalLines(text)) {
    line++;
    // Also after a lone backslash: Java 17 asks whether anything stands in the line yet, Java 8 did not.
    if (parts.length === 0 && isCommentOrBlank(content)) {
      endsOpen = false;
      continue;
    }
    if (parts.length === 0) start = line;
    const continues = endsInBackslash(content);
    const part = continues ? content.slice(0, -1) : content;
    if (part !== "") parts.push(part);
    if (!continues) {
      yield { text: parts.join(""), line: start };
      parts = [];
    }
    // The line feed of a CRLF counts as text that follows, with nothing in it.
    endsOpen = continues && ending !== "\r\n";
  }
  if (parts.length > 0 || endsOpen) yield { text: parts.join(""), line: start };
}

interface NaturalLine {
  /** Without the blanks before it, which count nowhere. */
  readonly content: string;
  readonly ending: string;
}

function* naturalLines(text: string): Generator<NaturalLine> {
  let start = 0;
  for (const { 0: ending, index } of text.matchAll(/\r\n|\r|\n/g)) {
    yield { content: text.slice(skipBlanks(text, start), index), ending };
    start = index + ending.length;
  }
  if (start < text.length) yield { content: text.slice(skipBlanks(text, start)), ending: "" };
}

function isCommentOrBlank(content: string): boolean {
  return content === "" || content.startsWith("#") || content.startsWith("!");
}

/** By an odd number of them: two are an escaped one. */
function endsInBackslash(content: string): boolean {
  let start = content.length;
  while (content[start - 1] === BACKSLASH) start--;
  return (content.length - start) % 2 === 1;
}

function endOfKey(logical: string): number {
  let at = 0;
  while (at < logical.length) {
    if (isSeparator(logical[at]) || isBlank(logical[at])) return at;
    at += logical[at] === BACKSLASH ? 2 : 1;
  }
  return logical.length;
}

function startOfValue(logical: string, keyEnd: number): number {
  const at = skipBlanks(logical, keyEnd);
  return isSeparator(logical[at]) ? skipBlanks(logical, at + 1) : at;
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (isBlank(text[at])) at++;
  return at;
}

function isSeparator(character: string | undefined): boolean {
  return character === "=" || character === ":";
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\f";
}

/** Undefined for a `\u` without four hex digits. */
function unescaped(text: string): string | undefined {
  let plain = "";
  let start = 0;
  for (const { 0: escape, 1: hex, 2: character = "", index } of text.matchAll(ESCAPE)) {
    if (hex === undefined && character === "u") return undefined;
    const meant =
      hex === undefined
        ? (SHORT_ESCAPES.get(character) ?? character)
        : String.fromCharCode(Number.parseInt(hex, 16));
    plain += text.slice(start, index) + meant;
    start = index + escape.length;
  }
  return plain + text.slice(start);
}

function escapeKey(key: string): string {
  return escaped(key).replace(/[ =:#!]/g, (character) => BACKSLASH + character);
}

/** Only a blank at the very start is lost; separators are not looked for behind the first. */
function escapeValue(value: string): string {
  return escaped(value).replace(/^ /, "\\ ");
}

/** In one line of ASCII. */
function escaped(text: string): string {
  return text
    .replaceAll(BACKSLASH, "\\\\")
    .replaceAll("\t", "\\t")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\f", "\\f")
    .replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
    );
}
