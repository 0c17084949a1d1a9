/**
 * What a Pod is to Spark. `connect-server` is the Kubeflow operator's SparkConnect server; it counts as a driver.
 * A SparkCluster of the Apache operator has roles `master` and `worker`: standalone mode, none of ours.
 */
export type Role = "driver" | "executor" | "connect-server";

export const ROLES: readonly Role[] = ["driver", "executor", "connect-server"];

/** Set by Spark on every Pod it makes; a job cannot override it (org.apache.spark.deploy.k8s.Constants). */
export const ROLE_LABEL = "spark-role";
