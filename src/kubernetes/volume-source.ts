import type { SchemaObject } from "ajv/dist/2020.js";
import { isRecord } from "./json.ts";
import type { Volume, VolumeSource } from "./pod.ts";

/** JSON Schema of the volume sources that policies and platforms may put under Spark's local dirs. */
export const VOLUME_SOURCE_SCHEMA: SchemaObject = {
  type: "object",
  additionalProperties: false,
  properties: {
    emptyDir: {
      type: "object",
      additionalProperties: false,
      properties: {
        sizeLimit: { type: "string", minLength: 1, description: "Such as `200Gi`." },
      },
      description: "For nodes whose kubelet has its own folder on the fast disk.",
    },
    hostPath: {
      type: "object",
      additionalProperties: false,
      required: ["path", "type"],
      properties: {
        path: { type: "string", pattern: "^/", description: "From the root of the node." },
        type: {
          enum: ["Directory"],
          description: "It must be there: one that the kubelet makes belongs to root.",
        },
      },
      description: "A folder that somebody has prepared on every node, mode 1777.",
    },
    ephemeral: {
      type: "object",
      additionalProperties: false,
      required: ["volumeClaimTemplate"],
      properties: {
        volumeClaimTemplate: {
          type: "object",
          additionalProperties: false,
          required: ["spec"],
          description: "As in a Pod.",
          properties: {
            metadata: { type: "object", description: "Labels and annotations of the claim." },
            spec: { type: "object", description: "The claim: storageClassName, resources, …" },
          },
        },
      },
      description: "A volume of a StorageClass, which lives and dies with its Pod.",
    },
  },
};

/** What is wrong with a volume source that fits the schema, or undefined. */
export function volumeSourceProblem(source: VolumeSource): string | undefined {
  const kinds = sourceKinds(source);
  if (kinds.length !== 1) {
    return `needs exactly one of: emptyDir, hostPath, ephemeral; found ${kinds.join(" and ") || "none"}`;
  }
  // The API server refuses every Pod with it (pkg/apis/core/validation validatePathNoBacksteps).
  if (source.hostPath?.path?.split("/").includes("..") === true)
    return "hostPath.path goes up by ..";
  return undefined;
}

/** The kinds of source that a volume has: one, in a valid one. */
export function sourceKinds(volume: VolumeSource | Volume): readonly string[] {
  return Object.entries(volume)
    .filter(([key, value]) => key !== "name" && value != null)
    .map(([key]) => key);
}

/**
 * Whether a volume has all of a source, whatever else: the API server adds defaults to what it was sent, such as a
 * volumeMode in a claim's template.
 */
export function hasSource(volume: Volume, source: VolumeSource): boolean {
  return includes({ ...volume, name: undefined }, source);
}

function includes(have: unknown, want: unknown): boolean {
  if (Array.isArray(want)) {
    return (
      Array.isArray(have) &&
      have.length === want.length &&
      want.every((item, index) => includes(have[index], item))
    );
  }
  if (!isRecord(want)) return have === want;
  return (
    isRecord(have) &&
    Object.entries(want).every(
      ([key, value]) => Object.hasOwn(have, key) && includes(have[key], value),
    )
  );
}
