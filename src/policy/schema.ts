import { NAME_PATTERN } from "../kubernetes/label-syntax.ts";
import { RULE_KINDS } from "../rules/index.ts";
import { SURFACES } from "../spark/subject.ts";
import { ROLES } from "../spark/role.ts";
import { NAMESPACE_GLOB_PATTERN, NOT_BLANK_PATTERN } from "./patterns.ts";
import { PLATFORM_SPEC_SCHEMA } from "./platform-schema.ts";
import { TEST_SPEC_SCHEMA } from "./test-schema.ts";

export const API_VERSION = "sparkgate.io/v1alpha1";

export type Schema = Readonly<Record<string, unknown>>;

const strings: Schema = { type: "array", items: { type: "string", minLength: 1 }, minItems: 1 };

const labelSelector = (description: string): Schema => ({
  title: "label selector",
  type: "object",
  additionalProperties: false,
  description: `${description} An empty one fits all.`,
  properties: {
    matchLabels: {
      type: "object",
      additionalProperties: { type: "string" },
      description: "Labels that must be there with just this value.",
    },
    matchExpressions: {
      type: "array",
      description: "Conditions that must all hold.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["key", "operator"],
        properties: {
          key: { type: "string", minLength: 1, description: "The label." },
          operator: {
            enum: ["In", "NotIn", "Exists", "DoesNotExist"],
            description: "As everywhere in Kubernetes: NotIn also fits where the label is missing.",
          },
          values: {
            type: "array",
            items: { type: "string" },
            description: "For In and NotIn.",
          },
        },
      },
    },
  },
});

const namespaces: Schema = {
  ...strings,
  items: { type: "string", minLength: 1, maxLength: 63, pattern: NAMESPACE_GLOB_PATTERN },
  description: "Globs of which one must fit the name: `team-*`.",
};

const namespaceSelector = labelSelector("Labels of the namespace.");

const MODES = ["Enforce", "Warn", "Audit"];

const match: Schema = {
  type: "object",
  additionalProperties: false,
  properties: {
    roles: {
      type: "array",
      minItems: 1,
      uniqueItems: true,
      items: { enum: ROLES },
      description: "What the Pod is to Spark. A connect-server counts as a driver. Left out: any.",
    },
    surfaces: {
      type: "array",
      minItems: 1,
      uniqueItems: true,
      items: { enum: SURFACES },
      description:
        "`pod`; `driver-conf`: the ConfigMap that carries a driver's Spark conf; `application`: a SparkApplication and its like, which is judged and never changed. Left out: every surface that the rule speaks to; only `pod`, or `driver-conf` of a rule that does not speak of Pods, where a condition is about `object`, whose fields differ.",
    },
    namespaces,
    namespaceSelector,
    objectSelector: labelSelector(
      "Labels of the Pod: of a conf those that it says its Pods will have.",
    ),
    matchConditions: {
      type: "array",
      minItems: 1,
      description: "Conditions in CEL that must all be true, as in Kubernetes' own policies.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "expression"],
        properties: {
          name: {
            type: "string",
            minLength: 1,
            maxLength: 63,
            description: "As `sparkgate explain` names it.",
          },
          expression: {
            type: "string",
            minLength: 1,
            description: 'CEL, such as `app.name.startsWith("etl-")`.',
          },
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
    // It is also a metric's label and an annotation's key.
    name: {
      type: "string",
      maxLength: 63,
      pattern: NAME_PATTERN,
      description: "Lower-case letters, digits, - and ., at most 63.",
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
    description: { type: "string", description: "What it is for, for people." },
    documentation: {
      type: "string",
      description: "Where people read more: told with a denial, `See https://…`.",
    },
    mode: {
      enum: MODES,
      default: "Audit",
      description:
        "Enforce changes and refuses. Warn says in a warning what it would do. Audit only counts it and writes it to the audit log. Left out, a policy never enforces.",
    },
    modeOverrides: {
      type: "array",
      description:
        "Another mode for some namespaces. Where both clauses are given both must hold; the first entry that holds counts.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["mode"],
        properties: {
          mode: { enum: MODES, description: "The mode there." },
          namespaces,
          namespaceSelector,
        },
      },
    },
    enforceFrom: {
      type: "string",
      description:
        "Until this moment Enforce is Warn, and the warning says the date: `2027-01-15` (from midnight UTC) or `2027-01-15T06:00:00Z`.",
    },
    rollout: {
      type: "object",
      additionalProperties: false,
      required: ["percent"],
      description:
        "Enforce for a part of all applications, Audit for the others. By application: a driver and its executors are wholly in or wholly out, and who is in at 10 is in at 20. A Pod that says no application is out.",
      properties: {
        percent: {
          type: "number",
          minimum: 0,
          maximum: 100,
          description: "Percent of applications.",
        },
      },
    },
    priority: {
      type: "integer",
      minimum: -1_000_000,
      maximum: 1_000_000,
      default: 0,
      description:
        "Higher wins where two policies speak of the same thing; then the name that comes first in the alphabet. Which of them matches less does not count.",
    },
    onError: {
      enum: ["Deny", "Allow"],
      default: "Deny",
      description:
        "What a failure to evaluate the policy means: labels of a namespace that are not known, a field of a condition that is absent.",
    },
    denyExecutors: {
      type: "boolean",
      default: false,
      description:
        "Whether executors may be refused. Before 4.2 Spark asks for a refused executor again every second without end, and the job hangs; so else a violation on an executor is a warning. Without effect beside enforceFrom and rollout, which may turn a policy on while a job runs.",
    },
    match: {
      ...match,
      description:
        "Whom the policy speaks of: all clauses that are given must hold. Left out: all.",
    },
    exclude: {
      ...match,
      title: "clauses",
      minProperties: 1,
      description: "Whom it does not speak of: where all clauses that are given hold.",
    },
    ...Object.fromEntries(RULE_KINDS.map(({ key, description }) => [key, { description }])),
  },
});

/** All mandatory: who asks for leave says for whom, from what, why, who answers for it, and until when. */
const exceptionSchema = documentSchema({
  type: "object",
  additionalProperties: false,
  required: ["subjects", "policies", "reason", "owner", "expiresAt"],
  properties: {
    subjects: {
      type: "array",
      minItems: 1,
      items: { ...match, title: "clauses of match", minProperties: 1 },
      description: "Whom it covers: one entry must hold, with all its clauses.",
    },
    policies: {
      ...strings,
      uniqueItems: true,
      description: "Names of the policies that do not apply to them.",
    },
    reason: { type: "string", minLength: 1, pattern: NOT_BLANK_PATTERN, description: "Why." },
    owner: {
      type: "string",
      minLength: 1,
      pattern: NOT_BLANK_PATTERN,
      description: "Who answers for it.",
    },
    expiresAt: {
      type: "string",
      description:
        "When it ends: `2027-01-31` (when that day begins, UTC) or `2027-01-31T18:00:00Z`. Running jobs do not lose their executors by its end.",
    },
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
