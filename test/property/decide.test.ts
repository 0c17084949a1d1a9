import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import jsonpatch from "fast-json-patch";
import type { Decision, Run } from "../../src/engine/decision.ts";
import { decide } from "../../src/engine/decide.ts";
import { createPolicySet, type PolicySet } from "../../src/engine/policy-set.ts";
import type { CompiledPolicy, Mode } from "../../src/engine/policy.ts";
import { matchesNode, stripKeys } from "../../src/kubernetes/node-affinity.ts";
import type { Container, NodeSelectorTerm, Pod, PodSpec } from "../../src/kubernetes/pod.ts";
import { deepFreeze } from "../fixtures/deep-freeze.ts";
import { admitted, driverPod, executorPod } from "../fixtures/pods.ts";
import { fakePolicy, policySet, policyText, shippedSet } from "../fixtures/policies.ts";
import { NO_FACTS } from "../fixtures/facts.ts";

type Decided = Extract<Decision, { kind: "decided" }>;

const KEY = "karpenter.sh/capacity-type";
const keys = [KEY, "zone", "constructor"];
const words = ["spot", "on-demand", "a"];

const requirement = fc.oneof(
  fc.record({
    key: fc.constantFrom(...keys),
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    key: fc.constantFrom(...keys),
    operator: fc.constantFrom("Exists", "DoesNotExist"),
  }),
);
const term: fc.Arbitrary<NodeSelectorTerm> = fc.record(
  {
    matchExpressions: fc.option(fc.array(requirement, { maxLength: 2 })),
    matchFields: fc.constantFrom(null, [
      { key: "metadata.name", operator: "In", values: ["node-1"] },
    ]),
  },
  { requiredKeys: [] },
);
const nodeAffinity = fc.record(
  {
    requiredDuringSchedulingIgnoredDuringExecution: fc.option(
      fc.record({ nodeSelectorTerms: fc.array(term, { maxLength: 3 }) }),
    ),
    preferredDuringSchedulingIgnoredDuringExecution: fc.option(
      fc.array(fc.record({ weight: fc.constantFrom(1, 100), preference: term }), { maxLength: 2 }),
    ),
  },
  { requiredKeys: [] },
);
const image = fc.constantFrom(
  "spark:3.5.1",
  "spark",
  "spark:latest",
  "reg:5000/x",
  '"\n',
  "evil/x:1",
);
const container: fc.Arbitrary<Container> = fc.record(
  { name: fc.constantFrom("a", "spark-kubernetes-driver"), image: fc.option(image) },
  { requiredKeys: ["name"] },
);
const spec: fc.Arbitrary<PodSpec> = fc.record(
  {
    containers: fc.array(container, { maxLength: 3 }),
    initContainers: fc.option(fc.array(container, { maxLength: 1 })),
    nodeSelector: fc.option(
      fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...words), { noNullPrototype: true }),
    ),
    affinity: fc.option(fc.record({ nodeAffinity: fc.option(nodeAffinity) }, { requiredKeys: [] })),
    tolerations: fc.option(
      fc.array(
        fc.record({ key: fc.constantFrom("a", "spot-only"), operator: fc.constant("Exists") }),
      ),
    ),
    nodeName: fc.option(fc.constantFrom("", "node-1")),
  },
  { requiredKeys: [] },
);
const pod: fc.Arbitrary<Pod> = fc
  .tuple(spec, fc.constantFrom("driver", "connect-server", 1, 2, 5, 10, "EXECID"))
  .map(([generated, id]) => {
    const spec = structuredClone(generated); // objects without a prototype are none of JSON's
    return typeof id === "string" && id !== "EXECID"
      ? driverPod({ spec, labels: { "spark-role": id } })
      : executorPod(id, { spec });
  });

const placements = [
  { capacity: "spot" },
  { capacity: "on-demand", onUserChoice: "Keep" },
  { capacity: "on-demand", onUserChoice: "Deny" },
  { capacity: "spot", fallback: ["on-demand"], onDemand: { base: 1, percent: 20 } },
  { capacity: "spot", scheduling: "Preferred" },
  { capacity: "spot", scheduling: "Preferred", onUserChoice: "Keep", fallback: ["on-demand"] },
];
const set: fc.Arbitrary<PolicySet> = fc.constantFrom(
  ...placements.map((placement) =>
    policySet([
      policyText("place", { placement }),
      policyText("pin", { images: {} }),
      policyText("second", { placement: { capacity: "on-demand" }, priority: -1 }),
    ]),
  ),
  shippedSet("baseline"),
  shippedSet("strict", { platform: "node-pool" }),
);

