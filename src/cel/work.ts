import { celFailure } from "./failure.ts";

/** Work that one evaluation may do: an iteration of a macro, a node that is compared, some characters of a string. */
export interface Budget {
  steps: number;
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
}

/** Characters of a step, as a shift: comparing and copying take some ns for 64 of them. */
const CHARACTERS = 6;
/** Shorter strings cost nothing. */
const SHORT = 64;

/** Meters the work of evaluations on a budget. */
export function workOn(budget: Budget): Work {
  const spend = (steps: number): void => {
    budget.steps -= steps;
    if (budget.steps < 0) throw EXHAUSTED;
  };
  const spendLength = (value: unknown): void => {
    if (typeof value === "string") {
      if (value.length >= SHORT) spend(value.length >>> CHARACTERS);
    } else if (typeof value === "object" && value !== null) spend(lengthOf(value));
  };
  const spendNodes = (value: unknown): void => {
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
  return { spend, spendLength, spendNodes };
}

function lengthOf(value: object): number {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (value instanceof Uint8Array) return value.length >>> CHARACTERS;
  return Object.keys(value).length;
}
