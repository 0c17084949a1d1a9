import { RuleProblem } from "../engine/rule-kind.ts";
import { quoted } from "../engine/text.ts";
import { parseDuration } from "../spark/duration.ts";
import { parseJavaSize } from "../spark/java-size.ts";
import { parseJavaInt, type Parsed } from "../spark/java-string.ts";

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

/** The units are those of numbers without one: what they mean depends on the key, so that such a value is not compared. */
const MEASURES: readonly Measure[] = [
  (text) => number(parseJavaInt(text)),
  (text) => (isBare(text) ? undefined : number(parseJavaSize(text, "b"))),
  (text) => (isBare(text) ? undefined : number(parseDuration(text, "us"))),
];

function isBare(text: string): boolean {
  return /^\s*-?\d+\s*$/.test(text);
}

/**
 * Compiles the bounds of a key.
 * @throws RuleProblem where a bound is neither a number, a size nor a duration, where both are not of one kind, and where
 *   no value fits
 */
export function compileLimit(key: string, limit: Limit): (text: string) => LimitFault | undefined {
  const bounds = (["min", "max"] as const).flatMap((side) => {
    const bound = limit[side];
    return bound === undefined ? [] : [{ side, text: String(bound) }];
  });
  const problem = (message: string, side?: string) =>
    new RuleProblem(message, {
      path: ["limits", key, ...(side === undefined ? [] : [side])],
      allowed: [],
    });
  // `2m` is a size: for minutes say `2min`.
  const measure = MEASURES.find((each) => bounds.every(({ text }) => each(text) !== undefined));
  if (measure === undefined) {
    const [first] = bounds;
    throw problem(
      "must be whole numbers, sizes such as 64g or durations such as 10min, both alike",
      first?.side,
    );
  }
  const [min, max] = (["min", "max"] as const).map((side) => {
    const bound = limit[side];
    return bound === undefined ? undefined : measure(String(bound));
  });
  if (min !== undefined && max !== undefined && min > max)
    throw problem("min is above max: no value fits");
  return (text) => {
    const value = measure(text);
    const allowed = String(limit.max ?? limit.min ?? "");
    if (value === undefined) {
      return { message: `${quoted(text)} cannot be compared with ${allowed}`, allowed };
    }
    if (max !== undefined && value > max) {
      return {
        message: `${quoted(text)} is above ${String(limit.max)}`,
        allowed: String(limit.max),
      };
    }
    if (min !== undefined && value < min) {
      return {
        message: `${quoted(text)} is below ${String(limit.min)}`,
        allowed: String(limit.min),
      };
    }
    return undefined;
  };
}
