import type { Environment } from "@marcbachmann/cel-js";
import { parseTimestamp } from "../kubernetes/timestamp.ts";
import { celFailure } from "./failure.ts";
import { OWN } from "./methods.ts";

/**
 * Conversions that a rewritten expression calls instead of the library's, which takes what JavaScript takes: an empty
 * text for 0, `0b11` for 3, a time without a zone for one of its machine's.
 */
export const OWN_FUNCTIONS: ReadonlySet<string> = new Set([
  ...["int", "uint", "double", "duration", "timestamp"],
]);

const LEAST_INT = -(2n ** 63n);
const MOST_INT = 2n ** 63n - 1n;

/** Registers the conversions, by the names that `rewrite` gives to them. */
export function registerConversions(environment: Environment): void {
  const [uint, duration] = [classOf(environment, "0u"), classOf(environment, "duration('0s')")];
  const handlers: Readonly<Record<string, (value: never) => unknown>> = {
    "int(int): int": same,
    "int(double): int": (value: number) => intOf(wholeOf(value, "int")),
    "int(string): int": (text: string) =>
      intOf(/^[+-]?\d{1,20}$/.test(text) && BigInt(text.replace(/^\+/, ""))),
    "uint(uint): uint": same,
    "uint(int): uint": (value: bigint) => uintOf(uint, value),
    "uint(double): uint": (value: number) => uintOf(uint, wholeOf(value, "uint")),
    "uint(string): uint": (text: string) => uintOf(uint, /^\d{1,20}$/.test(text) && BigInt(text)),
    "double(double): double": same,
    "double(int): double": (value: bigint) => Number(value),
    "double(uint): double": (value: object) => Number(value),
    "double(string): double": doubleOf,
    "duration(string): google.protobuf.Duration": (text: string) => {
      const nanoseconds = nanosecondsOf(text);
      return new duration(nanoseconds / BILLION, Number(nanoseconds % BILLION));
    },
    "timestamp(string): google.protobuf.Timestamp": (text: string) => {
      const milliseconds = parseTimestamp(text);
      if (milliseconds === undefined) throw celFailure("invalid timestamp");
      return new Date(milliseconds);
    },
    "timestamp(int): google.protobuf.Timestamp": (seconds: bigint) => {
      if (seconds < FIRST_SECOND || seconds > LAST_SECOND) throw celFailure("invalid timestamp");
      return new Date(Number(seconds) * 1000);
    },
  };
  for (const [signature, handler] of Object.entries(handlers)) {
    environment.registerFunction(OWN + signature, handler, { async: false });
  }
}

const same = (value: unknown): unknown => value;

type Constructor = new (...args: readonly unknown[]) => object;

/** The class of a value, which the library does not export. */
function classOf(environment: Environment, text: string): Constructor {
  return (environment.parse(text)({}) as object).constructor as Constructor;
}

function wholeOf(value: number, type: string): bigint {
  if (!Number.isFinite(value)) throw celFailure(`${type} conversion error`);
  return BigInt(Math.trunc(value));
}

function intOf(value: unknown): bigint {
  if (typeof value === "bigint" && value >= LEAST_INT && value <= MOST_INT) return value;
  throw celFailure("int conversion error");
}

function uintOf(uint: Constructor, value: unknown): object {
  if (typeof value === "bigint" && value >= 0n && value < 2n ** 64n) return new uint(value);
  throw celFailure("uint conversion error");
}

/** As Go's ParseFloat reads it, hexadecimal floats left aside. */
function doubleOf(text: string): number {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) {
    const value = Number(text);
    if (Number.isFinite(value)) return value;
  }
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  throw celFailure("double conversion error");
}

const BILLION = 1_000_000_000n;
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1000n],
  ["\u00b5s", 1000n],
  ["\u03bcs", 1000n],
  ["ms", 1_000_000n],
  ["s", BILLION],
  ["m", 60n * BILLION],
  ["h", 3600n * BILLION],
]);
/** Go's durations have fewer digits; to read a part takes time linear in its length. */
const LONGEST_DURATION = 64;
/** Some 10,000 years (protobuf duration.proto). */
const LONGEST_SECONDS = 315_576_000_000n;

/** Reads a duration as Go does (time.ParseDuration): `1h30m`, `-1.5s`. */
function nanosecondsOf(text: string): bigint {
  if (text.length > LONGEST_DURATION) {
    throw celFailure(`a duration of more than ${LONGEST_DURATION} characters`);
  }
  const unsigned = text.replace(/^[+-]/, "");
  const parts = [...unsigned.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy)];
  const read = parts.reduce((length, [part]) => length + part.length, 0);
  if (unsigned !== "0" && (parts.length === 0 || read < unsigned.length))
    throw celFailure("invalid duration");
  const sum = parts.reduce((total, [, number = "", unit = ""]) => {
    const [whole = "", fraction = ""] = number.split(".");
    const scale = UNITS.get(unit) ?? 0n;
    const digits = fraction.slice(0, 15);
    const rest = (BigInt(digits || 0) * scale) / 10n ** BigInt(digits.length);
    return total + BigInt(whole || 0) * scale + rest;
  }, 0n);
  if (sum / BILLION > LONGEST_SECONDS) throw celFailure("invalid duration");
  return text.startsWith("-") ? -sum : sum;
}

/** The years 1 to 9999, as in protobuf's timestamp.proto. */
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;
