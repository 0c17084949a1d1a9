import type { NodeSelectorRequirement, StringMap } from "./pod.ts";

/** A label's value, or undefined where a node does not have the label. */
type LabelValue = string | undefined;

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const maxLabelValueLength = 63;
const operators: ReadonlySet<string> = new Set([
  "In",
  "NotIn",
  "Exists",
  "DoesNotExist",
  "Gt",
  "Lt",
]);

/**
 * Tells whether a node's labels meet one requirement, as the scheduler sees it (apimachinery labels/selector.go):
 * NotIn and DoesNotExist also hold without the label. A requirement that the scheduler cannot parse (In without
 * values, Gt with a word, an operator of the future) is met by no node. Syntax of keys and values is not checked.
 */
export function labelsMeet(requirement: NodeSelectorRequirement, labels: StringMap): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  return isParsable(requirement) && valueMeets(requirement, value);
}

/**
 * Tells whether a node's fields meet one requirement of matchFields. The scheduler knows one field, metadata.name,
 * and takes only In and NotIn with exactly one value (component-helpers nodeaffinity.go); other fields are empty.
 * @param name the node's name; where a node has none, the scheduler does not look at its fields at all
 */
export function fieldsMeet(
  requirement: NodeSelectorRequirement,
  name: string | undefined,
): boolean {
  if (!isParsableField(requirement)) return false;
  if (name === undefined || name === "") return true;
  return valueMeets(requirement, requirement.key === "metadata.name" ? name : "");
}

/**
 * Tells whether one requirement of matchExpressions makes another one superfluous.
 * @returns true only if every node that meets `have` also meets `want`; false may also mean that it cannot be told
 */
export function expressionImplies(
  have: NodeSelectorRequirement,
  want: NodeSelectorRequirement,
): boolean {
  if (sameRequirement(have, want)) return true;
  if (!isParsable(have)) return operators.has(have.operator); // No node meets it.
  return have.key === want.key && isParsable(want) && valuesImply(have, want);
}

/** As `expressionImplies`, for two requirements of matchFields. */
export function fieldImplies(
  have: NodeSelectorRequirement,
  want: NodeSelectorRequirement,
): boolean {
  if (sameRequirement(have, want)) return true;
  return (
    have.key === want.key &&
    isParsableField(have) &&
    isParsableField(want) &&
    valuesImply(have, want)
  );
}

/** Tells whether two requirements say the same in the same words. */
export function sameRequirement(a: NodeSelectorRequirement, b: NodeSelectorRequirement): boolean {
  const left = valuesOf(a);
  const right = valuesOf(b);
  return (
    a.key === b.key &&
    a.operator === b.operator &&
    left.length === right.length &&
    left.every((value, index) => value === right[index])
  );
}

/** The values of a requirement; none where they are absent or null. */
export function valuesOf(requirement: NodeSelectorRequirement): readonly string[] {
  return requirement.values ?? [];
}

function valuesImply(have: NodeSelectorRequirement, want: NodeSelectorRequirement): boolean {
  switch (have.operator) {
    case "In":
      return valuesOf(have).every((value) => valueMeets(want, value));
    case "DoesNotExist":
      return valueMeets(want, undefined);
    case "NotIn":
      // Nodes without the label meet it, and so do endlessly many values: it implies only a NotIn of fewer.
      return want.operator === "NotIn" && isSubset(valuesOf(want), valuesOf(have));
    case "Exists":
      return want.operator === "Exists";
    default:
      return rangeImplies(have, want);
  }
}

/** What a Gt or Lt implies: the label is there, a wider range, or that it is not a value outside the range. */
function rangeImplies(have: NodeSelectorRequirement, want: NodeSelectorRequirement): boolean {
  switch (want.operator) {
    case "Exists":
      return true;
    case "NotIn":
      return valuesOf(want).every((value) => !valueMeets(have, value));
    case have.operator: {
      const bound = boundOf(have);
      return bound === boundOf(want) || valueMeets(want, String(bound));
    }
    default:
      return false;
  }
}

/** Whether a parsable requirement is met by a value of its label. */
function valueMeets(requirement: NodeSelectorRequirement, value: LabelValue): boolean {
  switch (requirement.operator) {
    case "In":
      return value !== undefined && valuesOf(requirement).includes(value);
    case "NotIn":
      return value === undefined || !valuesOf(requirement).includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return isInRange(requirement, value);
  }
}

function isInRange(requirement: NodeSelectorRequirement, value: LabelValue): boolean {
  const bound = boundOf(requirement);
  const number = parseInt64(value);
  if (bound === undefined || number === undefined) return false;
  return requirement.operator === "Gt" ? number > bound : number < bound;
}

/** The rules of labels.NewRequirement. One requirement that breaks them makes its whole term match nothing. */
function isParsable(requirement: NodeSelectorRequirement): boolean {
  const values = valuesOf(requirement);
  switch (requirement.operator) {
    case "In":
    case "NotIn":
      return values.length > 0;
    case "Exists":
    case "DoesNotExist":
      return values.length === 0;
    case "Gt":
    case "Lt":
      return values.length === 1 && boundOf(requirement) !== undefined;
    default:
      return false;
  }
}

function isParsableField(requirement: NodeSelectorRequirement): boolean {
  const { operator } = requirement;
  return (operator === "In" || operator === "NotIn") && valuesOf(requirement).length === 1;
}

function boundOf(requirement: NodeSelectorRequirement): bigint | undefined {
  return parseInt64(valuesOf(requirement)[0]);
}

/** Go's strconv.ParseInt(text, 10, 64): a sign and leading zeros are fine, spaces and fractions are not. */
function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || text.length > maxLabelValueLength) return undefined;
  const [, sign, digits] = /^([+-]?)([0-9]+)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const number = sign === "-" ? -BigInt(digits) : BigInt(digits);
  return number >= int64Min && number <= int64Max ? number : undefined;
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  const all = new Set(whole);
  return part.every((value) => all.has(value));
}
