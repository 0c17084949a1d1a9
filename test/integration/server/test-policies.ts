import { fakePolicy } from "../../fixtures/policies.ts";
import type { CompiledPolicy } from "../../../src/engine/policy.ts";
import { createPolicySet, type PolicySet } from "../../../src/engine/policy-set.ts";

/** Words in a Pod's image that make the policies below do something. */
const says = (word: string) => (pod: { readonly spec?: unknown }) =>
  JSON.stringify(pod.spec).includes(word);

const anyPolicy = fakePolicy("any", { roles: ["driver", "executor"] });

const violation = { field: "spec.containers[0].image", message: "is bad", fix: "mend it" };

/** Labels every Pod; says that it replaced a choice where the image says so. */
const marks: CompiledPolicy = {
  ...anyPolicy,
  name: "marks",
  rule: "metadata",
  mutate: (draft) => {
    draft.set(["metadata", "labels", "marked"], "yes");
    return {
      summary: "marked",
      replaced: says("replace")(draft.pod) ? ["was unmarked"] : [],
      kept: [],
    };
  },
};

const shadowed: CompiledPolicy = { ...anyPolicy, name: "shadowed", rule: "one", combine: "one" };

const shadows: CompiledPolicy = { ...shadowed, name: "shadows", priority: 1 };

const refusesBad: CompiledPolicy = {
  ...anyPolicy,
  name: "refuses-bad",
  rule: "images",
  judge: (pod) => (says("bad")(pod) ? [violation] : []),
};

const refusesExecutors: CompiledPolicy = {
  ...anyPolicy,
  name: "refuses-executors",
  rule: "images",
  denyExecutors: true,
  judge: (pod) => (says("worst")(pod) ? [violation] : []),
};

const fails: CompiledPolicy = {
  ...anyPolicy,
  name: "fails",
  rule: "deny",
  judge: (pod) => {
    if (says("broken")(pod)) throw new TypeError("cannot\nevaluate");
    return [];
  },
};

const audits: CompiledPolicy = {
  ...anyPolicy,
  name: "audits",
  rule: "security",
  mode: "Audit",
  judge: (pod) => (says("bad")(pod) ? [violation] : []),
};

const warns: CompiledPolicy = {
  ...marks,
  name: "warns",
  mode: "Warn",
  mutate: (draft) => {
    draft.set(["metadata", "labels", "warned"], "yes");
    return { summary: "warned", replaced: [], kept: [] };
  },
};

/** A set of which each policy can be provoked by a word in the image. */
export function testPolicies(digest = "0123456789ab"): PolicySet {
  return createPolicySet(
    [marks, shadowed, shadows, refusesBad, refusesExecutors, fails, audits, warns],
    digest,
  );
}
