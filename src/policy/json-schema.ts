import { RULE_KINDS } from "../rules/index.ts";
import {
  API_VERSION,
  DOCUMENT_KINDS,
  DOCUMENT_SCHEMAS,
  type DocumentKind,
  type Schema,
} from "./schema.ts";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/**
 * The JSON Schema of one kind of document, whole: for editors, which know nothing of our way to validate the rule by
 * itself. A policy has exactly one of the rules.
 */
export function jsonSchemaOf(kind: DocumentKind): Schema {
  return { $schema: DRAFT, title: kind, ...bareSchemaOf(kind) };
}

/** The JSON Schema of all kinds: `kind` says which part counts. */
export function jsonSchema(): Schema {
  return {
    $schema: DRAFT,
    title: "Documents of Sparkgate",
    type: "object",
    required: ["apiVersion", "kind"],
    properties: { apiVersion: { const: API_VERSION }, kind: { enum: DOCUMENT_KINDS } },
    allOf: DOCUMENT_KINDS.map((kind) => ({
      if: { required: ["kind"], properties: { kind: { const: kind } } },
      then: bareSchemaOf(kind),
    })),
  };
}

function bareSchemaOf(kind: DocumentKind): Schema {
  const schema = DOCUMENT_SCHEMAS[kind] as {
    readonly properties: Schema & { readonly spec: Schema };
  };
  const spec =
    kind === "SparkPolicy" ? specWithRules(schema.properties.spec) : schema.properties.spec;
  const properties = {
    ...schema.properties,
    apiVersion: { const: API_VERSION },
    kind: { const: kind },
    spec,
  };
  return { ...schema, required: ["apiVersion", "kind", "metadata", "spec"], properties };
}

function specWithRules(spec: Schema): Schema {
  const properties = spec["properties"] as Schema;
  const rules = RULE_KINDS.map(({ key, schema, description }) => [key, { description, ...schema }]);
  return {
    ...spec,
    properties: { ...properties, ...(Object.fromEntries(rules) as Schema) },
    oneOf: RULE_KINDS.map(({ key }) => ({ required: [key] })),
  };
}
