import type { ConfReader } from "./conf-reader.ts";
import type { Identity } from "./pod-parts.ts";
import { isSince } from "../spark-version.ts";

/** Of JavaModuleOptions.DEFAULT_MODULE_OPTIONS. */
const PACKAGES: readonly string[] = [
  ...["java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio"],
  ...["java.util", "java.util.concurrent", "java.util.concurrent.atomic", "jdk.internal.ref"],
  ...["sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar"],
];

/**
 * The options of an executor's JVM: Spark's own, the user's, and keys that an executor needs before it asks its driver
 * (SparkContext.supplementJavaModuleOptions, SparkConf.isExecutorStartupConf). What the submitter's own image changes is not known.
 */
export function javaOptions(conf: ConfReader, { appId, version }: Identity): readonly string[] {
  const user = [
    conf.text("spark.executor.defaultJavaOptions"),
    conf.text("spark.executor.extraJavaOptions"),
  ]
    .join(" ")
    .replaceAll("{{APP_ID}}", appId)
    .replaceAll("{{EXECUTOR_ID}}", "1");
  const startup = conf.withPrefix("spark.").filter(([name]) => isStartupKey(name));
  return [
    "-Djava.net.preferIPv6Addresses=false",
    ...moduleOptions(version),
    ...wordsOf(user),
    ...startup.map(([name, value]) => `-Dspark.${name}=${value}`),
  ];
}

function moduleOptions(version: string): readonly string[] {
  const since = (first: `${number}.${number}`, ...options: readonly string[]) =>
    isSince(version, first) ? options : [];
  return [
    "-XX:+IgnoreUnrecognizedVMOptions",
    ...since("4.0", "--add-modules=jdk.incubator.vector"),
    ...PACKAGES.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    ...(isSince(version, "4.2") ? [] : ["-Djdk.reflect.useDirectMethodHandle=false"]),
    ...since("4.0", "-Dio.netty.tryReflectionSetAccessible=true"),
    ...since("4.1", "-Dio.netty.allocator.type=pooled"),
    ...since("4.1", "-Dio.netty.handler.ssl.defaultEndpointVerificationAlgorithm=NONE"),
    ...since("4.2", "--sun-misc-unsafe-memory-access=allow"),
    ...since("4.1", "--enable-native-access=ALL-UNNAMED"),
  ];
}

/** Of what stands behind `spark.`; the secret itself goes by a variable. */
function isStartupKey(name: string): boolean {
  return (
    (/^(?:auth|rpc|network)/.test(name) && name !== "authenticate.secret") ||
    name.endsWith(".port") ||
    name.startsWith("port.")
  );
}

/** Utils.splitCommandString: words, of which quotes and backslashes can hold blanks. */
function wordsOf(text: string): readonly string[] {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs) ?? [];
  return words.map((word) =>
    word.replaceAll(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
      (_, double?: string, single?: string, escaped?: string) =>
        double?.replaceAll(/\\(.)/gs, "$1") ?? single ?? escaped ?? "",
    ),
  );
}
