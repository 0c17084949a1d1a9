const factor = (whose: string, usual: number) => ({
  type: "number",
  minimum: 0,
  maximum: 10,
  default: usual,
  description: `Of ${whose}: \`0.4\` is two fifths of the heap.`,
});

/** JSON Schema of the block of a memory rule. */
export const MEMORY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    overheadFactor: {
      type: "object",
      additionalProperties: false,
      minProperties: 1,
      properties: {
        jvm: factor("Scala, Java, SQL, and what nobody knows the language of", 0.1),
        python: factor("Python, whose workers live outside of the heap", 0.4),
        r: factor("R, whose workers do too", 0.4),
      },
      description:
        "The least overhead beside the heap, as a share of it, by what the application is written in. A Python application that sets `spark.executor.pyspark.memory` counts as jvm: Spark adds that for the workers.",
    },
    minOverhead: {
      type: "string",
      minLength: 1,
      default: "384Mi",
      description: "The least overhead of a small heap, as a quantity of Kubernetes.",
    },
    action: {
      enum: ["Raise", "Warn", "Deny"],
      default: "Warn",
      description:
        "What becomes of less. Raise: the conf of a driver gets more for its executors, and so do executors' Pods of which no conf was seen; what cannot be raised is told. Warn: it is told. Deny: it is refused.",
    },
    maxTotal: {
      type: "string",
      minLength: 1,
      description:
        "The most memory of Spark's container in a Pod, with all that comes on top of the heap, such as `64Gi`: what fits the largest node. More is refused by Deny, and told by the others. Raise raises nothing above it.",
    },
    maxTasksPerCore: {
      type: "number",
      exclusiveMinimum: 0,
      maximum: 1000,
      description:
        "How many tasks an executor may run at once (`spark.executor.cores` by `spark.task.cpus`) for each core that it requests. Then a CPU request above its limit, with which the API server would refuse every executor, is judged too. More is refused by Deny, and told by the others. Left out: not judged.",
    },
  },
};
