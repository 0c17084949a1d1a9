import type { ConfDraft } from "../engine/conf-draft.ts";
import type { Demand, Effect, Violation } from "../engine/policy.ts";
import { RuleProblem, type RuleKind } from "../engine/rule-kind.ts";
import { compileGlobs } from "../kubernetes/glob.ts";
import { WORKLOAD_LABEL } from "../spark/carried.ts";
import { PROPERTIES_KEY } from "../spark/driver-conf.ts";
import { unknownKeys } from "../spark/known-keys.ts";
import type { SparkConf } from "../spark/spark-conf.ts";
import { compileLimit, type Limit } from "./spark-conf-limits.ts";
import type { PresetEntry } from "./preset.ts";
import { PRESETS } from "./spark-conf-presets.ts";
import { SPARK_CONF_SCHEMA } from "./spark-conf-schema.ts";

type Entries = Readonly<Record<string, string>>;

interface SparkConfSpec {
  readonly presets?: readonly string[];
  readonly set?: Entries;
  readonly defaults?: Entries;
  readonly required?: readonly string[];
  readonly forbidden?: readonly string[];
  readonly limits?: Readonly<Record<string, Limit>>;
  readonly unknownKeys?: "Ignore" | "Warn" | "Deny";
}

/** Keys that say what was made of the conf before it came here: to change them would be a lie. */
const NOT_OURS =
  /^spark\.(?:app\.id|master|submit\.|kubernetes\.(?:submitInDriver|resource\.type|namespace|driver\.pod\.name|(?:driver|executor)\.(?:label|annotation)\.(?:spark-|sparkgate\.io\/)))/;

/** What a Spark application's conf must say. */
export const sparkConf: RuleKind = {
  key: "sparkConf",
  combine: "all",
  surfaces: ["driver-conf"],
  description:
    "What a Spark application's conf says: keys that are set, that have defaults, that must or must not be there, and bounds of values. It is judged and mended in the ConfigMap that the driver reads, before it starts.",
  example: `sparkConf:
  presets: [ShuffleSafeDynamicAllocation, GracefulDecommission]
  set: { spark.eventLog.enabled: "true" }
  defaults: { spark.eventLog.dir: "s3a://logs/spark" }
  forbidden: ["spark.hadoop.fs.s3a.secret.key"]
  limits:
    spark.dynamicAllocation.maxExecutors: { max: 200 }`,
  schema: SPARK_CONF_SCHEMA,
  compile: (block) => {
    const spec = block as SparkConfSpec;
    const additions = additionsOf(spec);
    const judges = [...requiredJudges(spec), ...forbiddenJudges(spec), ...limitJudges(spec)];
    const { unknownKeys = "Ignore" } = spec;
    if (unknownKeys === "Deny") judges.push(judgeUnknownKeys);
    return {
      claims: new Map(
        additions.flatMap(({ key, value, when }) => (when === undefined ? [[key, value]] : [])),
      ),
      demands: demandsOf(spec),
      writes: additions.flatMap(({ key }) => writtenBy(key)),
      conf: {
        whole: true,
        mutate: (draft) => {
          const effect = add(draft, additions);
          if (unknownKeys !== "Warn") return effect;
          return { ...effect, kept: judgeUnknownKeys(draft.conf).map(sentenceOf) };
        },
        judge: (conf) => judges.flatMap((judge) => judge(conf)),
      },
    };
  },
};

/** Explicit keys go before those of presets: who names a key means it. */
function additionsOf({
  set = {},
  defaults = {},
  presets = [],
}: SparkConfSpec): readonly PresetEntry[] {
  const written = (entries: Entries, as: "set" | "defaults"): PresetEntry[] =>
    Object.entries(entries).map(([key, value]) => {
      checkKey(key, [as, key]);
      // Utils.getPropertiesFromFile: such a value would never be what the policy says.
      if (value !== value.trim()) {
        throw new RuleProblem("Spark trims blanks at both ends", { path: [as, key], allowed: [] });
      }
      if (as === "defaults" && Object.hasOwn(set, key)) {
        throw new RuleProblem("is in set too: say it once", { path: [as, key], allowed: [] });
      }
      return { key, value, as: as === "set" ? "set" : "default", why: "" };
    });
  const own = [...written(set, "set"), ...written(defaults, "defaults")];
  const named = new Set(own.map(({ key }) => key));
  const ofPresets: readonly PresetEntry[] = presets.flatMap(
    (preset) => PRESETS[preset]?.entries ?? [],
  );
  return [...own, ...ofPresets.filter(({ key }) => !named.has(key))];
}

