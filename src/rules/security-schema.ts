/** The levels that Pods can be made to pass; Enforced: that of the namespace. */
const PROFILES = ["Restricted", "Baseline", "Enforced"] as const;

/** The block of security, as its schema has it. */
export interface SecuritySpec {
  readonly profile: (typeof PROFILES)[number];
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly fsGroup?: number;
  readonly onUserChoice?: "Keep" | "Replace" | "Deny";
}

/** The user of Spark's own images (spark_uid in the Dockerfiles of apache/spark and apache/spark-docker). */
export const SPARK_UID = 185;

/** The highest that Kubernetes takes (apimachinery pkg/util/validation IsValidUserID). */
const HIGHEST_ID = 2_147_483_647;

const id = (minimum: number, description: string) => ({
  type: "integer",
  minimum,
  maximum: HIGHEST_ID,
  description,
});

/** JSON Schema of the block. */
export const SECURITY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["profile"],
  properties: {
    profile: {
      enum: PROFILES,
      description:
        "The level of the Pod Security Standards that Pods are to pass. Enforced: the one that the namespace enforces, by its label; Pods are left as they are where that is none, or not known. Baseline asks for nothing that Spark's own Pods lack: it is about what a job adds.",
    },
    runAsUser: {
      ...id(
        1,
        "The user of the Spark container, where the job says none, and does not say itself that it is not root. The default is that of Spark's images; EMR's is 999. For restricted alone.",
      ),
      default: SPARK_UID,
    },
    runAsGroup: id(
      0,
      "Its group, where runAsUser is set and the job says none. Left out: the image's, or 0. For restricted alone.",
    ),
    fsGroup: {
      ...id(
        0,
        "The group that may write to local dirs on claims, which are root's else, where the job says none. For restricted alone.",
      ),
      default: SPARK_UID,
    },
    onUserChoice: {
      enum: ["Keep", "Replace", "Deny"],
      default: "Keep",
      description:
        "What becomes of what the job asks for and the level forbids: left as it is with a note, taken away with a warning where that takes nothing but rights from Spark's processes, or refused.",
    },
  },
};
