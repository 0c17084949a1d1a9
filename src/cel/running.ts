import type { Environment } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
import { withoutConstructorKeys } from "./constructor-keys.ts";
import { createCheckingEnvironment } from "./environment.ts";
import { celFailure } from "./failure.ts";
import { workOn, type Budget, type Work } from "./work.ts";

/** Names that a rewritten expression calls; no policy can call them, since policies are checked without them. */
export const STEP = "__step";
export const WALKED = "__walked";
export const SOUGHT_IN = "__soughtIn";
export const LOOKED_THROUGH = "__lookedThrough";
export const COMPARED = "__compared";
export const MEASURED = "__measured";
export const BRIEF = "__brief";
export const SLOW = "__slow";

/** What a rewritten expression calls instead of a method of the library: the same, but its work is counted. */
export const OWN_METHODS: ReadonlySet<string> = new Set([
  "contains",
  "indexOf",
  "lastIndexOf",
  "split",
  "join",
  "matches",
  "json",
]);
export const OWN = "__";

/** Steps of what takes some tens of microseconds, such as the first look at a time zone. */
const SLOW_STEPS = 200;
/** The library reads durations with a pattern whose time is cubic in the length. */
const LONGEST_BRIEF = 64;
/** Characters of a step of RE2, which takes some 40 ns for each. */
const PATTERN_CHARACTERS = 16;
/** Instructions of a pattern that the above holds for; alternatives are followed side by side. */
const PATTERN_SIZE = 32;

/** An environment in which rewritten expressions run: their work is counted. */
export function createRunningEnvironment(
  budget: Budget,
  limits: { longestList: number },
): Environment {
  // What is rewritten is longer than what was written, which has been held to the limits.
  const environment = createCheckingEnvironment({ maxAstNodes: 200_000, maxDepth: 250 });
  const work = workOn(budget);
  const { spend, spendLength, spendNodes } = work;
  const nothing = (): void => undefined;
  const checkLength = (value: unknown): void => {
    if (Array.isArray(value) && value.length > limits.longestList) {
      throw celFailure(
        `a list of ${value.length} entries: at most ${limits.longestList} are looked through`,
      );
    }
  };
  const passing: Readonly<Record<string, Macro>> = {
    [STEP]: passThrough(
      () => {
        spend(1);
      },
      (value) => {
        if (Array.isArray(value) || typeof value === "string") spendLength(value);
      },
    ),
    [WALKED]: passThrough(nothing, (value) => {
      checkLength(value);
      spendLength(value);
    }),
    // A key of a map is found at once, an entry of a list is not.
    [SOUGHT_IN]: passThrough(nothing, (value) => {
      checkLength(value);
      if (Array.isArray(value)) spend(value.length);
    }),
    [LOOKED_THROUGH]: passThrough(nothing, (value) => {
      checkLength(value);
      if (Array.isArray(value)) spendNodes(value);
    }),
    [COMPARED]: passThrough(nothing, spendNodes),
    [MEASURED]: passThrough(nothing, spendLength),
    [BRIEF]: passThrough(nothing, (value) => {
      if (typeof value === "string" && value.length > LONGEST_BRIEF) {
        throw celFailure(`a duration of more than ${LONGEST_BRIEF} characters`);
      }
    }),
    [SLOW]: passThrough(() => {
      spend(SLOW_STEPS);
    }, nothing),
  };
  for (const [name, macro] of Object.entries(passing)) {
    environment.registerFunction(`${name}(ast): dyn`, macro);
  }
  registerOwnMethods(environment, work);
  return environment;
}

/** A macro that is its argument, and counts. */
function passThrough(onEnter: () => void, onLeave: (value: unknown) => void): Macro {
  return ({ args: [argument] }) => ({
    argument,
    async: false,
    typeCheck: (checker, macro, context) => checker.check(macro.argument, context),
    evaluate: (evaluator, macro, context) => {
      onEnter();
      const value = evaluator.run(macro.argument, context);
      onLeave(value);
      return value;
    },
  });
}

