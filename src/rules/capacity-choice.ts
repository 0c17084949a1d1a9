import { either, quoted } from "../engine/text.ts";
import { impliesTerms, mentionsKeys, restrictTo } from "../kubernetes/node-affinity.ts";
import { expressionsOf, isEmpty } from "../kubernetes/node-term.ts";
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
 * other nodes than those wanted, or none: on EKS a node has one of two labels, and a Pod that asks for both, each of
 * them right, would wait without end. So one wanted term at a time counts, and all that is asked of capacity must
 * stand in that term.
 */
export function capacityChoices(
  pod: Pod,
  keys: readonly string[],
  wanted: readonly NodeSelectorTerm[],
): readonly CapacityChoice[] {
  if (!choosesCapacity(pod, keys) || choiceSatisfies(pod, keys, wanted)) return [];
  const selected = nodeSelectorRequirements(pod, keys);
  const compatible = compatibleTerms(pod, keys, wanted);
  const isWrong = (requirement: NodeSelectorRequirement) =>
    keys.includes(requirement.key) && !compatible.some((term) => fits(requirement, term));
  const choices: CapacityChoice[] = selected.filter(isWrong).map((requirement) => ({
    key: requirement.key,
    field: `spec.nodeSelector[${requirement.key}]`,
    shown: either(requirement.values ?? []),
    inNodeSelector: true,
  }));
  for (const [at, term] of requiredTerms(pod).entries()) {
    for (const [index, requirement] of expressionsOf(term).entries()) {
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

/** Whether a Pod says anything of capacity. Most Pods do not, and need no further look. */
function choosesCapacity(pod: Pod, keys: readonly string[]): boolean {
  const selector = pod.spec?.nodeSelector;
  if (selector != null && keys.some((key) => Object.hasOwn(selector, key))) return true;
  const terms = requiredTerms(pod);
  return terms.length > 0 && mentionsKeys(terms, keys);
}

/** Whether every node that a Pod's own choice allows is one of those wanted, and it allows any. */
export function choiceSatisfies(
  pod: Pod,
  keys: readonly string[],
  wanted: readonly NodeSelectorTerm[],
): boolean {
  if (!choosesCapacity(pod, keys)) return false;
  const selected = nodeSelectorRequirements(pod, keys);
  const terms = requiredTerms(pod);
  // Put there by the policy itself, just now.
  if (terms === wanted && selected.length === 0) return true;
  // The nodeSelector is ANDed with the affinity: it holds in every one of its terms.
  const combined: readonly NodeSelectorTerm[] =
    terms.length === 0
      ? [{ matchExpressions: selected }]
      : terms.map((term) => (isEmpty(term) ? term : withRequirements(term, selected)));
  return combined.every((term) => isEmpty(term) || isRight(term, keys, wanted));
}

/**
 * The terms of a Pod with the wanted ones (each once) in place of what they say of capacity; those that are right stay
 * as they are. Adds only what goes together with the nodeSelector.
 */
export function restrictToCapacity(
  pod: Pod,
  keys: readonly string[],
  wanted: readonly NodeSelectorTerm[],
): readonly NodeSelectorTerm[] {
  const selected = nodeSelectorRequirements(pod, keys);
  if (selected.length === 0 && requiredTerms(pod).length === 0) return wanted;
  return restrictTo(requiredTerms(pod), keys, compatibleTerms(pod, keys, wanted), (term) =>
    isRight(withRequirements(term, selected), keys, wanted),
  );
}

/** Whether a term allows nodes of one wanted term only, says nothing of capacity beside it, and can be met. */
function isRight(
  term: NodeSelectorTerm,
  keys: readonly string[],
  wanted: readonly NodeSelectorTerm[],
): boolean {
  const asked = expressionsOf(term).filter(({ key }) => keys.includes(key));
  return (
    !contradictsItself(term) &&
    wanted.some(
      (other) =>
        impliesTerms([term], [other]) &&
        asked.every(({ key }) => expressionsOf(other).some((one) => one.key === key)),
    )
  );
}

/** The wanted terms that go best with what the nodeSelector says of capacity: one at least. */
function compatibleTerms(
  pod: Pod,
  keys: readonly string[],
  wanted: readonly NodeSelectorTerm[],
): readonly NodeSelectorTerm[] {
  const selected = nodeSelectorRequirements(pod, keys);
  const score = (term: NodeSelectorTerm) =>
    selected.filter((requirement) => fits(requirement, term)).length;
  const best = Math.max(...wanted.map(score));
  if (best === 0) return wanted;
  const [first] = wanted.filter((term) => score(term) === best);
  return first === undefined ? wanted : [first];
}

/** Whether a requirement allows what a wanted term asks of the same label, and nothing else. */
function fits(requirement: NodeSelectorRequirement, term: NodeSelectorTerm): boolean {
  const same = expressionsOf(term).filter(({ key }) => key === requirement.key);
  return (
    same.length > 0 &&
    same.every((one) =>
      impliesTerms([{ matchExpressions: [requirement] }], [{ matchExpressions: [one] }]),
    )
  );
}

/** Whether a term asks two things of one label that no node has: the Pod would wait without end. */
function contradictsItself(term: NodeSelectorTerm): boolean {
  const possible = new Map<string, ReadonlySet<string>>();
  const expressions = expressionsOf(term);
  for (const { key, operator, values } of expressions) {
    if (operator !== "In") continue;
    const before = possible.get(key);
    const allowed = new Set(values ?? []);
    possible.set(key, before === undefined ? allowed : before.intersection(allowed));
  }
  for (const { key, operator, values } of expressions) {
    const before = possible.get(key);
    if (before === undefined) continue;
    if (operator === "DoesNotExist") return true;
    if (operator === "NotIn") possible.set(key, before.difference(new Set(values ?? [])));
  }
  return [...possible.values()].some((left) => left.size === 0);
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

function withRequirements(
  term: NodeSelectorTerm,
  more: readonly NodeSelectorRequirement[],
): NodeSelectorTerm {
  return { ...term, matchExpressions: [...expressionsOf(term), ...more] };
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
    expressionsOf(term)
      .filter((requirement) => requirement.key === key && requirement.operator === "In")
      .flatMap((requirement) => requirement.values ?? []),
  );
  return values.length > 0 ? either([...new Set(values)]) : `a node with capacity ${capacity}`;
}
