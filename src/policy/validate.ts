import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { RuleKind } from "../engine/rule-kind.ts";
import type { DocumentPath, SourceDocument } from "./document.ts";
import { nearMiss, type Problem } from "./problem.ts";
import { DOCUMENT_SCHEMAS, type DocumentKind, type Schema } from "./schema.ts";

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
  return (validate.errors ?? []).map((error) => explain(error, document, root));
}

function explain(error: ErrorObject, document: SourceDocument, root: DocumentPath): Problem {
  const path = [...root, ...pathOf(error.instancePath)];
  const params = error.params as Readonly<Record<string, unknown>>;
  const found = shown(error.data);
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
      return document.problem(path, `found ${found}, allowed: ${allowed.join(", ")}${hint}`);
    }
    case "type":
      return document.problem(path, `found ${found}, must be of type ${String(params["type"])}`);
    case "pattern":
      return document.problem(path, `found ${found}, must be lower-case letters, digits, - and .`);
    default:
      return document.problem(path, `found ${found}, ${error.message ?? "is not allowed"}`);
  }
}

function pathOf(instancePath: string): DocumentPath {
  return instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** A value for an error: short ones as they are. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
