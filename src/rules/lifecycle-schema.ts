import { NAME_PATTERN } from "../kubernetes/label-syntax.ts";

const MOST_SECONDS = 2_147_483_647;

const seconds = (minimum: number, description: string) => ({
  type: "integer",
  minimum,
  maximum: MOST_SECONDS,
  description,
});

/** JSON Schema of the block of a lifecycle. */
export const LIFECYCLE_SCHEMA = {
  type: "object",
  additionalProperties: false,
  minProperties: 1,
  properties: {
    platform: {
      type: "string",
      description: "Whose annotations and notices count: a SparkPlatform. Left out: `--platform`.",
    },
    eviction: {
      enum: ["Protect", "Allow"],
      description:
        "Whether autoscalers may evict the Pod to take its node away, by the annotations of the platform. `Allow` is for executors: for its owner and its emptyDir the cluster autoscaler would otherwise leave each where it is.",
    },
    priorityClassName: {
      type: "string",
      pattern: NAME_PATTERN,
      maxLength: 253,
      description:
        "The PriorityClass. It must exist: the API server refuses every Pod with one that does not, and Spark asks for a refused executor again without end.",
    },
    terminationGracePeriodSeconds: seconds(
      1,
      "How long a Pod that is to go has for it. Never longer than the notice leaves that the platform gives for the capacity on which the Pod runs.",
    ),
    activeDeadlineSeconds: seconds(
      1,
      "How long a Pod may run at most; then the kubelet fails it. Of a driver that is the longest run of its application.",
    ),
    ttlSecondsAfterFinished: seconds(
      0,
      "How long after its end a driver stays at most; `sparkgate sweep` deletes it then. Drivers alone.",
    ),
    onUserChoice: {
      enum: ["Keep", "Replace"],
      default: "Keep",
      description:
        "What becomes of something else that the job itself has there: left as it is, or replaced, and told either way. A shorter deadline or time to live is always let be, and so is a grace for which the notice has room.",
    },
  },
};
