import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import jsonpatch, { type Operation } from "fast-json-patch";
import type { Run } from "../../src/engine/decision.ts";
import type { PolicySet } from "../../src/engine/policy-set.ts";
import { compilePolicies } from "../../src/policy/compile.ts";
import { problemText } from "../../src/policy/problem.ts";
import { matchesNode } from "../../src/kubernetes/node-affinity.ts";
import { longestGrace, shortestNotice } from "../../src/kubernetes/platform.ts";
import type { Pod, PodSpec, StringMap } from "../../src/kubernetes/pod.ts";
import { decided } from "../fixtures/decided.ts";
import { driverPod, executorPod } from "../fixtures/pods.ts";
import { policyText } from "../fixtures/policies.ts";

const KEY = "pool";
/** Seconds of notice; none: nobody takes these nodes away. */
const NOTICES: Readonly<Record<string, number | undefined>> = {
  stable: undefined,
  long: 180,
  spot: 40,
  "on-demand": undefined,
};
const CAPACITIES = Object.entries(NOTICES).map(([name, interruptionNoticeSeconds]) => ({
  name,
  nodeSelectorTerms: [{ matchExpressions: [{ key: KEY, operator: "In", values: [name] }] }],
  ...(interruptionNoticeSeconds === undefined ? {} : { interruptionNoticeSeconds }),
}));
const PLATFORM = JSON.stringify({
  apiVersion: "sparkgate.io/v1alpha1",
  kind: "SparkPlatform",
  metadata: { name: "acme" },
  spec: { capacityKeys: [KEY], capacities: CAPACITIES },
});

const SAFE = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const DISRUPT = "karpenter.sh/do-not-disrupt";
const TTL = "sparkgate.io/ttl-seconds-after-finished";
const seconds = fc.constantFrom(1, 20, 30, 36, 37, 100, 170, 600);
const names = fc.constantFrom(...Object.keys(NOTICES));

const lifecycle = fc
  .record(
    {
      eviction: fc.constantFrom("Protect", "Allow"),
      priorityClassName: fc.constantFrom("a", "b"),
      terminationGracePeriodSeconds: seconds,
      activeDeadlineSeconds: seconds,
      ttlSecondsAfterFinished: seconds,
      onUserChoice: fc.constantFrom("Keep", "Replace"),
    },
    { requiredKeys: ["terminationGracePeriodSeconds"], noNullPrototype: true },
  )
  .map((block) => ({ lifecycle: block }));
const placement = fc
  .record({
    capacity: names,
    fallback: fc.uniqueArray(names, { maxLength: 2 }),
    scheduling: fc.constantFrom("Required", "Preferred"),
    onUserChoice: fc.constantFrom("Keep", "Replace"),
  })
  .map(({ fallback, ...block }) => ({
    placement: { ...block, fallback: fallback.filter((name) => name !== block.capacity) },
  }));
const metadata = fc.constant({
  metadata: { annotations: { [SAFE]: "mine", [DISRUPT]: "mine" }, onUserChoice: "Replace" },
});
interface NamedRule {
  readonly name: string;
  readonly priority: number;
  readonly rule: object;
}

function compiled(policies: readonly NamedRule[]): PolicySet {
  const texts = policies.map(({ name, priority, rule }) => policyText(name, { priority, ...rule }));
  // Without the shipped platforms, which take longer to read than all else.
  const sources = [PLATFORM, ...texts].map((text, index) => ({ file: `${index}.json`, text }));
  const { set, problems } = compilePolicies(sources, { platform: "acme", mode: "Enforce" });
  assert.deepEqual(problems.map(problemText), []);
  return set;
}

/** Of several kinds, in any order of priorities and names. */
const set: fc.Arbitrary<PolicySet> = fc
  .record({
    rules: fc.tuple(lifecycle, fc.option(lifecycle), fc.option(placement), fc.option(metadata)),
    names: fc.shuffledSubarray(["a", "b", "c", "d"], { minLength: 4 }),
    priorities: fc.array(fc.constantFrom(-1, 0, 1), { minLength: 4, maxLength: 4 }),
  })
  .map(({ rules, names: chosen, priorities }) =>
    compiled(
      rules.flatMap((rule, index) =>
        rule === null
          ? []
          : [{ name: chosen[index] ?? "", priority: priorities[index] ?? 0, rule }],
      ),
    ),
  );

const term = fc
  .uniqueArray(names, { minLength: 1, maxLength: 3 })
  .map((values) => ({ matchExpressions: [{ key: KEY, operator: "In", values }] }));