function checkKey(key: string, path: readonly string[]): void {
  const problem = (message: string) => new RuleProblem(message, { path, allowed: [] });
  if (!key.startsWith("spark.")) {
    throw problem(`'${key}' does not begin with spark.: Spark reads no other keys`);
  }
  if (NOT_OURS.test(key)) throw problem("is Spark's or Sparkgate's own: it must stay as it is");
}

function add(draft: ConfDraft, additions: readonly PresetEntry[]): Effect {
  const replaced: string[] = [];
  const added: string[] = [];
  const spokenFor = new Set<string>();
  for (const { key, value, as, when } of additions) {
    // A policy of higher priority may have spoken. Also of what needs nothing now: asked again, it is to be the same.
    if (!spokenFor.has(key) && !draft.claim(key)) continue;
    spokenFor.add(key);
    // By what the job and the entries before say: a preset may go by what its policy sets.
    if (when?.holds(draft.conf) === false) continue;
    // Also under a former name, which Spark reads where the new one is not there.
    if (as === "default" && draft.conf.get(key).kind !== "absent") continue;
    const found = draft.conf.raw(key);
    if (found === value) continue;
    draft.set(key, value);
    (found === undefined ? added : replaced).push(`${key}=${value}`);
  }
  return {
    summary: added.length > 0 ? `set ${added.join(", ")}` : undefined,
    replaced: [
      ...replaced.map((entry) => `replaced by ${entry}`),
      ...(replaced.length > 0 && added.length > 0 ? [`set ${added.join(", ")}`] : []),
    ],
    kept: [],
  };
}

type Judge = (conf: SparkConf) => readonly Violation[];

function requiredJudges({ required = [] }: SparkConfSpec): Judge[] {
  return required.map((key, index) => {
    if (!key.startsWith("spark.")) checkKey(key, ["required", String(index)]);
    return (conf) =>
      (conf.raw(key) ?? "") === ""
        ? [{ field: key, message: "is missing", fix: `--conf ${key}=VALUE` }]
        : [];
  });
}

function forbiddenJudges({ forbidden }: SparkConfSpec): Judge[] {
  if (forbidden === undefined) return [];
  const isForbidden = compileGlobs(forbidden);
  return [
    (conf) =>
      conf
        .keys()
        .filter(isForbidden)
        .map((key) => ({ field: key, message: "is forbidden", fix: "leave it out" })),
  ];
}

function limitJudges({ limits = {} }: SparkConfSpec): Judge[] {
  return Object.entries(limits).map(([key, limit]) => {
    const faultOf = compileLimit(key, limit);
    return (conf) => {
      const found = conf.get(key);
      if (found.kind === "absent") return [];
      if (found.kind === "unknown") {
        return [
          { field: key, message: `cannot be judged: ${found.why}`, fix: "write the value out" },
        ];
      }
      const fault = faultOf(found.value);
      return fault === undefined
        ? []
        : [{ field: key, message: fault.message, fix: `--conf ${key}=${fault.allowed}` }];
    };
  });
}

/** A conf has hundreds of keys at most; of a hostile one nobody reads more. */
const MOST_UNKNOWN = 20;

/** Unknown alone is not wrong: jobs keep settings of their own in the conf. One that is nearly Spark's is hardly meant. */
function judgeUnknownKeys(conf: SparkConf): readonly Violation[] {
  return unknownKeys(conf.keys())
    .flatMap(({ key, nearest }) =>
      nearest === undefined
        ? []
        : [{ field: key, message: "is no key of Spark's", fix: `did you mean ${nearest}?` }],
    )
    .slice(0, MOST_UNKNOWN);
}

function sentenceOf({ field, message, fix }: Violation): string {
  return `${field} ${message}: ${fix ?? ""}`;
}

/** Labels that the Pods of a role will have, by the conf. */
const POD_LABEL = /^spark\.kubernetes\.(?:driver|executor)\.label\.(.+)$/;

/** What conditions and selectors may read of a conf that changes with a key. */
function writtenBy(key: string): readonly (readonly string[])[] {
  const [, label] = POD_LABEL.exec(key) ?? [];
  return [
    ["spark", "conf", key],
    ["data", PROPERTIES_KEY],
    ...(label === undefined ? [] : [["metadata", "labels", label]]),
    ...(label === WORKLOAD_LABEL ? [["app", "workload"]] : []),
    ...(key === "spark.shuffle.manager" ? [["app", "shuffle"]] : []),
    ...(key === "spark.app.name" ? [["app", "name"]] : []),
  ];
}

function demandsOf({ set = {} }: SparkConfSpec): readonly Demand[] {
  return Object.entries(set).map(([field, value]) => ({ field, values: [value], isSet: true }));
}
