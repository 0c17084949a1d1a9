import { RuleProblem } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";
import { parseDuration } from "../spark/duration.ts";
import { parseJavaSize } from "../spark/java-size.ts";
import { parseJavaInt, type Parsed } from "../spark/java-string.ts";
import { type OwnUnit, ownUnit } from "../spark/own-unit.ts";

/** Bounds of a value, both allowed. */
export interface Limit {
  readonly min?: number | string;
  readonly max?: number | string;
}

/** Why a value is out of bounds, and what would be allowed. */
export interface LimitFault {
  readonly message: string;
  readonly allowed: string;
}

/** A way to read values: whole numbers, sizes in bytes, durations in milliseconds. */
type Measure = (text: string) => number | undefined;

const number = (parsed: Parsed<number>) => (parsed.kind === "known" ? parsed.value : undefined);

/**
 * For keys whose own unit is not known. What a number without a unit means depends on the key, so that such a value is
 * not compared with one that has a unit.
 */
const MEASURES: readonly Measure[] = [
  (text) => number(parseJavaInt(text)),
  (text) => (isBare(text) ? undefined : number(parseJavaSize(text, "b"))),
  (text) => (isBare(text) ? undefined : number(parseDuration(text, "us"))),
];

/** Values by which a key has no bound at all, however small they look. */
const UNBOUNDED: ReadonlyMap<string, (value: number) => boolean> = new Map([
  // TaskSetManager.canFetchMoreResults, Executor
  ["spark.driver.maxResultSize", (bytes) => bytes <= 0],
  // SQLConf.broadcastTimeout
  ["spark.sql.broadcastTimeout", (milliseconds) => milliseconds < 0],
]);

function isBare(text: string): boolean {
  return /^\s*-?\d+\s*$/.test(text);
}

/**
 * Compiles the bounds of a key. Bounds and values without a unit are in the key's own, where that is known.
 * @throws RuleProblem where a bound is not what the key takes, or neither a number, a size nor a duration, where both are
 *   not of one kind, and where no value fits
 */
export function compileLimit(key: string, limit: Limit): (text: string) => LimitFault | undefined {
  const unit = ownUnit(key);
  const measure = measureFor(key, limit, unit);
  const [min, max] = (["min", "max"] as const).map((side) => {
    const bound = limit[side];
    return bound === undefined ? undefined : measure(String(bound));
  });
  if (min !== undefined && max !== undefined && min > max)
    throw new RuleProblem("min is above max: no value fits", {
      path: ["limits", key],
      allowed: [],
    });
  const isUnbounded = UNBOUNDED.get(key) ?? (() => false);
  return (text) => {
    const value = measure(text);
    const fault = (is: string, bound: Limit["min"] = ""): LimitFault => {
      const shown = unit !== undefined && isBare(text) ? ` (${unit.name})` : "";
      return { message: `${quoted(text)}${shown} ${is} ${bound}`, allowed: String(bound) };
    };
    if (value === undefined) return fault("cannot be compared with", limit.max ?? limit.min);
    if (max !== undefined && isUnbounded(value))
      return fault("means unlimited, must be at most", limit.max);
    if (max !== undefined && value > max) return fault("is above", limit.max);
    if (min !== undefined && value < min) return fault("is below", limit.min);
    return undefined;
  };
}

/** How bounds and values are read: the first way in which both bounds can be. */
function measureFor(key: string, limit: Limit, unit: OwnUnit | undefined): Measure {
  const bounds = (["min", "max"] as const).flatMap((side) => {
    const bound = limit[side];
    return bound === undefined ? [] : [{ side, text: String(bound) }];
  });
  // `2m` is a size where nothing says that it is not: for minutes say `2min`.
  const measures = unit === undefined ? MEASURES : [(text: string) => number(unit.read(text))];
  const measure = measures.find((each) => bounds.every(({ text }) => each(text) !== undefined));
  if (measure !== undefined) return measure;
  const wrong = bounds.find(({ text }) => measures.every((each) => each(text) === undefined));
  const side = (wrong ?? bounds[0])?.side ?? "max";
  throw new RuleProblem(boundsOf(unit), { path: ["limits", key, side], allowed: [] });
}

function boundsOf(unit: OwnUnit | undefined): string {
  if (unit === undefined) {
    return "must be whole numbers, sizes such as 64g or durations such as 10min, both alike";
  }
  const such = unit.kind === "size" ? "a size such as 64g" : "a duration such as 10min";
  return `must be ${such}, or a whole number of ${unit.name}, as Spark reads this key`;
}
