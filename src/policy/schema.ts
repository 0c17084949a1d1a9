import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { RuleKind } from "../engine/rule-kind.ts";
import { RULE_KINDS } from "../rules/index.ts";
import { ROLES } from "../spark/role.ts";
import type { DocumentPath, SourceDocument } from "./document.ts";
import { nearMiss, type Problem } from "./problem.ts";

export const API_VERSION = "sparkgate.io/v1alpha1";

type Schema = Readonly<Record<string, unknown>>;

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

const match: Schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    roles: { type: "array", minItems: 1, uniqueItems: true, items: { enum: ROLES } },
    namespaces: strings,
    objectSelector: labelSelector,
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
    mode: { enum: ["Enforce", "Warn", "Audit"] },
    priority: { type: "integer", minimum: -1_000_000, maximum: 1_000_000 },
    onError: { enum: ["Deny", "Allow"] },
    denyExecutors: { type: "boolean" },
    match,
    exclude: { ...match, minProperties: 1 },
    ...Object.fromEntries(RULE_KINDS.map((kind) => [kind.key, {}])),
  },
});

const requirements: Schema = {
  type: "array",
  minItems: 1,
  items: {
    type: "object",
    additionalProperties: false,
    required: ["key", "operator"],
    properties: {
      key: { type: "string", minLength: 1 },
      operator: { enum: ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] },
      values: { type: "array", items: { type: "string" } },
    },
  },
};

const platformSchema = documentSchema({
  type: "object",
  additionalProperties: false,
  required: ["capacities", "capacityKeys"],
  properties: {
    description: { type: "string" },
    capacityKeys: { ...strings, uniqueItems: true },
    capacities: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "nodeSelectorTerms"],
        properties: {
          name: { type: "string", minLength: 1 },
          nodeSelectorTerms: {
            type: "array",
            minItems: 1,
            items: {
              type: "object",
              additionalProperties: false,
              required: ["matchExpressions"],
              properties: { matchExpressions: requirements },
            },
          },
          tolerations: {
            type: "array",
            items: {
              type: "object",
              additionalProperties: false,
              // Without a key a toleration tolerates every taint: not-ready, disk pressure, a node being drained.
              required: ["key"],
              properties: {
                key: { type: "string", minLength: 1 },
                operator: { enum: ["Equal", "Exists"] },
                value: { type: "string" },
                effect: { enum: ["NoSchedule", "PreferNoSchedule", "NoExecute"] },
              },
            },
          },
          interruptionNoticeSeconds: { type: "integer", minimum: 0 },
        },
      },
    },
  },
});

/** Policies are the platform team's own, and all that is wrong is to be told at once. */
const ajv = new Ajv2020({ allErrors: true, verbose: true });

const validators = {
  SparkPolicy: ajv.compile(policySchema),
  SparkPlatform: ajv.compile(platformSchema),
} satisfies Record<string, ValidateFunction>;

const ruleValidators = new Map(
  RULE_KINDS.map((kind) => [kind.key, ajv.compile({ ...kind.schema })]),
);

export type DocumentKind = keyof typeof validators;

export const DOCUMENT_KINDS = Object.keys(validators) as readonly DocumentKind[];

/** What is wrong with a document of this kind, its rule left aside. */
export function documentProblems(kind: DocumentKind, document: SourceDocument): readonly Problem[] {
  return problemsOf(validators[kind], document.value, document, []);
}

/** What is wrong with a policy's rule block. */
export function ruleProblems(
  kind: RuleKind,
  block: unknown,
  document: SourceDocument,
): readonly Problem[] {
  const validate = ruleValidators.get(kind.key);
  return validate === undefined ? [] : problemsOf(validate, block, document, ["spec", kind.key]);
}

function problemsOf(
  validate: ValidateFunction,
  value: unknown,
  document: SourceDocument,
  root: DocumentPath,
): readonly Problem[] {
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
