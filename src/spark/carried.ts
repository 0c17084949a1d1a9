import { isRecord } from "../kubernetes/json.ts";
import type { Pod } from "../kubernetes/pod.ts";
import { applicationOfConf } from "./application.ts";
import { hasRemoteShuffle } from "./remote-shuffle.ts";
import type { SparkConf } from "./spark-conf.ts";

/**
 * What executors cannot know of their application, and their driver's conf says. Sparkgate writes it into the conf as an
 * annotation of executors (`spark.kubernetes.executor.annotation.…`), which Spark puts on each of them
 * (BasicExecutorFeatureStep), and reads it there. It is a hint: absent means unknown, and nothing that would be denied is let in by it.
 */
export interface Carried {
  /** The application's name as it was submitted, as a label: code may rename it, and executors then have the other name. */
  readonly name?: string | undefined;
  readonly language?: Language | undefined;
  readonly shuffle?: Shuffle | undefined;
  /** The driver's label `sparkgate.io/workload`: what kind of job it says it is. */
  readonly workload?: string | undefined;
  /** By policy the percent of its rollout when the application began: whoever raises it does not change running jobs. */
  readonly rollouts?: Readonly<Record<string, number>> | undefined;
}

/** What an application is written in, as far as its driver's memory goes: Scala, Java and SQL are `jvm`. */
export const LANGUAGES = ["jvm", "python", "r"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Where shuffle data lie: on executors, or with a remote shuffle service. */
export const SHUFFLES = ["executors", "remote"] as const;
export type Shuffle = (typeof SHUFFLES)[number];

/** Says what kind of job a driver runs; the words are the platform team's own. */
export const WORKLOAD_LABEL = "sparkgate.io/workload";

export const CARRIED_ANNOTATION = "sparkgate.io/app";

/** The key of the conf by which executors get the annotation. */
export const CARRIED_KEY = `spark.kubernetes.executor.annotation.${CARRIED_ANNOTATION}`;

/** What is said to a job that has the key itself. */
export const OWN = "which is Sparkgate's own: leave it out";

/** Characters: what is longer is not of our making. */
const LONGEST = 1024;
const LONGEST_LABEL = 63;

/** What a conf says of its application. */
export function factsOfConf(conf: SparkConf): Carried {
  return {
    name: applicationOfConf(conf).name,
    language: languageOfConf(conf),
    shuffle: hasRemoteShuffle(conf) ? "remote" : "executors",
    workload: conf.raw(`spark.kubernetes.driver.label.${WORKLOAD_LABEL}`)?.slice(0, LONGEST_LABEL),
  };
}

/** Spark writes down what it found the application to be (Config.APP_RESOURCE_TYPE); before it did, nothing is known. */
function languageOfConf(conf: SparkConf): Language | undefined {
  const type = conf.raw("spark.kubernetes.resource.type");
  return type === "java" ? "jvm" : LANGUAGES.find((language) => language === type);
}

/** What a driver's arguments and labels say of its application. */
export function factsOfDriver(pod: Pod, args: readonly string[]): Carried {
  const labels = pod.metadata?.labels ?? {};
  const workload = Object.hasOwn(labels, WORKLOAD_LABEL) ? labels[WORKLOAD_LABEL] : undefined;
  return { language: languageOfArguments(args), workload };
}

/** DriverCommandFeatureStep: `driver … --class CLASS RESOURCE`. */
function languageOfArguments(args: readonly string[]): Language | undefined {
  const at = args.indexOf("--class");
  if (args[0] !== "driver" || at < 0) return undefined;
  switch (args[at + 1]) {
    case "org.apache.spark.deploy.PythonRunner":
      return "python";
    case "org.apache.spark.deploy.RRunner":
      return "r";
    default:
      return "jvm";
  }
}

/** Writes the annotation: the same facts give the same text. Rollouts that have no room are left out. */
export function writeCarried({ rollouts = {}, ...carried }: Carried): string {
  const { name, language, shuffle, workload } = carried;
  const facts = { v: 1, name, language, shuffle, workload };
  const names = Object.keys(rollouts).sort();
  for (let count = names.length; count >= 0; count--) {
    const some = Object.fromEntries(names.slice(0, count).map((name) => [name, rollouts[name]]));
    const text = JSON.stringify({ ...facts, ...(count > 0 && { rollouts: some }) });
    if (text.length < LONGEST) return text;
  }
  return JSON.stringify(facts);
}

/** Reads the annotation of an executor; nothing of what is not as we write it. Never throws. */
export function readCarried(pod: Pod): Carried {
  const annotations = pod.metadata?.annotations ?? {};
  const text = Object.hasOwn(annotations, CARRIED_ANNOTATION)
    ? annotations[CARRIED_ANNOTATION]
    : undefined;
  if (text === undefined || text.length > LONGEST) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (!isRecord(value) || value["v"] !== 1) return {};
  const { name, language, shuffle, workload, rollouts } = value;
  return {
    name: labelText(name),
    language: LANGUAGES.find((known) => known === language),
    shuffle: SHUFFLES.find((known) => known === shuffle),
    workload: labelText(workload),
    rollouts: isPercents(rollouts) ? rollouts : undefined,
  };
}

function labelText(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= LONGEST_LABEL ? value : undefined;
}

function isPercents(value: unknown): value is Readonly<Record<string, number>> {
  return isRecord(value) && Object.values(value).every((percent) => typeof percent === "number");
}
