// What must hold for whatever a platform team writes, over recorded and generated Pods.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decide } from "../../src/engine/decide.ts";
import type { Decision, Run } from "../../src/engine/decision.ts";
import type { Facts } from "../../src/engine/facts.ts";
import type { PolicySet } from "../../src/engine/policy-set.ts";
import type { Pod } from "../../src/kubernetes/pod.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import { APPLICATION_ID_LABEL } from "../../src/spark/application.ts";
import { generatedPods } from "../fixtures/generated-pods.ts";
import { admitted } from "../fixtures/pods.ts";
import { policyText, shipped } from "../fixtures/policies.ts";
import { recordedReviews } from "../fixtures/recorded-reviews.ts";

type Spec = Readonly<Record<string, unknown>>;

const facts: Facts = {
  at: Date.UTC(2027, 0, 15),
  namespace: { name: "team-a", labels: { tier: "batch", "acme.com/cost": "c-42" } },
  quotas: [{ name: "all", hard: { pods: "10" } }],
};

const rules: readonly Spec[] = [
  { placement: { capacity: "spot", onDemand: { base: 1, percent: 20 } } },
  { placement: { capacity: "on-demand", onUserChoice: "Deny" } },
  { localDirs: { diskNodes: "Preferred" } },
  { images: { pin: "Digest" } },
  { memory: { action: "Raise", overheadFactor: { jvm: 0.5 }, maxTotal: "8Gi" } },
  { memory: { action: "Deny" } },
  { metadata: { labels: { team: "risk", constructor: "x" }, onUserChoice: "Replace" } },
  { metadata: { labels: { team: "{{namespace.labels.acme.com/cost}}" }, onUserChoice: "Deny" } },
  { metadata: { annotations: { app: "{{app.name}}" }, required: { labels: [{ key: "team" }] } } },
  { deny: { when: "object.spec.containers.exists(c, c.image.contains('latest'))", message: "no" } },
  { deny: { when: "object.metadata.labels.team == 'risk'", message: "{{app.name}}" } },
  { deny: { when: "quotas.size() > 5", message: "no" } },
];

const clauses: readonly Spec[] = [
  {},
  { roles: ["driver"] },
  { roles: ["executor"] },
  { namespaces: ["team-*"] },
  { namespaceSelector: { matchLabels: { tier: "batch" } } },
  { objectSelector: { matchExpressions: [{ key: "team", operator: "DoesNotExist" }] } },
  { matchConditions: [{ name: "etl", expression: "has(app.id) && app.id.startsWith('spark')" }] },
  { matchConditions: [{ name: "fails", expression: "object.spec.nope == 1" }] },
  ...[
    "!has(object.spec.affinity)",
    "has(object.spec.tolerations) || !('team' in object.metadata.labels)",
    "object.spec.containers.all(c, !has(c.volumeMounts) || c.volumeMounts.size() < 2)",
    "has(object.metadata.annotations) && object.metadata.annotations.all(k, k.size() > 9)",
  ].map((expression) => ({ matchConditions: [{ name: "reads", expression }] })),
];

const moment = fc.constantFrom("2027-01-01", "2027-01-15", "2027-01-15T00:00:01Z", "2028-01-01");
const mode = fc.constantFrom("Enforce", "Warn", "Audit");

const policySpec: fc.Arbitrary<Spec> = fc
  .record(
    {
      mode,
      modeOverrides: fc.array(fc.record({ mode, namespaces: fc.constant(["team-a"]) }), {
        maxLength: 1,
      }),
      enforceFrom: moment,
      rollout: fc.record({ percent: fc.constantFrom(0, 10, 50, 100) }),
      priority: fc.constantFrom(0, 1, 2, 3, 4, 5),
      onError: fc.constantFrom("Deny", "Allow"),
      denyExecutors: fc.boolean(),
      match: fc.constantFrom(...clauses),
    },
    { requiredKeys: ["priority"] },
  )
  .chain((spec) => fc.constantFrom(...rules).map((rule) => ({ ...spec, ...rule })));

const exception = fc.record({
  subjects: fc.constantFrom([{ namespaces: ["team-a"] }], [{ roles: ["executor"] }]),
  expiresAt: moment,
});

/** Documents as texts; names make priorities that are equal no error of the set. */
const documents: fc.Arbitrary<readonly string[]> = fc
  .tuple(fc.array(policySpec, { minLength: 1, maxLength: 5 }), fc.option(exception))
  .map(([specs, leave]) => [
    ...specs.map((spec, index) =>
      policyText(`p${index}`, { ...spec, priority: Number(spec["priority"]) * 10 + index }),
    ),
    ...(leave === null
      ? []
      : [
          JSON.stringify({
            apiVersion: "sparkgate.io/v1alpha1",
            kind: "SparkPolicyException",
            metadata: { name: "leave" },
            spec: { ...leave, policies: ["p0"], reason: "r", owner: "o" },
          }),
        ]),
  ]);

