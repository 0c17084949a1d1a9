import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { RuleKind } from "../engine/rule-kind.ts";
import type { DocumentPath, SourceDocument } from "./document.ts";
import { PATTERNS } from "./patterns.ts";
import { MOST_PROBLEMS, nearMiss, withRest, type Problem } from "./problem.ts";
import { DOCUMENT_SCHEMAS, type DocumentKind, type Schema } from "./schema.ts";
import { shown } from "./shown.ts";

/**
 * Policies are the platform team's own, and all that is wrong is to be told at once. That the schemas themselves are
 * right is a test's business: checking them here would double the time to start.
 */
const ajv = new Ajv2020({
  allErrors: true,
  verbose: true,
  validateSchema: false,
  meta: false,
  allowUnionTypes: true,
  // It runs once for each document: what optimizing the code takes is never won back.
  code: { optimize: false },
});

// Ajv's own compares each entry with each other, which takes minutes for as many as fit in a megabyte.
ajv.removeKeyword("uniqueItems");
ajv.addKeyword({
  keyword: "uniqueItems",
  type: "array",
  validate: (wanted: boolean, entries: readonly unknown[]) =>
    !wanted || new Set(entries.map((entry) => JSON.stringify(entry))).size === entries.length,
});

const compiled = new Map<Schema, ValidateFunction>();

/** Compiled when first needed, so that a command without policies starts without. */
function validatorOf(schema: Schema): ValidateFunction {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const validator = ajv.compile({ ...schema });
  compiled.set(schema, validator);
  return validator;
}

/** What is wrong with a document of this kind, its rule left aside. */
export function documentProblems(kind: DocumentKind, document: SourceDocument): readonly Problem[] {
  return problemsOf(DOCUMENT_SCHEMAS[kind], document.value, document, []);
}

/** What is wrong with a policy's rule block. */
export function ruleProblems(
  kind: RuleKind,
  block: unknown,
  document: SourceDocument,
): readonly Problem[] {
  return problemsOf(kind.schema, block, document, ["spec", kind.key]);
}

function problemsOf(
  schema: Schema,
  value: unknown,
  document: SourceDocument,
  root: DocumentPath,
): readonly Problem[] {
  const validate = validatorOf(schema);
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  const told = errors.slice(0, MOST_PROBLEMS).map((error) => {
    const path = [...root, ...pathOf(error.instancePath, value)];
    return explain(error, document, path);
  });
  return withRest(told, errors.length);
}

function explain(error: ErrorObject, document: SourceDocument, path: DocumentPath): Problem {
  const params = error.params as Readonly<Record<string, unknown>>;
  const tell = (wanted: string) => document.problem(path, `found ${shown(error.data)}, ${wanted}`);
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(params["additionalProperty"]);
      const allowed = Object.keys((error.parentSchema?.["properties"] as Schema | undefined) ?? {});
      const message = `unknown key${nearMiss(key, allowed)} (allowed: ${allowed.join(", ")})`;
      return document.problem([...path, key], message, "key");
    }
    case "required":
      return document.problem(path, `${String(params["missingProperty"])} is missing`);
    case "enum": {
      const allowed = (params["allowedValues"] as readonly unknown[]).map(String);
      const hint = typeof error.data === "string" ? nearMiss(error.data, allowed) : "";
      return tell(`allowed: ${allowed.join(", ")}${hint}`);
    }
    case "type": {
      const types = [params["type"]].flat().join(" or ");
      return tell(`must be of type ${types}${writtenAs(error.data, types, error.parentSchema)}`);
    }
    case "pattern":
      return tell(PATTERNS.get(params["pattern"]) ?? error.message ?? "is not allowed");
    case "uniqueItems":
      return tell("must not have the same entry twice");
    default:
      return tell(error.message ?? "is not allowed");
  }
}

/** How to write what was probably meant: a scalar in quotes, or under the one key that its map needs. */
function writtenAs(found: unknown, types: string, schema: Schema | undefined): string {
  if (!["number", "boolean", "string"].includes(typeof found)) return "";
  const required = (schema?.["required"] ?? []) as readonly string[];
  const [key, ...others] = required;
  if (types === "object" && key !== undefined && others.length === 0) {
    return `; write {${key}: ${shown(found)}}`;
  }
  return types === "string" ? `; write "${String(found)}"` : "";
}

/** A number is the place in a list, or else a key. */
function pathOf(instancePath: string, root: unknown): DocumentPath {
  let value = root;
  return instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => {
      const key = Array.isArray(value) ? Number(part) : part;
      value = (value as Readonly<Record<string | number, unknown>>)[key];
      return key;
    });
}
