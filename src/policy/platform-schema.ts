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
      key: { type: "string", minLength: 1, description: "A label of nodes." },
      operator: {
        enum: ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"],
        description: "As in node affinity.",
      },
      values: {
        type: "array",
        items: { type: "string" },
        description:
          "What it is compared with: none for Exists and DoesNotExist, one number for Gt and Lt.",
      },
    },
  },
};

const nodeSelectorTerms: Schema = {
  title: "list of node selector terms",
  type: "array",
  minItems: 1,
  description: "The nodes that have it: one of the terms must hold, as in node affinity.",
  items: {
    type: "object",
    additionalProperties: false,
    required: ["matchExpressions"],
    properties: {
      matchExpressions: { ...requirements, description: "All must hold." },
    },
  },
};

const annotations: Schema = { type: "object", additionalProperties: { type: "string" } };

/** The spec of a SparkPlatform. */
export const PLATFORM_SPEC_SCHEMA: Schema = {
  type: "object",
  additionalProperties: false,
  required: ["capacities", "capacityKeys"],
  properties: {
    description: { type: "string", description: "For people." },
    capacityKeys: {
      ...strings,
      uniqueItems: true,
      description:
        "Every label of nodes, with aliases of old, by which a job can choose a capacity.",
    },
    capacities: {
      type: "array",
      minItems: 1,
      description: "What can be had, such as spot and on-demand.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "nodeSelectorTerms"],
        properties: {
          name: { type: "string", minLength: 1, description: "As placements name it." },
          nodeSelectorTerms,
          tolerations: {
            type: "array",
            default: [],
            description:
              "What a Pod needs to run there. Each needs a key: one without tolerates nodes that are not ready.",
            items: {
              type: "object",
              additionalProperties: false,
              // Without a key a toleration tolerates every taint: not-ready, disk pressure, a node being drained.
              required: ["key"],
              properties: {
                key: { type: "string", minLength: 1, description: "The taint's." },
                operator: {
                  enum: ["Equal", "Exists"],
                  default: "Equal",
                  description: "Whether the value counts.",
                },
                value: { type: "string", description: "The taint's, with Equal." },
                effect: {
                  enum: ["NoSchedule", "PreferNoSchedule", "NoExecute"],
                  description: "The taint's. Left out: all.",
                },
              },
            },
          },
          interruptionNoticeSeconds: {
            type: "integer",
            minimum: 0,
            description:
              "How long before it is taken away a node is told, in seconds. Left out: nodes are not taken away.",
          },
        },
      },
    },
    localDisks: {
      type: "array",
      default: [],
      description: "Local disks of nodes, the usual one first.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["name", "nodeSelectorTerms", "volumeSource"],
        properties: {
          name: { type: "string", minLength: 1, description: "As localDirs names it." },
          nodeSelectorTerms,
          volumeSource: {
            ...VOLUME_SOURCE_SCHEMA,
            title: "volume source",
            description: "How a Pod gets at it: a volume source of Kubernetes.",
          },
        },
      },
    },
    eviction: {
      type: "object",
      additionalProperties: false,
      required: ["protect"],
      description:
        "By which annotations of a Pod the cluster's autoscalers are told whether they may evict it. Left out: those of the cluster autoscaler and of Karpenter.",
      properties: {
        protect: {
          ...annotations,
          minProperties: 1,
          description: "Of a Pod that is to stay where it is.",
        },
        allow: {
          ...annotations,
          default: {},
          description:
            "Of one that may go. It has none of those that are named by `protect` alone.",
        },
      },
    },
  },
};
