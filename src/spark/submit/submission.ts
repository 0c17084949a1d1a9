import { parseJavaSize } from "../java-size.ts";
import { parseJavaInt, parseJavaBoolean } from "../java-string.ts";
import type { CommandLine } from "./command-line.ts";
import { SUBMIT_TIME } from "./placeholders.ts";
import { RefusedSubmission } from "./refused-submission.ts";
import { listOf, NO_RESOURCE, resolveUri } from "./resource-uri.ts";

export type Language = "java" | "python" | "r";

/** What spark-submit hands to the cluster manager Kubernetes in cluster mode. */
export interface Submission {
  /** The whole conf, of options too. */
  readonly conf: ReadonlyMap<string, string>;
  readonly language: Language;
  readonly mainClass: string;
  /** As a URI, or `spark-internal`. */
  readonly resource: string;
  readonly args: readonly string[];
  readonly proxyUser: string | undefined;
}

/** A submission, or why it makes no driver Pod that admission would see. */
export type ResolvedSubmission =
  | { readonly kind: "cluster"; readonly submission: Submission }
  | { readonly kind: "elsewhere"; readonly why: string };

/**
 * Which keys options stand for, on Kubernetes in cluster mode (the OptionAssigners of SparkSubmit.prepareSubmitEnvironment).
 * --queue and --total-executor-cores stand for none there.
 */
const KEYS: readonly (readonly [option: string, key: string])[] = [
  ["--archives", "spark.archives"],
  ["--deploy-mode", "spark.submit.deployMode"],
  ["--driver-class-path", "spark.driver.extraClassPath"],
  ["--driver-cores", "spark.driver.cores"],
  ["--driver-java-options", "spark.driver.extraJavaOptions"],
  ["--driver-library-path", "spark.driver.extraLibraryPath"],
  ["--driver-memory", "spark.driver.memory"],
  ["--exclude-packages", "spark.jars.excludes"],
  ["--executor-cores", "spark.executor.cores"],
  ["--executor-memory", "spark.executor.memory"],
  ["--files", "spark.files"],
  ["--jars", "spark.jars"],
  ["--keytab", "spark.kerberos.keytab"],
  ["--master", "spark.master"],
  ["--name", "spark.app.name"],
  ["--num-executors", "spark.executor.instances"],
  ["--packages", "spark.jars.packages"],
  ["--principal", "spark.kerberos.principal"],
  ["--py-files", "spark.submit.pyFiles"],
  ["--repositories", "spark.jars.repositories"],
];

/** Lists of URIs (SparkSubmit's pathConfigs). */
const LISTS = ["spark.archives", "spark.files", "spark.jars", "spark.submit.pyFiles"];

const RUNNERS: Readonly<Record<Exclude<Language, "java">, string>> = {
  python: "org.apache.spark.deploy.PythonRunner",
  r: "org.apache.spark.deploy.RRunner",
};

/**
 * What a command line comes to: options win over --conf, --conf over the properties file
 * (SparkSubmitArguments.mergeDefaultSparkProperties). Throws a RefusedSubmission where spark-submit ends with an error.
 * @param properties the entries of its properties file, as `SparkConf.ofProperties` has them
 */
export function resolveSubmission(
  { options, conf: said, resource: word, args }: CommandLine,
  properties: ReadonlyMap<string, string>,
): ResolvedSubmission {
  const conf = new Map<string, string>();
  for (const [key, value] of [...properties, ...said]) {
    if (key.startsWith("spark.")) conf.set(key, value);
  }
  for (const [option, key] of KEYS) {
    const value = options.get(option);
    if (value !== undefined) conf.set(key, value);
  }
  const why = elsewhere(conf, options, word);
  if (why !== undefined) return { kind: "elsewhere", why };
  validate(conf);
  const language = languageOf(word);
  const mainClass = language === "java" ? options.get("--class") : RUNNERS[language];
  if (mainClass === undefined) {
    throw new RefusedSubmission("--class: must be given; the manifest of the jar is not read here");
  }
  const resource = word === NO_RESOURCE ? word : resolveUri(word);
  conf.set("spark.master", masterOf(conf.get("spark.master") ?? ""));
  if (!conf.has("spark.app.name")) {
    const name = options.get("--class") ?? resource.slice(resource.lastIndexOf("/") + 1);
    conf.set("spark.app.name", name);
  }
  const own = resource === NO_RESOURCE ? [] : [resource];
  setLists(conf, language === "java" ? own : undefined);
  conf.set("spark.app.submitTime", SUBMIT_TIME);
  const proxyUser = options.get("--proxy-user");
  return {
    kind: "cluster",
    submission: { conf, language, mainClass, resource, args, proxyUser },
  };
}

