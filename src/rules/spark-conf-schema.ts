import { PRESETS } from "./spark-conf-presets.ts";

const entries = (description: string) => ({
  type: "object",
  minProperties: 1,
  additionalProperties: { type: "string" },
  description,
});

const bound = (what: string) => ({
  type: ["integer", "string"],
  description: `The ${what} value allowed: a whole number, a size such as \`64g\` or a duration such as \`10min\`.`,
});

const presets = Object.entries(PRESETS)
  .map(([name, { description }]) => `\`${name}\`: ${description}`)
  .join(" ");

const PLACEHOLDERS =
  "Values may contain `{{namespace}}`, `{{namespace.labels.KEY}}`, `{{app.name}}` and `{{app.id}}`; one that is not to be had leaves the key out, with a note. Spark fills in its own, such as `{{APP_ID}}`.";

/** JSON Schema of the block of a sparkConf rule. */
export const SPARK_CONF_SCHEMA = {
  type: "object",
  additionalProperties: false,
  minProperties: 1,
  properties: {
    presets: {
      type: "array",
      minItems: 1,
      uniqueItems: true,
      items: { enum: Object.keys(PRESETS) },
      description: `Sets of keys that belong together; what set and defaults say of a key goes before. ${presets}`,
    },
    set: entries(
      `Keys that get this value, whatever the job has; what it had is told as replaced. ${PLACEHOLDERS}`,
    ),
    defaults: entries(`Keys that get this value where the job says none. ${PLACEHOLDERS}`),
    required: {
      type: "array",
      minItems: 1,
      items: { type: "string", minLength: 1 },
      description: "Keys that the job must say, once all policies have added theirs.",
    },
    forbidden: {
      type: "array",
      minItems: 1,
      items: { type: "string", minLength: 1 },
      description: "Globs of keys that the job must not say. Their values are never told.",
    },
    limits: {
      type: "object",
      minProperties: 1,
      description:
        "Bounds of values, by key. A number without a unit is in the key's own, as Spark reads it (`spark.executor.memory=4096`: MiB, `spark.network.timeout=120`: s); of a key that Spark has no unit for, it is not compared with a bound that has one, and refused. What cannot be judged (a reference to the environment) is refused; a key that the job does not say is not.",
      additionalProperties: {
        type: "object",
        additionalProperties: false,
        minProperties: 1,
        properties: { min: bound("least"), max: bound("largest") },
      },
    },
    unknownKeys: {
      enum: ["Ignore", "Warn", "Deny"],
      default: "Ignore",
      description:
        "Keys that no Spark since 3.5 knows and that are nearly one of its own: `spark.executor.decommission.enabled` does nothing at all. The nearest known one is told. A job's own keys, such as `spark.acme.x`, are let be.",
    },
  },
} as const;