const zone = fc.constant({
  matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }],
});
const spec: fc.Arbitrary<PodSpec> = fc.record(
  {
    terminationGracePeriodSeconds: fc.option(
      fc.constantFrom(0, 1, 30, 36, 37, 40, 41, 170, 180, 600),
    ),
    activeDeadlineSeconds: fc.option(seconds),
    priorityClassName: fc.option(fc.constantFrom("", "a", "mine")),
    restartPolicy: fc.constantFrom("Never", "Always"),
    nodeSelector: fc.option(names.map((name) => ({ [KEY]: name }))),
    affinity: fc.option(
      fc.array(fc.oneof(term, zone), { minLength: 1, maxLength: 2 }).map((nodeSelectorTerms) => ({
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
      })),
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const annotations: fc.Arbitrary<StringMap> = fc.dictionary(
  fc.constantFrom(SAFE, DISRUPT, TTL, "constructor"),
  fc.constantFrom("true", "false", "30m", "60", "1000", "x"),
  { noNullPrototype: true },
);
const pod: fc.Arbitrary<Pod> = fc
  .record({ spec, annotations, id: fc.constantFrom(undefined, 1, 5) })
  .map(({ spec: own, annotations: notes, id }) => {
    const priority = { priority: 0, preemptionPolicy: "PreemptLowerPriority" };
    const overrides = { spec: { ...priority, ...structuredClone(own) } };
    const made = id === undefined ? driverPod(overrides) : executorPod(id, overrides);
    return { ...made, metadata: { ...made.metadata, annotations: notes } };
  });

function enforced(policies: PolicySet, object: Pod): Run {
  return decided(policies, object).enforced;
}

/** The shortest notice of all nodes on which a Pod may run; undefined where none of them is taken away. */
function noticeOf({ spec: own }: Pod): number | undefined {
  const terms =
    own?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
      ?.nodeSelectorTerms ?? [];
  const selector = own?.nodeSelector ?? {};
  const possible = CAPACITIES.filter(({ name }) =>
    ["a", "b"].some((inZone) => {
      const labels: StringMap = { [KEY]: name, zone: inZone };
      const selected = Object.entries(selector).every(([key, value]) => labels[key] === value);
      return selected && (terms.length === 0 || matchesNode(terms, { labels }));
    }),
  );
  return shortestNotice(possible.map((each) => ({ ...each, tolerations: [] })));
}

/** What a Pod says of its life itself, and not by default. */
function saidIn({ spec: own = {} }: Pod): readonly (readonly [string, unknown])[] {
  const { priorityClassName, activeDeadlineSeconds, terminationGracePeriodSeconds } = own ?? {};
  return Object.entries({
    priorityClassName,
    activeDeadlineSeconds,
    terminationGracePeriodSeconds:
      terminationGracePeriodSeconds === 30 ? undefined : terminationGracePeriodSeconds,
  }).filter(([, value]) => value != null && value !== "");
}

const runs = { numRuns: 500 };

describe("lifecycle", () => {
  it("makes a patch that applies, and leaves nothing for a second pass, beside policies of all kinds", () => {
    fc.assert(
      fc.property(set, pod, (policies, object) => {
        const once = enforced(policies, object);
        const patched = jsonpatch.applyPatch(
          structuredClone(object),
          structuredClone(once.operations) as Operation[],
          true,
        ).newDocument;
        assert.deepEqual(patched, once.pod);
        assert.deepEqual(enforced(policies, patched).operations, []);
      }),
      runs,
    );
  });

  it("never sets a grace that ends after the node, wherever placements put the Pod in the same pass", () => {
    fc.assert(
      fc.property(set, pod, (policies, object) => {
        const after = enforced(policies, object).pod;
        const grace = after.spec?.terminationGracePeriodSeconds ?? 30;
        const own = object.spec?.terminationGracePeriodSeconds ?? 30;
        const notice = noticeOf(after);
        if (grace !== own && notice !== undefined) assert.ok(grace <= longestGrace(notice));
        assert.ok(grace > 0 || grace === own);
      }),
      runs,
    );
  });

  it("leaves in its place what the job says, but where it replaces and tells", () => {
    const keeping = lifecycle.map(({ lifecycle: block }) =>
      compiled([
        { name: "p", priority: 0, rule: { lifecycle: { ...block, onUserChoice: "Keep" } } },
      ]),
    );
    fc.assert(
      fc.property(keeping, pod, (policies, object) => {
        const { pod: after, outcomes } = enforced(policies, object);
        assert.deepEqual(outcomes[0]?.effect?.replaced, []);
        for (const [key, value] of Object.entries(object.metadata?.annotations ?? {})) {
          assert.equal(after.metadata?.annotations?.[key], value);
        }
        const own = saidIn(object);
        const left = after.spec as Readonly<Record<string, unknown>>;
        for (const [field, value] of own) assert.equal(left[field], value, field);
      }),
      runs,
    );
  });

  it("takes priority and preemptionPolicy out exactly where it sets a class", () => {
    fc.assert(
      fc.property(set, pod, (policies, object) => {
        const after = enforced(policies, object).pod.spec ?? {};
        const isSet = (after.priorityClassName ?? "") !== (object.spec?.priorityClassName ?? "");
        assert.equal(Object.hasOwn(after, "priority"), !isSet);
        assert.equal(Object.hasOwn(after, "preemptionPolicy"), !isSet);
      }),
      runs,
    );
  });
});
