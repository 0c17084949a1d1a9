import type { SparkConf } from "./spark-conf.ts";

/** Shuffle managers that keep shuffle data away from executors: Celeborn's (the second up to 0.3), Uniffle's. */
const REMOTE_SHUFFLE_MANAGERS: ReadonlySet<string> = new Set([
  "org.apache.spark.shuffle.celeborn.SparkShuffleManager",
  "org.apache.spark.shuffle.celeborn.RssShuffleManager",
  "org.apache.spark.shuffle.RssShuffleManager",
  "org.apache.spark.shuffle.DelegationRssShuffleManager",
]);

/** Whether a remote shuffle service keeps the shuffle data of an application. */
export function hasRemoteShuffle(conf: SparkConf): boolean {
  return REMOTE_SHUFFLE_MANAGERS.has(conf.text("spark.shuffle.manager") ?? "");
}
