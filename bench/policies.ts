import { compilePolicies } from "../src/policy/compile.ts";
import { problemText } from "../src/policy/problem.ts";
import type { PolicySet } from "../src/engine/policy-set.ts";
import { readPolicySources } from "../src/commands/policy-options.ts";

/** Which policies a bench loads. */
export interface PolicyMix {
  /** How many match an executor in namespace `default`. */
  readonly matching: number;
  /** How many more are loaded that are about other namespaces. */
  readonly elsewhere?: number;
}

type Spec = Readonly<Record<string, unknown>>;

/**
 * What a platform team's policies do to one Pod, in turn: most of them look, some change. Of kinds that apply once
 * (placement, localDirs) only the first does anything.
 */
const SPECS: readonly ((number: number) => Spec)[] = [
  () => ({ placement: { capacity: "spot", onDemand: { base: 1, percent: 20 } } }),
  () => ({ images: { pin: "Tag" } }),
  (number) => ({ metadata: { labels: { [`cost-center-${number}`]: "c-42" } } }),
  () => ({ localDirs: { diskNodes: "Preferred" } }),
  (number) => ({
    deny: {
      when: `has(object.spec.hostNetwork) && object.spec.hostNetwork`,
      message: `no ${number}`,
    },
  }),
  () => ({
    images: { registries: ["docker.io", "registry.example.com/spark", "docker.io/library"] },
  }),
  () => ({ metadata: { required: { labels: [{ key: "spark-app-selector" }] } } }),
  (number) => ({
    match: { matchConditions: [{ name: "named", expression: `app.id.startsWith("spark")` }] },
    metadata: { annotations: { [`owner-${number}`]: "{{app.id}}" } },
  }),
  (number) => ({
    deny: {
      when: `object.spec.containers.exists(c, c.image.endsWith(":latest"))`,
      message: `latest ${number}`,
    },
  }),
  () => ({ match: { namespaces: ["def*", "team-*"] }, images: { mutableTags: ["*-SNAPSHOT"] } }),
];

/** Generated policies, all enforced, one document each. The same mix gives the same documents. */
export function policyTexts({ matching, elsewhere = 0 }: PolicyMix): readonly string[] {
  return Array.from({ length: matching + elsewhere }, (_none, number) => {
    const spec = SPECS[number % SPECS.length]?.(number) ?? {};
    const match = (spec["match"] ?? {}) as Spec;
    const there = number < matching ? {} : { namespaces: [`team-${number}`, `lab-${number}-*`] };
    return JSON.stringify({
      apiVersion: "sparkgate.io/v1alpha1",
      kind: "SparkPolicy",
      metadata: { name: `policy-${number}` },
      spec: {
        mode: "Enforce",
        // Of two that apply once it must be said which one does.
        priority: 1000 - number,
        ...spec,
        match: { ...match, roles: ["executor"], ...there },
      },
    });
  });
}

/** Compiles generated policies, on Karpenter. */
export function policyMix(mix: PolicyMix): PolicySet {
  const sources = [
    ...readPolicySources([]),
    ...policyTexts(mix).map((text, number) => ({ file: `policy-${number}.yaml`, text })),
  ];
  const { set, problems } = compilePolicies(sources, { platform: "karpenter" });
  if (problems.length > 0) throw new Error(problems.map(problemText).join("\n"));
  return set;
}
