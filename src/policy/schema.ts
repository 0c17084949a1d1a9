import { RULE_KINDS } from "../rules/index.ts";
import { ROLES } from "../spark/role.ts";
import { PLATFORM_SPEC_SCHEMA } from "./platform-schema.ts";
import { TEST_SPEC_SCHEMA } from "./test-schema.ts";

export const API_VERSION = "sparkgate.io/v1alpha1";

export type Schema = Readonly<Record<string, unknown>>;

const strings: Schema = { type: "array", items: { type: "string", minLength: 1 }, minItems: 1 };

const labelSelector: Schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    matchLabels: { type: "object", additionalProperties: { type: "string" } },
    matchExpressions: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["key", "operator"],
        properties: {
          key: { type: "string", minLength: 1 },
          operator: { enum: ["In", "NotIn", "Exists", "DoesNotExist"] },
          values: { type: "array", items: { type: "string" } },
        },
      },
    },
  },
};

const mode: Schema = { enum: ["Enforce", "Warn", "Audit"] };

const match: Schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    roles: { type: "array", minItems: 1, uniqueItems: true, items: { enum: ROLES } },
    namespaces: strings,
    namespaceSelector: labelSelector,
    objectSelector: labelSelector,
    matchConditions: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "expression"],
        properties: {
          name: { type: "string", minLength: 1, maxLength: 63 },
          expression: { type: "string", minLength: 1 },
        },
      },
    },
  },
};

/** The API server's own fields (uid, managedFields, …) are allowed, so that `kubectl get -o yaml` can be read. */
const metadata: Schema = {
  type: "object",
  required: ["name"],
  properties: {
    // What kubectl takes for a name (DNS-1123 subdomain); 63, since it is also a metric's label and an annotation's key.
    name: {
      type: "string",
      maxLength: 63,
      pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    },
  },
};

function documentSchema(spec: Schema): Schema {
  return {
    type: "object",
    additionalProperties: false,
    // apiVersion and kind are looked at before.
    required: ["metadata", "spec"],
    properties: { apiVersion: {}, kind: {}, metadata, spec, status: {} },
  };
}

/** The spec without its rule, whose block is validated by its own schema: a `oneOf` makes errors that nobody can read. */
const policySchema = documentSchema({
  type: "object",
  additionalProperties: false,
  properties: {
    description: { type: "string" },
    documentation: { type: "string" },
    mode,
    modeOverrides: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["mode"],
        properties: { mode, namespaces: strings, namespaceSelector: labelSelector },
      },
    },
    enforceFrom: { type: "string" },
    rollout: {
      type: "object",
      additionalProperties: false,
      required: ["percent"],
      properties: { percent: { type: "number", minimum: 0, maximum: 100 } },
    },
    priority: { type: "integer", minimum: -1_000_000, maximum: 1_000_000 },
    onError: { enum: ["Deny", "Allow"] },
    denyExecutors: { type: "boolean" },
    match,
    exclude: { ...match, minProperties: 1 },
    ...Object.fromEntries(RULE_KINDS.map((kind) => [kind.key, {}])),
  },
});

/** All mandatory: who asks for leave says for whom, from what, why, who answers for it, and until when. */
const exceptionSchema = documentSchema({
  type: "object",
  additionalProperties: false,
  required: ["subjects", "policies", "reason", "owner", "expiresAt"],
  properties: {
    subjects: { type: "array", minItems: 1, items: { ...match, minProperties: 1 } },
    policies: { ...strings, uniqueItems: true },
    reason: { type: "string", minLength: 1 },
    owner: { type: "string", minLength: 1 },
    expiresAt: { type: "string" },
  },
});

/** The kinds of documents, and the JSON Schema (2020-12) of each. */
export const DOCUMENT_SCHEMAS = {
  SparkPolicy: policySchema,
  SparkPlatform: documentSchema(PLATFORM_SPEC_SCHEMA),
  SparkPolicyException: exceptionSchema,
  SparkPolicyTest: documentSchema(TEST_SPEC_SCHEMA),
};

export type DocumentKind = keyof typeof DOCUMENT_SCHEMAS;

export const DOCUMENT_KINDS = Object.keys(DOCUMENT_SCHEMAS) as readonly DocumentKind[];
