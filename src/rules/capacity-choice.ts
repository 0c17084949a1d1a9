import { either, quoted } from "../engine/text.ts";
import { impliesTerms, mentionsKeys } from "../kubernetes/node-affinity.ts";
import type { NodeSelectorRequirement, NodeSelectorTerm, Pod } from "../kubernetes/pod.ts";

/** One place in a Pod where its author chose a capacity. */
export interface CapacityChoice {
  readonly key: string;
  /** Kubernetes field path. */
  readonly field: string;
  /** What was chosen, for people: `'spot'`. */
  readonly shown: string;
  readonly inNodeSelector: boolean;
}

const REQUIRED =
  "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";

/** The terms that a Pod requires of its node by affinity; none for a Pod that requires nothing. */
export function requiredTerms(pod: Pod): readonly NodeSelectorTerm[] {
  return (
    pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      ?.nodeSelectorTerms ?? []
  );
}

/**
 * Where a Pod chooses a capacity for itself, by nodeSelector or by required node affinity, and thereby allows
 * other nodes than those wanted.
 */
export function capacityChoices(
  pod: Pod,
  keys: readonly string[],
  wanted: readonly NodeSelectorTerm[],
): readonly CapacityChoice[] {
  if (choiceSatisfies(pod, keys, wanted)) return [];
  const isWrong = (requirement: NodeSelectorRequirement) =>
    keys.includes(requirement.key) && !impliesTerms([{ matchExpressions: [requirement] }], wanted);
  const choices: CapacityChoice[] = nodeSelectorRequirements(pod, keys)
    .filter(isWrong)
    .map((requirement) => ({
      key: requirement.key,
      field: `spec.nodeSelector[${requirement.key}]`,
      shown: either(requirement.values ?? []),
      inNodeSelector: true,
    }));
  for (const [at, term] of requiredTerms(pod).entries()) {
    for (const [index, requirement] of (term.matchExpressions ?? []).entries()) {
      if (!isWrong(requirement)) continue;
      choices.push({
        key: requirement.key,
        field: `${REQUIRED}[${at}].matchExpressions[${index}]`,
        shown: shownRequirement(requirement),
        inNodeSelector: false,
      });
    }
  }
  return choices;
}

/** Whether every node that a Pod's own choice allows is one of those wanted. */
export function choiceSatisfies(
  pod: Pod,
  keys: readonly string[],
  wanted: readonly NodeSelectorTerm[],
): boolean {
  const selected = nodeSelectorRequirements(pod, keys);
  const terms = requiredTerms(pod);
  if (selected.length === 0 && !mentionsKeys(terms, keys)) return false;
  // The nodeSelector is ANDed with the affinity: it holds in every one of its terms.
  const combined: readonly NodeSelectorTerm[] =
    terms.length === 0
      ? [{ matchExpressions: selected }]
      : terms.map((term) => (isEmpty(term) ? term : withRequirements(term, selected)));
  return impliesTerms(combined, wanted) && !combined.some(contradictsItself);
}

/** Whether a term asks for two values of one label: it matches no node, and the Pod would wait without end. */
function contradictsItself(term: NodeSelectorTerm): boolean {
  const possible = new Map<string, ReadonlySet<string>>();
  for (const { key, operator, values } of term.matchExpressions ?? []) {
    if (operator !== "In") continue;
    const before = possible.get(key);
    const allowed = new Set(values ?? []);
    const left = before === undefined ? allowed : before.intersection(allowed);
    if (left.size === 0) return true;
    possible.set(key, left);
  }
  return false;
}

function nodeSelectorRequirements(
  pod: Pod,
  keys: readonly string[],
): readonly NodeSelectorRequirement[] {
  const selector = pod.spec?.nodeSelector ?? {};
  return keys
    .filter((key) => Object.hasOwn(selector, key))
    .map((key) => ({ key, operator: "In", values: [selector[key] ?? ""] }));
}

/** A term without requirements matches no node, and must not be made to match any. */
function isEmpty(term: NodeSelectorTerm): boolean {
  return (term.matchExpressions ?? []).length === 0 && (term.matchFields ?? []).length === 0;
}

function withRequirements(
  term: NodeSelectorTerm,
  more: readonly NodeSelectorRequirement[],
): NodeSelectorTerm {
  return { ...term, matchExpressions: [...(term.matchExpressions ?? []), ...more] };
}

function shownRequirement({ operator, values }: NodeSelectorRequirement): string {
  if (operator === "In") return either(values ?? []);
  return [operator, ...(values ?? []).map(quoted)].join(" ");
}

/** What must stand there instead: the values that the wanted terms allow for a key, if they name any. */
export function neededFor(
  key: string,
  wanted: readonly NodeSelectorTerm[],
  capacity: string,
): string {
  const values = wanted.flatMap((term) =>
    (term.matchExpressions ?? [])
      .filter((requirement) => requirement.key === key && requirement.operator === "In")
      .flatMap((requirement) => requirement.values ?? []),
  );
  return values.length > 0 ? either([...new Set(values)]) : `a node with capacity ${capacity}`;
}