function decided(policies: PolicySet, object: Pod): Decided {
  const decision = decide(policies, admitted(object), NO_FACTS);
  assert.equal(decision.kind, "decided");
  return decision;
}

function patched(object: Pod, { operations }: Run): unknown {
  const patch = structuredClone(operations) as jsonpatch.Operation[];
  return jsonpatch.applyPatch(structuredClone(object), patch, true).newDocument;
}

/** Of a mesh that goes with PodSecurity restricted; what it lacks for that would be added by the second call. */
const MESH: Container = {
  name: "mesh",
  image: "mesh:1",
  securityContext: {
    ...{ runAsNonRoot: true, runAsUser: 1337, seccompProfile: { type: "RuntimeDefault" } },
    ...{ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  },
};

/** What other webhooks typically do between two calls of ours. */
const edits: readonly ((object: Pod) => Pod)[] = [
  (object) => object,
  (object) =>
    withSpec(object, {
      tolerations: [...(object.spec?.tolerations ?? []), { key: "mesh", operator: "Exists" }],
    }),
  (object) =>
    // A Pod without containers never gets so far.
    withSpec(
      object,
      object.spec?.containers?.length === 0
        ? {}
        : { containers: [MESH, ...(object.spec?.containers ?? [])] },
    ),
  (object) => withMetadata(object, "labels"),
  (object) => withMetadata(object, "annotations"),
  (object) => {
    const affinity = object.spec?.affinity?.nodeAffinity;
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const preference = { matchExpressions: [{ key: "zone", operator: "Exists" }] };
    return withSpec(object, {
      affinity: {
        ...object.spec?.affinity,
        nodeAffinity: {
          ...affinity,
          preferredDuringSchedulingIgnoredDuringExecution: [
            ...preferred,
            { weight: 1, preference },
          ],
        },
      },
    });
  },
];

function withSpec(object: Pod, more: PodSpec): Pod {
  return { ...object, spec: { ...object.spec, ...more } };
}

function withMetadata(object: Pod, field: "labels" | "annotations"): Pod {
  const metadata = object.metadata ?? {};
  return { ...object, metadata: { ...metadata, [field]: { ...metadata[field], mesh: "on" } } };
}

const runs = { numRuns: 1500 };

describe("decide", () => {
  it("makes a patch that applies and gives the Pod that was judged", () => {
    fc.assert(
      fc.property(set, pod, (policies, object) => {
        const { enforced } = decided(policies, deepFreeze(object));
        assert.deepEqual(patched(object, enforced), enforced.pod);
      }),
      runs,
    );
  });

  it("changes nothing the second time, also after other webhooks' edits", () => {
    fc.assert(
      fc.property(set, pod, fc.constantFrom(...edits), (policies, object, edit) => {
        const once = decided(policies, deepFreeze(object)).enforced;
        const again = decided(policies, edit(structuredClone(once.pod)));
        assert.deepEqual(again.enforced.operations, []);
      }),
      runs,
    );
  });

  it("gives the same answer to the same question", () => {
    fc.assert(
      fc.property(set, pod, (policies, object) => {
        const first = decided(policies, deepFreeze(object));
        assert.deepEqual(decided(policies, structuredClone(object)), first);
      }),
      runs,
    );
  });

  it("lets a Pod on no node that its author's other constraints forbid, nor on one without the capacity", () => {
    const policies = policySet(policyText("place", { placement: { capacity: "spot" } }));
    const node = fc.record({
      name: fc.constantFrom("node-1", "node-2"),
      labels: fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...words), {
        noNullPrototype: true,
      }),
    });
    const terms = (object: Pod) =>
      object.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
        ?.nodeSelectorTerms ?? [];
    fc.assert(
      fc.property(pod, node, (object, facts) => {
        const before = stripKeys(terms(object), [KEY]);
        const free =
          before.length === 0 ||
          before.some((each) => each === "every-node" || matchesNode([each], facts));
        const { pod: after } = decided(policies, object).enforced;
        const selector = after.spec?.nodeSelector ?? {};
        const selected = Object.entries(selector).every(
          ([key, value]) => facts.labels[key] === value,
        );
        const allowed = selected && (terms(after).length === 0 || matchesNode(terms(after), facts));
        assert.ok(!allowed || free);
        assert.ok(!allowed || facts.labels[KEY] === "spot");
      }),
      { numRuns: 5000 },
    );
  });
});

