import { isDeepStrictEqual } from "node:util";
import { parseFieldPath, valueAtPath, type FieldPath } from "../../kubernetes/field-path.ts";
import { isRecord } from "../../kubernetes/json.ts";
import type { ReportFinding, Verdict } from "../../report/report.ts";

/** What a case expects. */
export interface Expectation {
  readonly verdict: Verdict;
  readonly findings?: readonly ExpectedFinding[];
  readonly object?: Readonly<Record<string, unknown>>;
  readonly exactly?: Readonly<Record<string, unknown>>;
}

interface ExpectedFinding {
  readonly action: string;
  readonly field?: string;
  readonly text?: string;
  /** A part of the text. */
  readonly contains?: string;
}

/** What came of the object of a case. */
export interface Result {
  readonly verdict: Verdict;
  /** Of the policy under test. */
  readonly findings: readonly ReportFinding[];
  /** Of all policies. */
  readonly all: readonly ReportFinding[];
  /** As it is admitted, or as it was sent where it is not. */
  readonly object: unknown;
}

/** What is not as it was expected, and where in the expectation; nothing where all is. */
export interface Difference {
  readonly path: FieldPath;
  readonly message: string;
}

const LONGEST_SHOWN = 200;

/** Compares what came of an object with what was expected. */
export function differences(expect: Expectation, result: Result): readonly Difference[] {
  const found: Difference[] = [];
  if (expect.verdict !== result.verdict) {
    const message = `expected ${expect.verdict}, is ${result.verdict}${becauseOf(result)}`;
    found.push({ path: ["verdict"], message });
  }
  if (expect.findings !== undefined) {
    found.push(...findingDifferences(expect.findings, result.findings));
  }
  if (expect.object !== undefined) {
    found.push(...fragmentDifferences(expect.object, result.object, ["object"]));
  }
  for (const [path, value] of Object.entries(expect.exactly ?? {})) {
    const at = valueAtPath(result.object, parseFieldPath(path));
    if (!at.found) {
      found.push({ path: ["exactly", path], message: "there is no such field" });
    } else if (!isDeepStrictEqual(at.value, value)) {
      const message = `expected ${shown(value)}, is ${shown(at.value)}`;
      found.push({ path: ["exactly", path], message });
    }
  }
  return found;
}

/** What was found, for who did not expect the verdict. */
function becauseOf({ all }: Result): string {
  const texts = all.map(({ policy, field, text }) =>
    [`[${policy}]`, ...(field === "" ? [] : [`${field}:`]), text].join(" "),
  );
  return texts.length === 0 ? "" : `: ${shown(texts.join("; "))}`;
}

function findingDifferences(
  expected: readonly ExpectedFinding[],
  actual: readonly ReportFinding[],
): readonly Difference[] {
  const found: Difference[] = [];
  for (const [index, want] of expected.entries()) {
    const is = actual[index];
    if (is === undefined) {
      found.push({ path: ["findings", index], message: "there is no such finding" });
      continue;
    }
    for (const key of ["action", "field", "text"] as const) {
      const value = want[key];
      if (value === undefined || value === is[key]) continue;
      const message = `expected ${shown(value)}, is ${shown(is[key])}`;
      found.push({ path: ["findings", index, key], message });
    }
    if (want.contains !== undefined && !is.text.includes(want.contains)) {
      const message = `expected ${shown(want.contains)} in ${shown(is.text)}`;
      found.push({ path: ["findings", index, "contains"], message });
    }
  }
  for (const { action, field, text } of actual.slice(expected.length)) {
    const message = `not expected: ${shown({ action, field, text })}`;
    found.push({ path: ["findings"], message });
  }
  return found;
}

function fragmentDifferences(
  expected: unknown,
  actual: unknown,
  path: FieldPath,
): readonly Difference[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      return [{ path, message: `expected ${shown(expected)}, is ${shown(actual)}` }];
    }
    return expected.flatMap((each: unknown, index) =>
      fragmentDifferences(each, actual[index], [...path, index]),
    );
  }
  if (isRecord(expected) && isRecord(actual)) {
    return Object.entries(expected).flatMap(([key, value]) =>
      Object.hasOwn(actual, key)
        ? fragmentDifferences(value, actual[key], [...path, key])
        : [{ path: [...path, key], message: `there is no such field, expected ${shown(value)}` }],
    );
  }
  if (isDeepStrictEqual(expected, actual)) return [];
  return [{ path, message: `expected ${shown(expected)}, is ${shown(actual)}` }];
}

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 3)}...` : text;
}