const platforms = shipped("platforms");

function compiled(texts: readonly string[], mode?: "Enforce"): PolicySet {
  const sources = texts.map((text, index) => ({ file: `${index}.yaml`, text }));
  const { set, problems } = compilePolicies([...platforms, ...sources], {
    platform: "karpenter",
    mode,
  });
  // Whatever is wrong with the relations of policies, each of them is sound.
  assert.deepEqual(
    problems.filter(
      ({ message }) => !/never applies|leaves out|the second time that/.test(message),
    ),
    [],
  );
  return set;
}

/** Policies that match by what another one writes are refused: see unstable-clauses.ts. */
function isUnstable(texts: readonly string[]): boolean {
  const sources = texts.map((text, index) => ({ file: `${index}.yaml`, text }));
  const { problems } = compilePolicies([...platforms, ...sources], { platform: "karpenter" });
  return problems.some(({ message }) => message.includes("the second time that"));
}

const recorded = recordedReviews();
const pods: readonly Pod[] = [
  ...recorded.map(({ request }) => request.object),
  ...generatedPods(150, 7),
];

function decided(set: PolicySet, pod: Pod): Extract<Decision, { kind: "decided" }> {
  const decision = decide(set, admitted(pod), facts);
  assert.equal(decision.kind, "decided");
  return decision;
}

/** A run without what differs between an audit and a promotion by right: which mode, and where it came from. */
function withoutModes(run: Run): unknown {
  const outcomes = run.outcomes.map((outcome) => ({
    ...outcome,
    mode: "",
    modeFrom: "",
    enforceFrom: "",
  }));
  return { ...run, outcomes };
}

describe("whatever the policies", () => {
  it("the preview is what promotion to Enforce does", () => {
    fc.assert(
      fc.property(documents, fc.constantFrom(...pods), (texts, pod) => {
        const { enforced, preview } = decided(compiled(texts), pod);
        const promoted = decided(compiled(texts, "Enforce"), pod);
        assert.equal(promoted.preview, undefined);
        assert.deepEqual(withoutModes(preview ?? enforced), withoutModes(promoted.enforced));
      }),
      { numRuns: 250 },
    );
  });

  it("what has been decided once is not changed again", () => {
    fc.assert(
      fc.property(documents, fc.constantFrom(...pods), (texts, pod) => {
        const set = compiled(texts, "Enforce");
        fc.pre(!isUnstable(texts));
        const once = decided(set, pod).enforced;
        assert.deepEqual(decided(set, once.pod).enforced.operations, []);
      }),
      { numRuns: 250 },
    );
  });

  it("the order of documents and of files changes nothing", () => {
    const shuffled = documents.chain((texts) =>
      fc.tuple(fc.constant(texts), fc.shuffledSubarray([...texts], { minLength: texts.length })),
    );
    fc.assert(
      fc.property(shuffled, fc.constantFrom(...pods), ([texts, others], pod) => {
        const set = compiled(texts);
        const asOneFile = compiled([others.join("\n---\n")]);
        assert.equal(asOneFile.digest, set.digest);
        assert.deepEqual(decided(asOneFile, pod), decided(set, pod));
      }),
      { numRuns: 100 },
    );
  });
});

describe("whatever the percentage of a rollout", () => {
  const applications = Map.groupBy(recorded, ({ request }) => {
    const labels = request.object.metadata?.labels ?? {};
    return labels[APPLICATION_ID_LABEL] ?? "";
  });
  applications.delete("");

  it("there are applications of several objects", () => {
    const sizes = [...applications.values()].map((objects) => objects.length);
    assert.ok(sizes.length > 10 && sizes.filter((size) => size > 1).length > 10, String(sizes));
  });

  it("all objects of an application are in, or all are out", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), (percent) => {
        const set = compiled([
          policyText("p", { mode: "Enforce", rollout: { percent }, images: { pin: "Digest" } }),
        ]);
        for (const [id, objects] of applications) {
          const modes = new Set(
            objects.map(({ request }) => {
              const { enforced, preview } = decided(set, request.object);
              return (preview ?? enforced).outcomes[0]?.mode;
            }),
          );
          assert.equal(modes.size, 1, `${id} at ${percent}`);
        }
      }),
      { numRuns: 100 },
    );
  });
});
