import type { Violation } from "../engine/policy.ts";
import { compileGlobs } from "../kubernetes/glob.ts";
import type { ConfPlace } from "../spark/conf-place.ts";
import { unknownKeys } from "../spark/known-keys.ts";
import type { SparkConf } from "../spark/spark-conf.ts";
import { compileLimit } from "./spark-conf-limits.ts";
import { checkKey, type SparkConfSpec } from "./spark-conf-spec.ts";

/** Judges a conf, once all policies have added what they add. */
export type ConfJudge = (conf: SparkConf, place: ConfPlace) => readonly Violation[];

/** What a rule refuses of a conf. */
export function confJudges(spec: SparkConfSpec): readonly ConfJudge[] {
  return [
    ...requiredJudges(spec),
    ...forbiddenJudges(spec),
    ...limitJudges(spec),
    ...(spec.unknownKeys === "Deny" ? [judgeUnknownKeys] : []),
  ];
}

function requiredJudges({ required = [] }: SparkConfSpec): ConfJudge[] {
  return required.map((key, index) => {
    if (!key.startsWith("spark.")) checkKey(key, ["required", String(index)]);
    return (conf, { fieldOf, assignment }) =>
      (conf.raw(key) ?? "") === ""
        ? [{ field: fieldOf(key), message: "is missing", fix: assignment(key, "VALUE") }]
        : [];
  });
}

function forbiddenJudges({ forbidden }: SparkConfSpec): ConfJudge[] {
  if (forbidden === undefined) return [];
  const isForbidden = compileGlobs(forbidden);
  return [
    (conf, { fieldOf }) =>
      conf
        .keys()
        .filter(isForbidden)
        .map((key) => ({ field: fieldOf(key), message: "is forbidden", fix: "leave it out" })),
  ];
}

function limitJudges({ limits = {} }: SparkConfSpec): ConfJudge[] {
  return Object.entries(limits).map(([key, limit]) => {
    const faultOf = compileLimit(key, limit);
    return (conf, { fieldOf, assignment }) => {
      const found = conf.get(key);
      if (found.kind === "absent") return [];
      const field = fieldOf(found.key);
      if (found.kind === "unknown") {
        return [{ field, message: `cannot be judged: ${found.why}`, fix: "write the value out" }];
      }
      const fault = faultOf(found.value);
      return fault === undefined
        ? []
        : [{ field, message: fault.message, fix: assignment(found.key, fault.allowed) }];
    };
  });
}

/** A conf has hundreds of keys at most; of a hostile one nobody reads more. */
const MOST_UNKNOWN = 20;

/** Unknown alone is not wrong: jobs keep settings of their own in the conf. One that is nearly Spark's is hardly meant. */
export function judgeUnknownKeys(conf: SparkConf, { fieldOf }: ConfPlace): readonly Violation[] {
  return unknownKeys(conf.keys())
    .flatMap(({ key, nearest }) =>
      nearest === undefined
        ? []
        : [
            {
              field: fieldOf(key),
              message: "is no key of Spark's",
              fix: `did you mean ${nearest}?`,
            },
          ],
    )
    .slice(0, MOST_UNKNOWN);
}

/** A violation that is only told. */
export function sentenceOf({ field, message, fix }: Violation): string {
  return `${field} ${message}: ${fix ?? ""}`;
}
