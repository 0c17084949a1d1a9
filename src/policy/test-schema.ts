import { ROLES } from "../spark/role.ts";

const MOMENT = "Such as 2027-01-15 or 2027-01-15T06:00:00Z.";

/** What is given beside the object; that of a case replaces that of the whole document. */
const given = {
  at: {
    type: "string",
    description: `The time at which it is judged; enforceFrom counts with mode AsWritten. ${MOMENT} Default 2026-01-01.`,
  },
  namespace: {
    type: "object",
    additionalProperties: false,
    description: "The namespace of the objects. Without it, its labels are not known.",
    properties: {
      name: { type: "string", minLength: 1, description: "Default: the object's own, or default." },
      labels: {
        type: "object",
        additionalProperties: { type: "string" },
        description: "Its labels; left out, they are not known.",
      },
    },
  },
  quotas: {
    type: "array",
    description: "The ResourceQuotas of the namespace; left out, they are not known.",
    items: {
      type: "object",
      additionalProperties: false,
      required: ["name"],
      properties: {
        name: { type: "string", minLength: 1, description: "Its name." },
        hard: {
          type: "object",
          additionalProperties: { type: ["string", "number"] },
          description: "Its spec.hard.",
        },
      },
    },
  },
  user: {
    type: "object",
    additionalProperties: false,
    required: ["username"],
    description: "Who asks, for `request.userInfo`; left out, it is not known.",
    properties: {
      username: {
        type: "string",
        minLength: 1,
        description: "Such as `system:serviceaccount:a:b`.",
      },
      groups: { type: "array", items: { type: "string" }, default: [], description: "Its groups." },
    },
  },
  mode: {
    enum: ["Enforce", "Warn", "Audit", "AsWritten"],
    description:
      "In which mode all policies are; AsWritten: what each of them says. Default Enforce.",
  },
};

const finding = {
  type: "object",
  additionalProperties: false,
  required: ["action"],
  properties: {
    action: {
      enum: [
        ...["deny", "warn", "change", "keep", "would-deny", "would-change"],
        ...["shadowed", "except", "error"],
      ],
      description: "What the policy came to, as in `sparkgate check -o json`.",
    },
    field: { type: "string", description: "The field that it is about; left out, any." },
    text: { type: "string", description: "What is said, whole; left out, anything." },
    contains: { type: "string", minLength: 1, description: "A part of what is said." },
  },
};

/** The spec of a SparkPolicyTest: cases for the policy of the same name. */
export const TEST_SPEC_SCHEMA: Readonly<Record<string, unknown>> = {
  type: "object",
  additionalProperties: false,
  required: ["cases"],
  properties: {
    platform: { type: "string", description: "The installation's platform. Default: --platform." },
    alone: {
      type: "boolean",
      default: false,
      description:
        "Load no other policy of the folder: so that the verdict is this policy's, whatever stands beside it.",
    },
    ...given,
    objects: {
      type: "object",
      minProperties: 1,
      additionalProperties: { type: "object" },
      description: "Objects by a name of your own, for several cases.",
    },
    cases: {
      type: "array",
      minItems: 1,
      description: "The cases, each on its own.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "object", "expect"],
        properties: {
          name: { type: "string", minLength: 1, description: "What is shown, one line." },
          object: {
            type: ["object", "string"],
            description: "The object, or the name of one under objects.",
          },
          role: { enum: ROLES, description: "For an object without the label spark-role." },
          ...given,
          expect: {
            type: "object",
            additionalProperties: false,
            required: ["verdict"],
            description: "What must come of it.",
            properties: {
              verdict: {
                enum: ["denied", "changed", "ok", "skipped"],
                description: "What becomes of the object by all policies together.",
              },
              findings: {
                type: "array",
                items: finding,
                description:
                  "All findings of this policy, in order; left out, any: a policy that cannot be evaluated counts as denied then, too.",
              },
              object: {
                type: "object",
                description:
                  "A fragment of the object as it is admitted. Lists are compared entry by entry, and are of the same length.",
              },
              exactly: {
                type: "object",
                minProperties: 1,
                description:
                  "Fields of the object as it is admitted, whole, by their paths: spec.nodeSelector, metadata.labels[acme.com/team].",
              },
            },
          },
        },
      },
    },
  },
};
