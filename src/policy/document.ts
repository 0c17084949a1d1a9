import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type ParsedNode,
  type Scalar,
} from "yaml";
import type { Problem } from "./problem.ts";

/** A text with documents in it: YAML with any number of them, or JSON, which is YAML too. */
export interface Source {
  /** As errors name it. */
  readonly file: string;
  readonly text: string;
  /** Came with Sparkgate: a document of the user's of the same kind and name may replace it. */
  readonly shipped?: boolean;
}

export type DocumentPath = readonly (string | number)[];

/** One document and where it stands. */
export interface SourceDocument {
  readonly source: Source;
  readonly value: unknown;
  /** Makes a problem with the place of what is at `path`, or of the nearest thing above it that is there. */
  readonly problem: (path: DocumentPath, message: string, at?: "key" | "value") => Problem;
  /** Unquoted words that YAML 1.1 reads as booleans: in a policy, whose fields are ours, they are refused. */
  readonly bareBooleans: () => readonly Problem[];
}

/** What kubectl, whose YAML is 1.1, reads as true or false, and YAML 1.2 as a string (go-yaml v2 resolve.go). */
const YAML_1_1_BOOLEANS = /^(?:y|yes|n|no|on|off)$/i;

/** Aliases are for people who repeat themselves; a document that unfolds to more is an attack. */
const MOST_ALIASES = 100;

/** Reads all documents of a source. A document with a problem in its YAML is left out. */
export function parseDocuments(source: Source): {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly Problem[];
} {
  const lines = new LineCounter();
  // Merge keys (<<), since kubectl reads them too.
  const options = { lineCounter: lines, prettyErrors: false, merge: true };
  const parsed = parseAllDocuments(source.text, options);
  const documents: SourceDocument[] = [];
  const problems: Problem[] = [];
  if (!Array.isArray(parsed)) return { documents, problems }; // an empty file
  for (const yaml of parsed) {
    const broken = syntaxProblems(source, yaml, lines);
    problems.push(...broken);
    if (broken.length > 0 || yaml.contents === null) continue;
    let value: unknown;
    try {
      value = yaml.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (error) {
      const offset = yaml.contents.range[0];
      problems.push(problemAt(source, lines, offset, "", messageOf(error)));
      continue;
    }
    if (value === null) continue; // nothing but comments
    documents.push(...expandList(documentOf(source, yaml, lines, value, [])));
  }
  return { documents, problems };
}

function syntaxProblems(
  source: Source,
  yaml: Document.Parsed,
  lines: LineCounter,
): readonly Problem[] {
  return yaml.errors.map((error) =>
    problemAt(source, lines, error.pos[0], "", `is not YAML: ${firstLine(error.message)}`),
  );
}

function bareBooleans(
  source: Source,
  yaml: Document.Parsed,
  lines: LineCounter,
): readonly Problem[] {
  const problems: Problem[] = [];
  visit(yaml, {
    Scalar: (_key, node) => {
      if (!isBare(node)) return;
      const word = node.source ?? "";
      const message = `bare ${word}: kubectl reads it as a boolean, YAML 1.2 does not; write "${word}", true or false`;
      problems.push(problemAt(source, lines, node.range?.[0] ?? 0, "", message));
    },
  });
  return problems;
}

function isBare(node: Scalar): boolean {
  return node.type === "PLAIN" && YAML_1_1_BOOLEANS.test(node.source ?? "");
}

function documentOf(
  source: Source,
  yaml: Document.Parsed,
  lines: LineCounter,
  value: unknown,
  root: DocumentPath,
): SourceDocument {
  return {
    source,
    value,
    problem: (path, message, at = "value") => {
      const offset = offsetOf(yaml.contents, [...root, ...path], at);
      return problemAt(source, lines, offset, pathText(path), message);
    },
    bareBooleans: () => bareBooleans(source, yaml, lines),
  };
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

function problemAt(
  source: Source,
  lines: LineCounter,
  offset: number,
  path: string,
  message: string,
): Problem {
  const { line, col } = lines.linePos(offset);
  return { file: source.file, line, column: col, path, message };
}

/** Follows `path` as far as it goes, and returns where that begins in the text. */
function offsetOf(root: ParsedNode | null, path: DocumentPath, at: "key" | "value"): number {
  let node: unknown = root;
  let offset = root?.range[0] ?? 0;
  for (const [index, part] of path.entries()) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(
        ({ key }) => isScalar(key) && String(key.value) === String(part),
      );
      if (pair === undefined) return offset;
      next = pair.value;
      const place = at === "key" && index === path.length - 1 ? pair.key : (next ?? pair.key);
      offset = startOf(place) ?? offset;
    } else if (isSeq(node)) {
      next = node.items[Number(part)];
      offset = startOf(next) ?? offset;
    } else {
      return offset;
    }
    node = next;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return undefined;
  return node.range?.[0];
}

/** `spec.match.roles[0]` */
function pathText(path: DocumentPath): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join("");
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? firstLine(error.message) : String(error);
}
