import { LineCounter, parseAllDocuments, type Document } from "yaml";
import { offsetOf, pathText, problemAt, type DocumentPath } from "./place.ts";
import type { Problem } from "./problem.ts";
import { syntaxFault } from "./syntax-fault.ts";
import { bareBooleans, structureFaults, type Fault } from "./yaml-faults.ts";

export type { DocumentPath } from "./place.ts";

/** A text with documents in it: YAML with any number of them, or JSON, which is YAML too. */
export interface Source {
  /** As errors name it. */
  readonly file: string;
  readonly text: string;
  /** Came with Sparkgate: a document of the user's of the same kind and name may replace it. */
  readonly shipped?: boolean;
  /** Why there is no text: see `sourceOf`. */
  readonly unreadable?: Problem;
}

/** One document and where it stands. */
export interface SourceDocument {
  readonly source: Source;
  readonly value: unknown;
  /** Makes a problem with the place of what is at `path`, or of the nearest thing above it that is there. */
  readonly problem: (path: DocumentPath, message: string, at?: "key" | "value") => Problem;
  /** Unquoted words that YAML 1.1 reads as booleans: in a policy, whose fields are ours, they are refused. */
  readonly bareBooleans: () => readonly Problem[];
}

export interface ParsedDocuments {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly Problem[];
}

/** Aliases are for people who repeat themselves; a document that unfolds to more is an attack. */
const MOST_ALIASES = 100;

/** Levels of maps and lists, aliases unfolded. Kubernetes' own objects have some 40. */
const DEEPEST = 500;

/** Reads all documents of a source. A document with a problem in its YAML is left out. */
export function parseDocuments(source: Source): ParsedDocuments {
  const documents: SourceDocument[] = [];
  if (source.unreadable !== undefined) return { documents, problems: [source.unreadable] };
  const lines = new LineCounter();
  const parsed = parseAllDocuments(source.text, {
    lineCounter: lines,
    prettyErrors: false,
    // Merge keys (<<), since kubectl reads them too.
    merge: true,
    // See structureFaults, which tells both.
    uniqueKeys: false,
    logLevel: "error",
  });
  const problems: Problem[] = [];
  if (!Array.isArray(parsed)) return { documents, problems }; // an empty file
  for (const yaml of parsed) {
    const read = readDocument(source, yaml, lines);
    // One at a time: a file of a million null documents is more than a call takes arguments.
    for (const problem of read.problems) problems.push(problem);
    for (const document of read.documents) documents.push(document);
  }
  return { documents, problems };
}

function readDocument(source: Source, yaml: Document.Parsed, lines: LineCounter): ParsedDocuments {
  const nothing = { documents: [], problems: [] };
  const faultsAt = (faults: readonly Fault[]) =>
    faults.map(({ offset, path, message }) => problemAt(source, lines, offset, path, message));
  const [error] = yaml.errors;
  // Only the first: a blank too many makes an error of each word behind it.
  if (error !== undefined) {
    return { ...nothing, problems: faultsAt([syntaxFault(source.text, yaml, error)]) };
  }
  if (yaml.contents === null) return nothing;
  const faults = structureFaults(yaml);
  if (faults.length > 0) return { ...nothing, problems: faultsAt(faults) };
  const whole = (message: string) => ({
    ...nothing,
    problems: faultsAt([{ offset: yaml.contents?.range[0] ?? 0, path: [], message }]),
  });
  let value: unknown;
  try {
    value = yaml.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    return whole(messageOf(error));
  }
  if (value === null) return nothing; // nothing but comments
  if (isDeeper(value, DEEPEST)) return whole(`is nested more than ${DEEPEST} levels deep`);
  const document: SourceDocument = {
    source,
    value,
    problem: (path, message, at = "value") =>
      problemAt(source, lines, offsetOf(yaml.contents, path, at), path, message),
    bareBooleans: () => faultsAt(bareBooleans(yaml)),
  };
  return { documents: expandList(document), problems: [] };
}

/** Whether a value has more levels than that. Each map and list is looked at once for each level that it is on. */
function isDeeper(root: unknown, deepest: number): boolean {
  const seen = new Map<object, number>();
  const left: { readonly value: unknown; readonly level: number }[] = [{ value: root, level: 0 }];
  for (;;) {
    const next = left.pop();
    if (next === undefined) return false;
    const { value, level } = next;
    if (typeof value !== "object" || value === null || (seen.get(value) ?? -1) >= level) continue;
    if (level === deepest) return true;
    seen.set(value, level);
    for (const inner of Object.values(value)) left.push({ value: inner, level: level + 1 });
  }
}

/** `kubectl get -o yaml` puts several objects into one List. */
function expandList(document: SourceDocument): readonly SourceDocument[] {
  const { value } = document;
  if (typeof value !== "object" || value === null) return [document];
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(items)) {
    return [document];
  }
  return items.map((item: unknown, index) => ({
    source: document.source,
    value: item,
    problem: (path, message, at) => ({
      ...document.problem(["items", index, ...path], message, at),
      path: pathText(path),
    }),
    // The words of the whole List are told once.
    bareBooleans: index === 0 ? document.bareBooleans : () => [],
  }));
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^Excessive alias count/.test(message)
    ? "its aliases unfold to too much: write out what they stand for"
    : message;
}
