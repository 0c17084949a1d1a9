/**
 * Where Spark looks next when a key is not set, of the keys that matter for executors on Kubernetes: former names
 * (SparkConf.configsWithAlternatives; Spark 3.5 to 4.2 agree), then entries whose default another entry is
 * (ConfigEntry's FallbackConfigEntry). No entry of `spark.kubernetes` or `spark.dynamicAllocation` has a former name.
 */
const NEXT_KEYS: ReadonlyMap<string, string> = new Map([
  // The names of YARN count on Kubernetes as well.
  ["spark.driver.memoryOverhead", "spark.yarn.driver.memoryOverhead"],
  ["spark.executor.memoryOverhead", "spark.yarn.executor.memoryOverhead"],
  ["spark.executor.failuresValidityInterval", "spark.yarn.executor.failuresValidityInterval"],
  ["spark.executor.maxNumFailures", "spark.yarn.max.executor.failures"],
  ["spark.memory.offHeap.enabled", "spark.unsafe.offHeap"],
  ["spark.kubernetes.driver.container.image", "spark.kubernetes.container.image"],
  ["spark.kubernetes.executor.container.image", "spark.kubernetes.container.image"],
  ["spark.dynamicAllocation.initialExecutors", "spark.dynamicAllocation.minExecutors"],
  [
    "spark.dynamicAllocation.sustainedSchedulerBacklogTimeout",
    "spark.dynamicAllocation.schedulerBacklogTimeout",
  ],
]);

/** The key under which Spark looks when one is not set; undefined where there is none. */
export function nextKey(key: string): string | undefined {
  return NEXT_KEYS.get(key);
}

/** Read by SparkConf.get(String), which resolves no references. */
const LITERAL_KEYS: ReadonlySet<string> = new Set(["spark.app.name", "spark.master"]);

/**
 * Families whose members Spark finds by SparkConf.getAllWithPrefix, which resolves no references (KubernetesConf,
 * KubernetesVolumeUtils).
 */
const LITERAL_PREFIXES: readonly string[] = [
  "spark.executorEnv.",
  "spark.kubernetes.node.selector.",
  "spark.kubernetes.driverEnv.",
  "spark.kubernetes.driver.service.annotation.",
  "spark.kubernetes.driver.service.label.",
  ...["driver", "executor"].flatMap((role) =>
    ["annotation", "label", "node.selector", "secretKeyRef", "secrets", "volumes"].map(
      (family) => `spark.kubernetes.${role}.${family}.`,
    ),
  ),
];

/** Whether Spark takes the value of a key as it is written. All other keys count as configuration entries. */
export function isLiteral(key: string): boolean {
  return LITERAL_KEYS.has(key) || LITERAL_PREFIXES.some((prefix) => key.startsWith(prefix));
}

/**
 * Whether Spark hands a key's value to Hadoop as it is written (SparkHadoopUtil.appendSparkHadoopConfigs); there
 * Configuration.substituteVars resolves references to Hadoop's own keys, variables and system properties.
 */
export function isOfHadoop(key: string): boolean {
  return key.startsWith("spark.hadoop.");
}