/**
 * Jars, files and the like as URIs, the application's own jar behind the others.
 * @param own undefined where the application is no jar
 */
function setLists(conf: Map<string, string>, own: readonly string[] | undefined): void {
  const jars = own && [...listOf(conf.get("spark.jars")), ...own];
  // These two are set even where there are none.
  if (jars !== undefined) conf.set("spark.jars", jars.join(","));
  conf.set("spark.submit.pyFiles", conf.get("spark.submit.pyFiles") ?? "");
  for (const key of LISTS) {
    const said = conf.get(key);
    if (said !== undefined) conf.set(key, listOf(said).map(resolveUri).join(","));
  }
}

function elsewhere(
  conf: ReadonlyMap<string, string>,
  options: ReadonlyMap<string, string>,
  resource: string,
): string | undefined {
  if (options.has("--remote")) return "--remote: a client of Spark Connect makes no Pod";
  const master = conf.get("spark.master");
  if (master === undefined || !master.startsWith("k8s")) {
    const which = master === undefined ? "no --master" : "--master";
    return `${which}: Pods are made for masters that begin with k8s:// alone, so this cannot be judged`;
  }
  if ((conf.get("spark.submit.deployMode") ?? "client") !== "cluster") {
    return "--deploy-mode: in client mode there is no driver Pod and no ConfigMap; only executors, which cannot be judged from here";
  }
  if (/^(?:spark-shell|pyspark-shell|sparkr-shell)$/.test(resource)) {
    throw new RefusedSubmission("--deploy-mode: cluster mode is not applicable to Spark's shells");
  }
  return undefined;
}

/** SparkSubmitArguments.validateSubmitArguments. */
function validate(conf: ReadonlyMap<string, string>): void {
  const positive = (key: string, parsed: { readonly kind: string; readonly value?: number }) => {
    if (parsed.kind !== "known" || (parsed.value ?? 0) <= 0) {
      throw new RefusedSubmission(`${key}: must be a positive number`);
    }
  };
  for (const key of ["spark.driver.memory", "spark.executor.memory"]) {
    const text = conf.get(key);
    // Bytes by default here, and MiB where the entry itself is read.
    if (text !== undefined) positive(key, parseJavaSize(text, "b"));
  }
  const whole = ["spark.executor.cores"];
  const dynamic = parseJavaBoolean(conf.get("spark.dynamicAllocation.enabled") ?? "false");
  if (dynamic.kind !== "known" || !dynamic.value) whole.push("spark.executor.instances");
  for (const key of whole) {
    const text = conf.get(key);
    if (text !== undefined) positive(key, parseJavaInt(text));
  }
}

/** SparkSubmit.isPython and isR. */
function languageOf(resource: string): Language {
  if (resource.endsWith(".py")) return "python";
  return /\.R$/i.test(resource) ? "r" : "java";
}

/** Utils.checkAndGetK8sMasterUrl. */
function masterOf(master: string): string {
  const [, url] = /^k8s:\/\/(.*)$/s.exec(master) ?? [];
  if (url === undefined) throw new RefusedSubmission("--master: must begin with k8s://");
  if (!url.includes("://")) return `k8s://https://${url}`;
  if (!/^https?:\/\//i.test(url)) {
    throw new RefusedSubmission("--master: must be k8s://https://… or k8s://http://…");
  }
  return master;
}
