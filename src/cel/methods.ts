import type { Environment } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
import { withoutConstructorKeys } from "./constructor-keys.ts";
import { celFailure } from "./failure.ts";
import type { Work } from "./work.ts";

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

/** Characters of a step of RE2, which takes some 40 ns for each. */
const PATTERN_CHARACTERS = 16;
/** Instructions of a pattern that the above holds for; alternatives are followed side by side. */
const PATTERN_SIZE = 32;
/** Bytes of a step of reading JSON: `[]` is two of them, and makes a list. */
const JSON_BYTES = 8;

/** The library's own, but counted before they begin. Numbers come as bigint. */
export function registerOwnMethods(environment: Environment, work: Work): void {
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
      spend(Math.ceil(bytes.length / JSON_BYTES));
      return withoutConstructorKeys(JSON.parse(new TextDecoder().decode(bytes)) as unknown);
    },
  };
  for (const [signature, handler] of Object.entries(methods)) {
    environment.registerFunction(signature.replace(".", `.${OWN}`), handler, { async: false });
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each has the types of its own signature
type Handler = (...args: any[]) => unknown;
