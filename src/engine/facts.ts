import type { Namespace } from "../kubernetes/namespace.ts";
import type { ResourceQuota } from "../kubernetes/resource-quota.ts";

/** What the cluster knows of the object's namespace. */
export interface NamespaceFacts {
  /** The object's namespace; undefined where nothing is known of it, which is not a namespace without labels. */
  readonly namespace?: Namespace | undefined;
  /** All ResourceQuotas of the namespace; undefined where they are not known. */
  readonly quotas?: readonly ResourceQuota[] | undefined;
}

/** No cluster is at hand. */
export const NOTHING_KNOWN: NamespaceFacts = {};

/** What is known beside the object itself, handed in as data, so that a decision stays a pure function. */
export interface Facts extends NamespaceFacts {
  /** What time it is, in milliseconds since 1970: exceptions end by it, and policies begin to be enforced. */
  readonly at: number;
}

/**
 * The object's namespace.
 * @throws Error where it is not known: the policy that needs it then follows its `onError`
 */
export function knownNamespace({ namespace }: NamespaceFacts): Namespace {
  if (namespace !== undefined) return namespace;
  throw new Error("the labels of the namespace are not known");
}

/**
 * The ResourceQuotas of the object's namespace.
 * @throws Error where they are not known
 */
export function knownQuotas({ quotas }: NamespaceFacts): readonly ResourceQuota[] {
  if (quotas !== undefined) return quotas;
  throw new Error("the quotas of the namespace are not known");
}

/** Who puts this label on a namespace, with any value, turns Sparkgate off there. */
export const BYPASS_LABEL = "sparkgate.io/bypass";

/** Whether Sparkgate is turned off in the object's namespace; not where nothing is known of it. */
export function isBypassed({ namespace }: NamespaceFacts): boolean {
  return namespace !== undefined && Object.hasOwn(namespace.labels, BYPASS_LABEL);
}
