const PLACEHOLDERS = "`{{namespace}}`, `{{namespace.labels.KEY}}`, `{{app.name}}` and `{{app.id}}`";

const values = (what: string) => ({
  type: "object",
  minProperties: 1,
  additionalProperties: { type: "string" },
  description: `${what} that are added, by key. Values may contain ${PLACEHOLDERS}; one that is not to be had is left out, with a note.`,
});

const required = (what: string) => ({
  type: "array",
  minItems: 1,
  description: `${what} that must be there, once all policies have added theirs.`,
  items: {
    type: "object",
    additionalProperties: false,
    required: ["key"],
    properties: {
      key: { type: "string", minLength: 1, description: "Such as `team` or `acme.com/team`." },
      values: {
        type: "array",
        minItems: 1,
        items: { type: "string" },
        description: "Globs of which one must fit the value. Left out: any value but an empty one.",
      },
    },
  },
});

/** JSON Schema of the block of a metadata rule. */
export const METADATA_SCHEMA = {
  type: "object",
  additionalProperties: false,
  minProperties: 1,
  properties: {
    labels: values("Labels"),
    annotations: values("Annotations"),
    onUserChoice: {
      enum: ["Keep", "Replace", "Deny"],
      default: "Keep",
      description: "What becomes of another value that the job itself has at such a key.",
    },
    required: {
      type: "object",
      additionalProperties: false,
      minProperties: 1,
      description: "What a job must bring itself, or another policy must add.",
      properties: { labels: required("Labels"), annotations: required("Annotations") },
    },
  },
};