/** Policies that change, judge and fail in ways that depend on each other. */
const policy: fc.Arbitrary<CompiledPolicy> = fc
  .record({
    name: fc.constantFrom("a", "b", "c", "d", "constructor"),
    mode: fc.constantFrom<Mode>("Enforce", "Warn", "Audit"),
    priority: fc.constantFrom(0, 1),
    combine: fc.constantFrom("one" as const, "all" as const),
    onError: fc.constantFrom("Deny" as const, "Allow" as const),
    writes: fc.constantFrom("x", "y"),
    objectsTo: fc.constantFrom("x=a", "y=b", "nothing"),
    fails: fc.constantFrom("never", "never", "match", "mutate", "judge"),
  })
  .map(({ writes, objectsTo, fails, ...policy }) => {
    const failIn = (where: string) => {
      if (fails === where) throw new Error(`fails in ${where}`);
    };
    return fakePolicy(policy.name, {
      ...policy,
      rule: policy.combine,
      mismatch: () => {
        failIn("match");
        return undefined;
      },
      mutate: (draft) => {
        draft.set(["metadata", "labels", writes], policy.name);
        failIn("mutate");
        return { summary: `sets ${writes}`, replaced: [], kept: [] };
      },
      judge: ({ metadata }) => {
        failIn("judge");
        const [key = "", value] = objectsTo.split("=");
        const bad = value !== undefined && metadata?.labels?.[key] === value;
        return bad ? [{ field: `metadata.labels[${key}]`, message: "is bad", fix: "no" }] : [];
      },
    });
  });
const policies = fc.uniqueArray(policy, { selector: ({ name }) => name, maxLength: 5 });

function withoutModes(run: Run): unknown {
  return {
    ...run,
    outcomes: run.outcomes.map((outcome) => ({ ...outcome, mode: "", modeFrom: "" })),
  };
}

describe("decide: modes and failures", () => {
  it("previews exactly what promotion to Enforce does", () => {
    fc.assert(
      fc.property(policies, (mixed) => {
        const promoted = mixed.map((each) => ({ ...each, mode: "Enforce" as const }));
        const { enforced, preview } = decided(createPolicySet(mixed, "0"), driverPod());
        const then = decided(createPolicySet(promoted, "0"), driverPod());
        assert.equal(then.preview, undefined);
        assert.deepEqual(withoutModes(preview ?? enforced), withoutModes(then.enforced));
      }),
      runs,
    );
  });

  it("decides in Enforce as if the policies in other modes did not exist", () => {
    fc.assert(
      fc.property(policies, (mixed) => {
        const alone = mixed.filter(({ mode }) => mode === "Enforce");
        const { enforced } = decided(createPolicySet(mixed, "0"), driverPod());
        assert.deepEqual(enforced, decided(createPolicySet(alone, "0"), driverPod()).enforced);
      }),
      runs,
    );
  });

  it("leaves a policy that fails without a trace but its error, and never in silence", () => {
    fc.assert(
      fc.property(policies, (all) => {
        const promoted = all.map((each) => ({ ...each, mode: "Enforce" as const }));
        const { enforced } = decided(createPolicySet(promoted, "0"), driverPod());
        const failed = enforced.outcomes.filter(({ error }) => error !== undefined);
        const names = new Set(failed.map((outcome) => outcome.policy));
        const sound = promoted.filter(({ name }) => !names.has(name));
        const without = decided(createPolicySet(sound, "0"), driverPod()).enforced;
        assert.deepEqual(enforced.pod, without.pod);
        assert.deepEqual(enforced.operations, without.operations);
        const denying = promoted.some(({ name, onError }) => names.has(name) && onError === "Deny");
        assert.equal(enforced.refused, without.refused || denying);
      }),
      runs,
    );
  });

  it("does not depend on the order of loading", () => {
    fc.assert(
      fc.property(policies, (all) => {
        const forward = decided(createPolicySet(all, "0"), driverPod());
        assert.deepEqual(decided(createPolicySet(all.toReversed(), "0"), driverPod()), forward);
      }),
      runs,
    );
  });
});
