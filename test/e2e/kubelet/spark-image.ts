import type { Container } from "../pod.ts";
import { quote } from "./quote.ts";

/** Whether a container starts with the entry point of Spark's images, in one of its two roles. */
export function runsSpark({ command, args }: Container): boolean {
  return command === undefined && (args?.[0] === "driver" || args?.[0] === "executor");
}

/**
 * Does what `/opt/decom.sh` of Spark's images does (apache/spark, resource-managers/kubernetes/docker/src/main/dockerfiles/
 * spark/decom.sh): finds the executor by `ps`, sends it SIGPWR, and waits for its end.
 */
export const DECOM_SCRIPT = `#!/usr/bin/env bash
echo "Asked to decommission"
pid=$(ps -C java -o pid=,args= | awk '/Executor/ { last = $1 } END { print last }')
kill -s SIGPWR "$pid"
tail --pid="$pid" -f /dev/null
`;

/**
 * What `tini -s` does as the first process of Spark's images: it hands signals on and ends as its child. Without it, signals
 * which the JVM does not handle would be lost: to the first process of a namespace they mean nothing.
 */
const INIT = [
  '"$@" & child=$!',
  'for signal in TERM INT PWR; do trap "kill -s $signal $child" $signal; done',
  // Where a signal ends `wait`, the child may live on; or its code is still to be had.
  "while wait $child; code=$?; kill -0 $child 2> /dev/null; do :; done",
  "wait $child 2> /dev/null; last=$?; [ $last = 127 ] || code=$last",
  "exit $code",
].join("\n");

/** What `entrypoint.sh` of Spark's images runs, which pip's PySpark does not have; for {@link runsSpark}. */
export function entryPoint(
  { args = [] }: Container,
  env: ReadonlyMap<string, string>,
  address: string,
): string {
  const [role, ...rest] = args;
  const command = role === "driver" ? driver(rest, address) : executor(env, address);
  return `bash -c ${quote(INIT)} init ${command}`;
}

function driver(args: readonly string[], address: string): string {
  return [
    "/opt/spark/bin/spark-submit",
    `--conf spark.driver.bindAddress=${address}`,
    `--conf spark.executorEnv.SPARK_DRIVER_POD_IP=${address}`,
    "--deploy-mode client",
    ...args.map(quote),
  ].join(" ");
}

function executor(env: ReadonlyMap<string, string>, address: string): string {
  const value = (name: string): string => quote(env.get(name) ?? "");
  const options = [...env].filter(([name]) => name.startsWith("SPARK_JAVA_OPT_"));
  const memory = env.get("SPARK_EXECUTOR_MEMORY") ?? "1g";
  return [
    "java",
    ...options.map(([, option]) => quote(option)),
    `-Xms${memory} -Xmx${memory}`,
    '-cp "/opt/spark/conf::/opt/spark/jars/*"',
    "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend",
    `--driver-url ${value("SPARK_DRIVER_URL")}`,
    `--executor-id ${value("SPARK_EXECUTOR_ID")}`,
    `--cores ${value("SPARK_EXECUTOR_CORES")}`,
    `--app-id ${value("SPARK_APPLICATION_ID")}`,
    `--hostname ${address}`,
    `--resourceProfileId ${value("SPARK_RESOURCE_PROFILE_ID")}`,
    `--podName ${value("SPARK_EXECUTOR_POD_NAME")}`,
  ].join(" ");
}
