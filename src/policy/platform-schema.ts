import { VOLUME_SOURCE_SCHEMA } from "../kubernetes/volume-source.ts";

type Schema = Readonly<Record<string, unknown>>;

const strings: Schema = { type: "array", items: { type: "string", minLength: 1 }, minItems: 1 };

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

const nodeSelectorTerms: Schema = {
  type: "array",
  minItems: 1,
  items: {
    type: "object",
    additionalProperties: false,
    required: ["matchExpressions"],
    properties: { matchExpressions: requirements },
  },
};

/** The spec of a SparkPlatform. */
export const PLATFORM_SPEC_SCHEMA: Schema = {
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
          nodeSelectorTerms,
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
    localDisks: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "nodeSelectorTerms", "volumeSource"],
        properties: {
          name: { type: "string", minLength: 1 },
          nodeSelectorTerms,
          volumeSource: VOLUME_SOURCE_SCHEMA,
        },
      },
    },
  },
};
