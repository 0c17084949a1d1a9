import { celFailure } from "./failure.ts";

/** Work that one evaluation may do: a part of a macro's body, a node that is compared, some characters of a string. */
export interface Budget {
  steps: number;
  /** Steps of an error that `exists` or `||` swallows: it is made with a stack and a look at the whole text. */
  errorSteps: number;
}

/** The same one each time: what was cut short may be caught and tried again for each entry of a list. */
const EXHAUSTED = celFailure("too much work: simplify the expression");

/** Takes steps off a budget. */
export interface Work {
  /** @throws CelFailure where there are not that many steps left */
  readonly spend: (steps: number) => void;
  /** For what looks at a string, a list, or the keys of a map, but not into them. */
  readonly spendLength: (value: unknown) => void;
  /** For what looks at all there is in a value: one list may be there a million times. */
  readonly spendNodes: (value: unknown) => void;
  /**
   * For what asks of which type a value is: the library looks at the first entry, and at the first one of that. To find
   * the first key of an object JavaScript lists all of them.
   */
  readonly spendType: (value: unknown) => void;
}

/** Characters of a step, as a shift: comparing and copying take some ns for 64 of them. */
const CHARACTERS = 6;
/** Shorter strings cost nothing. */
const SHORT = 64;
/** JavaScript remembers the list of so many keys. */
const FEW_KEYS = 64;
/** Types have names (`list<list<int>>`), which the library keeps for good. */
const DEEPEST_TYPE = 32;

/** Meters the work of evaluations on a budget. */
export function workOn(budget: Budget): Work {
  const spend = (steps: number): void => {
    budget.steps -= steps;
    if (budget.steps < 0) throw EXHAUSTED;
  };
  const spendLength = (value: unknown): void => {
    // Where nothing is left, nothing is counted: `||` goes on after an error.
    spend(0);
    if (typeof value === "string") {
      if (value.length >= SHORT) spend(value.length >>> CHARACTERS);
    } else if (typeof value === "object" && value !== null) spend(lengthOf(value));
  };
  const spendNodes = (value: unknown): void => {
    spend(0);
    if (typeof value !== "object" || value === null) {
      spendLength(value);
    } else if (Array.isArray(value)) {
      spend(value.length);
      for (const each of value) spendNodes(each);
    } else if (value instanceof Map) {
      spend(value.size);
      for (const each of value.values()) spendNodes(each);
    } else if (value instanceof Uint8Array) {
      spendLength(value);
    } else {
      for (const each of Object.values(value)) {
        spend(1);
        spendNodes(each);
      }
    }
  };
  const spendType = (value: unknown): void => {
    spend(0);
    let inner = value;
    for (let depth = 0; typeof inner === "object" && inner !== null; depth++) {
      if (depth === DEEPEST_TYPE) throw celFailure("a value of too many levels");
      inner = Array.isArray(inner) ? (inner[0] as unknown) : firstEntry(inner, spend);
    }
  };
  return { spend, spendLength, spendNodes, spendType };
}

/** The value of a map's first key; what it takes to find it is spent. */
function firstEntry(map: object, spend: Work["spend"]): unknown {
  if (map instanceof Map) return (map as ReadonlyMap<unknown, unknown>).values().next().value;
  if (map instanceof Uint8Array) return undefined;
  const keys = Object.keys(map);
  if (keys.length > FEW_KEYS) spend(keys.length);
  const [first] = keys;
  return first === undefined ? undefined : (map as Readonly<Record<string, unknown>>)[first];
}

function lengthOf(value: object): number {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (value instanceof Uint8Array) return value.length >>> CHARACTERS;
  return Object.keys(value).length;
}
