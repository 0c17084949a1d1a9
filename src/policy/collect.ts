import { isRecord } from "../kubernetes/json.ts";
import { RULE_KINDS } from "../rules/index.ts";
import { parseDocuments, type Source, type SourceDocument } from "./document.ts";
import { platformProblems } from "./platform.ts";
import { nearMiss, type Problem } from "./problem.ts";
import { API_VERSION, DOCUMENT_KINDS, type DocumentKind } from "./schema.ts";
import { shown } from "./shown.ts";
import { momentProblems } from "./test-moments.ts";
import { documentProblems, ruleProblems } from "./validate.ts";

/** A document whose shape is known. */
export interface NamedDocument {
  readonly name: string;
  readonly document: SourceDocument;
}

/**
 * Reads all documents of all sources, and keeps those that fit their schemas, by kind.
 * @param broken takes in `KIND/NAME` of the others: that they are not there is no further problem of who names them
 */
export function collectDocuments(
  sources: readonly Source[],
  problems: Problem[],
  broken = new Set<string>(),
): Readonly<Record<DocumentKind, readonly NamedDocument[]>> {
  const named: Record<DocumentKind, NamedDocument[]> = {
    SparkPolicy: [],
    SparkPlatform: [],
    SparkPolicyException: [],
    SparkPolicyTest: [],
  };
  for (const source of sources) {
    const parsed = parseDocuments(source);
    // One at a time: there may be more than a call takes arguments.
    for (const problem of parsed.problems) problems.push(problem);
    if (parsed.documents.length + parsed.problems.length === 0) problems.push(emptiness(source));
    for (const document of parsed.documents) {
      const before = problems.length;
      const kind = kindOf(document, problems);
      if (kind === undefined) continue;
      const bare = document.bareBooleans();
      const others = [...documentProblems(kind, document), ...blockProblems(kind, document)];
      problems.push(...bare, ...others.filter((problem) => !bare.some(isAtPlaceOf(problem))));
      if (problems.length === before) problems.push(...furtherProblems(kind, document));
      const name = nameOf(document);
      if (problems.length === before) named[kind].push({ name: name ?? "", document });
      else broken.add(`${kind}/${name ?? ""}`);
    }
  }
  return named;
}

/** What a schema cannot say, and is told without the other documents. */
function furtherProblems(kind: DocumentKind, document: SourceDocument): readonly Problem[] {
  if (kind === "SparkPlatform") return platformProblems(document);
  return kind === "SparkPolicyTest" ? momentProblems(document) : [];
}

/** A policy that was emptied by mistake would be switched off, and nobody told. */
function emptiness({ file }: Source): Problem {
  const message = `has no document in it, needs one of: ${DOCUMENT_KINDS.join(", ")}`;
  return { file, line: 1, column: 1, path: "", message };
}

/** What a bare boolean is taken for is no second problem. */
function isAtPlaceOf({ line, column }: Problem): (other: Problem) => boolean {
  return (other) => other.line === line && other.column === column;
}

function kindOf(document: SourceDocument, problems: Problem[]): DocumentKind | undefined {
  const { value } = document;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push(document.problem([], `must be an object with apiVersion, kind, metadata, spec`));
    return undefined;
  }
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown };
  const known = DOCUMENT_KINDS.find((candidate) => candidate === kind);
  if (known === undefined) problems.push(unknownKind(value, document));
  else if (apiVersion !== API_VERSION) {
    const found =
      typeof apiVersion === "string" ? `'${apiVersion.slice(0, 100)}'` : shown(apiVersion);
    problems.push(document.problem(["apiVersion"], `found ${found}, must be ${API_VERSION}`));
  }
  return known;
}

function unknownKind(value: object, document: SourceDocument): Problem {
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  // No schema is looked at without a kind, so what is nearly this key is told here.
  const misspelt = Object.keys(value).find((key) => nearMiss(key, ["kind"]) !== "");
  if (kind === undefined && misspelt !== undefined) {
    return document.problem([misspelt], "unknown key; did you mean 'kind'?", "key");
  }
  const allowed = `allowed: ${DOCUMENT_KINDS.join(", ")}`;
  if (typeof kind !== "string") {
    return document.problem(["kind"], `found ${shown(kind)}, ${allowed}`);
  }
  if (kind.endsWith("List")) {
    return document.problem(["items"], `found ${shown(items)}, must be of type array`);
  }
  const hint = nearMiss(kind, DOCUMENT_KINDS);
  return document.problem(["kind"], `unknown kind '${kind.slice(0, 100)}', ${allowed}${hint}`);
}

/** What is wrong with a policy's rule, whatever else is wrong with the policy: there is exactly one, and it fits its schema. */
function blockProblems(kind: DocumentKind, document: SourceDocument): readonly Problem[] {
  const { spec } = document.value as { spec?: unknown };
  if (kind !== "SparkPolicy" || !isRecord(spec)) return [];
  const present = RULE_KINDS.filter(({ key }) => Object.hasOwn(spec, key));
  const [first, second] = present;
  if (first === undefined) {
    const keys = RULE_KINDS.map(({ key }) => key).join(", ");
    return [document.problem(["spec"], `has no rule, needs exactly one of: ${keys}`)];
  }
  const problems = present.flatMap((rule) => ruleProblems(rule, spec[rule.key], document));
  if (second === undefined) return problems;
  const keys = present.map(({ key }) => key).join(" and ");
  const message = `a policy has exactly one rule, this one has ${keys}: write one policy for each`;
  return [...problems, document.problem(["spec", second.key], message, "key")];
}

function nameOf({ value }: SourceDocument): string | undefined {
  const metadata = isRecord(value) ? value["metadata"] : undefined;
  const name = isRecord(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" ? name : undefined;
}

/** One document a name. A user's replaces the shipped one; two of the user's are a mistake in both. */
export function uniqueDocuments(
  entries: readonly NamedDocument[],
  problems: Problem[],
): readonly NamedDocument[] {
  const kept = new Map<string, NamedDocument>();
  for (const entry of entries) {
    const other = kept.get(entry.name);
    if (other === undefined || (other.document.source.shipped && !entry.document.source.shipped)) {
      kept.set(entry.name, entry);
    } else if (entry.document.source.shipped === other.document.source.shipped) {
      const { file, line } = other.document.problem(["metadata", "name"], "");
      const message = `'${entry.name}' is a duplicate: also at ${file}:${line}`;
      problems.push(entry.document.problem(["metadata", "name"], message));
    }
  }
  return [...kept.values()];
}
