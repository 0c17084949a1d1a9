import { APPLICATION_KINDS } from "../spark/application-kinds.ts";

/** A rule of a webhook (admissionregistration.k8s.io/v1 RuleWithOperations). */
export interface WebhookRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly scope: "Namespaced";
}

/** For operators' objects. A rule for a resource that a cluster does not have does no harm. */
export const APPLICATION_RULES: readonly WebhookRule[] = [
  ...Map.groupBy(APPLICATION_KINDS, ({ group, versions }) => [group, ...versions].join()).values(),
].map((kinds) => ({
  apiGroups: [...new Set(kinds.map(({ group }) => group))],
  apiVersions: [...new Set(kinds.flatMap(({ versions }) => versions))],
  operations: ["CREATE", "UPDATE"],
  // Not their status: an operator writes that all the time.
  resources: kinds.map(({ resource }) => resource),
  scope: "Namespaced",
}));

/** Operators update labels and finalizers of their objects all the time. Never an error: under Fail that would refuse the UPDATE. */
export const SPEC_CHANGED = {
  name: "the-spec-changed",
  expression:
    "oldObject == null || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec",
};