/** What the library hands to a macro; its own types leave it open. */
type Macro = (call: { readonly args: readonly unknown[] }) => {
  readonly argument: unknown;
  readonly async: false;
  readonly typeCheck: (
    checker: { check: (node: unknown, context: unknown) => unknown },
    macro: { readonly argument: unknown },
    context: unknown,
  ) => unknown;
  readonly evaluate: (
    evaluator: { run: (node: unknown, context: unknown) => unknown },
    macro: { readonly argument: unknown },
    context: unknown,
  ) => unknown;
};

/** The library's own, but counted before they begin. Numbers come as bigint. */
function registerOwnMethods(environment: Environment, work: Work): void {
  const { spend, spendLength } = work;
  // JavaScript's search is quadratic at worst: `aaa…` has no `baaa…`.
  const search = (text: string, sought: string): void => {
    const steps = (text.length * (16 + sought.length)) / 1024;
    if (steps >= 1) spend(Math.floor(steps));
  };
  const startOf = (text: string, from: bigint): number => {
    const start = Number(from);
    if (start < 0 || start >= text.length) throw celFailure("index out of range");
    return start;
  };
  const parts = (text: string, separator: string): string[] => {
    search(text, separator);
    if (separator === "") spend(text.length);
    const found = text.split(separator);
    spendLength(found);
    return found;
  };
  const joined = (list: Iterable<unknown>, separator: string): string => {
    const strings = [...list];
    let length = 0;
    for (const each of strings) {
      if (typeof each !== "string") throw celFailure("invalid list element type");
      length += each.length + separator.length;
    }
    spend(strings.length + Math.floor(length / 64));
    return strings.join(separator);
  };
  const patterns = new Map<string, { readonly test: RE2JS; readonly weight: number }>();
  const matches = (text: string, pattern: string): boolean => {
    let compiled = patterns.get(pattern);
    if (compiled === undefined) {
      const test = RE2JS.compile(pattern);
      const weight = Math.max(1, test.programSize() / PATTERN_SIZE) / PATTERN_CHARACTERS;
      patterns.set(pattern, (compiled = { test, weight }));
    }
    spend(Math.floor(text.length * compiled.weight));
    return compiled.test.test(text);
  };

  const methods: Readonly<Record<string, Handler>> = {
    "string.contains(string): bool": (text: string, sought: string) => (
      search(text, sought),
      text.includes(sought)
    ),
    "string.indexOf(string): int": (text: string, sought: string) => (
      search(text, sought),
      BigInt(text.indexOf(sought))
    ),
    "string.indexOf(string, int): int": (text: string, sought: string, from: bigint) => {
      if (sought === "") return from;
      search(text, sought);
      return BigInt(text.indexOf(sought, startOf(text, from)));
    },
    "string.lastIndexOf(string): int": (text: string, sought: string) => (
      search(text, sought),
      BigInt(text.lastIndexOf(sought))
    ),
    "string.lastIndexOf(string, int): int": (text: string, sought: string, from: bigint) => {
      if (sought === "") return from;
      search(text, sought);
      return BigInt(text.lastIndexOf(sought, startOf(text, from)));
    },
    "string.split(string): list<string>": parts,
    "string.split(string, int): list<string>": (text: string, separator: string, most: bigint) => {
      const limit = Number(most);
      if (limit === 0) return [];
      const found = parts(text, separator);
      if (limit < 0 || found.length <= limit) return found;
      return [...found.slice(0, limit - 1), found.slice(limit - 1).join(separator)];
    },
    "list<string>.join(): string": (list: Iterable<unknown>) => joined(list, ""),
    "list<string>.join(string): string": joined,
    "string.matches(string): bool": matches,
    "bytes.json(): map": (bytes: Uint8Array) => {
      spendLength(bytes);
      return withoutConstructorKeys(JSON.parse(new TextDecoder().decode(bytes)) as unknown);
    },
  };
  for (const [signature, handler] of Object.entries(methods)) {
    environment.registerFunction(signature.replace(".", `.${OWN}`), handler, { async: false });
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each has the types of its own signature
type Handler = (...args: any[]) => unknown;
