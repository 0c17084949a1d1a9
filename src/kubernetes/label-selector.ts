import { isLabelValue, isMetadataKey } from "./label-syntax.ts";
import type { Maybe, StringMap } from "./pod.ts";

/** One condition on a label. Operators: In, NotIn, Exists, DoesNotExist. */
export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: Maybe<readonly string[]>;
}

/** A selector as Kubernetes writes it: all of matchLabels and all of matchExpressions must hold. */
export interface LabelSelector {
  readonly matchLabels?: Maybe<StringMap>;
  readonly matchExpressions?: Maybe<readonly LabelSelectorRequirement[]>;
}

type LabelPredicate = (labels: StringMap) => boolean;

/**
 * Compiles a label selector with Kubernetes' meaning (apimachinery labels/selector.go): an empty selector matches
 * everything, and NotIn also matches where the label is missing.
 * @returns a function of an object's labels; null and undefined are no labels
 * @throws TypeError for what Kubernetes refuses too: a key or a value that no label can have, an unknown operator, In or NotIn without values, Exists or
 *   DoesNotExist with values. A selector that silently matched nothing would switch a policy off.
 */
export function compileLabelSelector(
  selector: LabelSelector,
): (labels: Maybe<StringMap>) => boolean {
  const equalities = Object.entries(selector.matchLabels ?? {});
  const predicates: readonly LabelPredicate[] = [
    ...equalities.map(([key, value]) =>
      compileRequirement({ key, operator: "In", values: [value] }),
    ),
    ...(selector.matchExpressions ?? []).map(compileRequirement),
  ];
  return (labels) => predicates.every((holds) => holds(labels ?? {}));
}

function compileRequirement(requirement: LabelSelectorRequirement): LabelPredicate {
  const { key, operator } = requirement;
  const values = new Set(requirement.values ?? []);
  if (!isMetadataKey(key)) throw new TypeError(`'${key}' cannot be the key of a label`);
  for (const value of values) {
    if (!isLabelValue(value)) throw new TypeError(`'${value}' cannot be the value of a label`);
  }
  switch (operator) {
    case "In":
    case "NotIn": {
      if (values.size === 0) throw new TypeError(`${operator} on label ${key} needs values`);
      const wanted = operator === "In";
      return (labels) => hasValue(labels, key, values) === wanted;
    }
    case "Exists":
    case "DoesNotExist": {
      if (values.size > 0) throw new TypeError(`${operator} on label ${key} takes no values`);
      const wanted = operator === "Exists";
      return (labels) => Object.hasOwn(labels, key) === wanted;
    }
    default:
      throw new TypeError(
        `operator ${operator} on label ${key} is not one of In, NotIn, Exists, DoesNotExist`,
      );
  }
}

function hasValue(labels: StringMap, key: string, values: ReadonlySet<string>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  return value !== undefined && values.has(value);
}
