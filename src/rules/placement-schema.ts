const percent = (description: string) => ({
  type: "integer",
  minimum: 0,
  maximum: 100,
  description,
});

/** JSON Schema of the block of a placement. */
export const PLACEMENT_SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["capacity"],
  properties: {
    platform: {
      type: "string",
      description: "How the cluster names its capacity: a SparkPlatform. Left out: `--platform`.",
    },
    capacity: { type: "string", description: "A capacity of the platform, such as `spot`." },
    onDemand: {
      type: "object",
      additionalProperties: false,
      minProperties: 1,
      description:
        "Which executors run on demand instead. Exact over the ids that Spark hands out: the same after a retry, a restart, a dry run, and on every replica.",
      properties: {
        base: {
          type: "integer",
          minimum: 0,
          maximum: 100_000,
          default: 0,
          description: "The first so many executors are on demand.",
        },
        percent: {
          ...percent("Of the n executors after those, floor(n x percent / 100) are on demand."),
          default: 0,
        },
        userRange: {
          type: "object",
          additionalProperties: false,
          required: ["min", "max"],
          properties: {
            min: percent("The least percent that a job may choose."),
            max: percent("The highest percent that a job may choose."),
          },
          description:
            "A job may choose its percent within this range, by the executor annotation `sparkgate.io/on-demand-percent`. Beyond it the nearest bound counts, with a warning.",
        },
      },
    },
    scheduling: {
      enum: ["Required", "Preferred"],
      default: "Required",
      description: "Whether a Pod waits for that capacity, or runs elsewhere where there is none.",
    },
    fallback: {
      type: "array",
      uniqueItems: true,
      items: { type: "string" },
      default: [],
      description: "Further capacities that are allowed; the first one stays preferred.",
    },
    onUserChoice: {
      enum: ["Replace", "Keep", "Deny"],
      default: "Replace",
      description:
        "What becomes of a capacity that the job chose itself, by nodeSelector or node affinity: another one in its place with a warning, left as it is, or refused. Zones, instance types and all else that a job asks of its nodes is always kept.",
    },
    sameZone: {
      enum: ["Off", "Preferred", "Required"],
      default: "Off",
      description:
        "Executors in the zone of their driver and of each other: shuffle between zones is slow and billed.",
    },
  },
};
