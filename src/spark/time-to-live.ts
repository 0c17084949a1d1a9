/**
 * The annotation of a driver Pod that says how many seconds after its end it may be deleted: a whole number, as
 * `ttlSecondsAfterFinished` of a Job. Nothing in Kubernetes deletes a finished Pod for its age, and spark-submit's drivers
 * stay for good; `sparkgate sweep` goes by it.
 */
export const TTL_ANNOTATION = "sparkgate.io/ttl-seconds-after-finished";
