import type { ConfDraft } from "../engine/conf-draft.ts";
import type { Facts } from "../engine/facts.ts";
import type { Effect } from "../engine/policy.ts";
import { RuleProblem, type RuleKind } from "../engine/rule-kind.ts";
import type { Platform } from "../kubernetes/platform.ts";
import { WORKLOAD_LABEL } from "../spark/carried.ts";
import { PROPERTIES_KEY } from "../spark/driver-conf.ts";
import type { ConfSubject } from "../spark/subject.ts";
import type { PresetEntry } from "./preset.ts";
import { confJudges, judgeUnknownKeys, sentenceOf } from "./spark-conf-judges.ts";
import { PRESETS } from "./spark-conf-presets.ts";
import { SPARK_CONF_SCHEMA } from "./spark-conf-schema.ts";
import { checkKey, type Entries, type SparkConfSpec } from "./spark-conf-spec.ts";
import { compileConfTemplate, type Template } from "./value-template.ts";

/** What a Spark application's conf must say. */
export const sparkConf: RuleKind = {
  key: "sparkConf",
  combine: "all",
  surfaces: ["driver-conf", "application"],
  description:
    "What a Spark application's conf says: keys that are set, that have defaults, that must or must not be there, and bounds of values. It is judged and mended in the ConfigMap that the driver reads, before it starts; of an operator's application it is judged early, and never changed.",
  example: `sparkConf:
  presets: [ShuffleSafeDynamicAllocation, GracefulDecommission]
  set: { spark.eventLog.enabled: "true" }
  defaults: { spark.eventLog.dir: "s3a://logs/spark" }
  forbidden: ["spark.hadoop.fs.s3a.secret.key"]
  limits:
    spark.dynamicAllocation.maxExecutors: { max: 200 }`,
  schema: SPARK_CONF_SCHEMA,
  compile: (block, { usualPlatform }) => {
    const spec = block as SparkConfSpec;
    const additions = additionsOf(spec, usualPlatform);
    const judges = confJudges(spec);
    const { unknownKeys } = spec;
    return {
      claims: new Map(
        additions.flatMap(({ key, value, when }) => (when === undefined ? [[key, value]] : [])),
      ),
      writes: additions.flatMap(({ key }) => writtenBy(key)),
      conf: {
        whole: true,
        mutate: (draft, subject, facts) => {
          const effect = effectOn(draft, subject, facts, additions);
          if (unknownKeys !== "Warn") return effect;
          const unknown = judgeUnknownKeys(draft.conf, subject.place).map(sentenceOf);
          return { ...effect, kept: [...effect.kept, ...unknown] };
        },
        judge: (conf, { place }) => judges.flatMap((judge) => judge(conf, place)),
      },
    };
  },
};

/** A key that is added, with the value that it gets here, or what fills that in. */
interface Addition extends PresetEntry {
  readonly value: string;
  readonly template?: Template | undefined;
}

/** Explicit keys go before those of presets: who names a key means it. */
function additionsOf(
  { set = {}, defaults = {}, presets = [] }: SparkConfSpec,
  platform: Platform | undefined,
): readonly Addition[] {
  const written = (entries: Entries, as: "set" | "defaults"): Addition[] =>
    Object.entries(entries).map(([key, value]) => {
      checkKey(key, [as, key]);
      // Utils.getPropertiesFromFile: such a value would never be what the policy says.
      if (value !== value.trim()) {
        throw new RuleProblem("Spark trims blanks at both ends", { path: [as, key], allowed: [] });
      }
      if (as === "defaults" && Object.hasOwn(set, key)) {
        throw new RuleProblem("is in set too: say it once", { path: [as, key], allowed: [] });
      }
      const template = compileConfTemplate(value, [as, key]);
      return {
        ...{ key, value, as: as === "set" ? "set" : "default", why: "" },
        template: template.constant === undefined ? template : undefined,
      };
    });
  const own = [...written(set, "set"), ...written(defaults, "defaults")];
  const named = new Set(own.map(({ key }) => key));
  const ofPresets = presets
    .flatMap((preset) => PRESETS[preset]?.entries ?? [])
    .flatMap((entry): readonly Addition[] => {
      const value = valueOn(entry, platform);
      return value === undefined ? [] : [{ ...entry, value }];
    });
  return [...own, ...ofPresets.filter(({ key }) => !named.has(key))];
}

function valueOn({ value }: PresetEntry, platform: Platform | undefined): string | undefined {
  if (typeof value === "string") return value;
  return platform === undefined ? undefined : value.of(platform);
}

/** An application stays as it is: what becomes of its conf later is told where its author said something else. */
function effectOn(
  draft: ConfDraft,
  subject: ConfSubject,
  facts: Facts,
  additions: readonly Addition[],
): Effect {
  const before = draft.mark();
  const done = add(draft, subject, facts, additions);
  if (subject.surface === "driver-conf") return effectOf(done);
  const { kind, place, isMended } = subject;
  const { replaced } = done;
  // Nobody adds anything later either.
  if (!isMended) draft.rollBack(before);
  const kept = replaced.map(({ key, value }) =>
    isMended
      ? `${place.fieldOf(key)} becomes ${value} in the driver's conf`
      : `${place.fieldOf(key)} is not ${value}, and nothing changes the conf of this ${kind}`,
  );
  return { summary: undefined, replaced: [], kept };
}

interface Entry {
  readonly key: string;
  readonly value: string;
}

/** What was added, and what of it in place of something else. */
interface Additions {
  readonly added: readonly Entry[];
  readonly replaced: readonly Entry[];
  /** What was not, and why, one line each. */
  readonly left: readonly string[];
}

function add(
  draft: ConfDraft,
  subject: ConfSubject,
  facts: Facts,
  additions: readonly Addition[],
): Additions {
  const replaced: Entry[] = [];
  const added: Entry[] = [];
  const left: string[] = [];
  const spokenFor = new Set<string>();
  for (const { key, value: text, as, when, template } of additions) {
    // A policy of higher priority may have spoken. Also of what needs nothing now: asked again, it is to be the same.
    if (!spokenFor.has(key) && !draft.claim(key)) continue;
    spokenFor.add(key);
    // By what the job and the entries before say: a preset may go by what its policy sets.
    if (when?.holds(draft.conf) === false) continue;
    // Also under a former name, which Spark reads where the new one is not there.
    if (as === "default" && draft.conf.get(key).kind !== "absent") continue;
    const rendered = template?.render(subject, facts) ?? { kind: "text", text };
    if (rendered.kind === "none") {
      left.push(`${key} not set: ${rendered.why}`);
      continue;
    }
    const value = rendered.text;
    const found = draft.conf.raw(key);
    if (found === value) continue;
    draft.set(key, value);
    (found === undefined ? added : replaced).push({ key, value });
  }
  return { added, replaced, left };
}

function effectOf({ added, replaced, left }: Additions): Effect {
  const textOf = ({ key, value }: Entry) => `${key}=${value}`;
  const summary = added.length > 0 ? `set ${added.map(textOf).join(", ")}` : undefined;
  return {
    summary,
    replaced: [
      ...replaced.map((entry) => `replaced by ${textOf(entry)}`),
      ...(replaced.length > 0 && summary !== undefined ? [summary] : []),
    ],
    kept: left,
  };
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
  ];
}
