import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { shippedSets } from "../../../src/commands/policy-options.ts";
import { decide } from "../../../src/engine/decide.ts";
import { compilePolicies, type CompileOptions } from "../../../src/policy/compile.ts";
import type { Source } from "../../../src/policy/document.ts";
import { problemText } from "../../../src/policy/problem.ts";
import { admitted, driverPod } from "../../fixtures/pods.ts";
import { compile, policySet, policyText, shipped } from "../../fixtures/policies.ts";
import type { Facts } from "../../../src/engine/facts.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import type { Mode } from "../../../src/engine/policy.ts";

const GOOD = `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata: {name: good}
spec:
  images: {}
`;

/** A policy whose spec begins on line 5. */
function spec(...lines: readonly string[]): string {
  const head = ["apiVersion: sparkgate.io/v1alpha1", "kind: SparkPolicy", "metadata: {name: p}"];
  return [...head, "spec:", ...lines.map((line) => `  ${line}`), ""].join("\n");
}

function problems(texts: readonly string[] | string, options?: CompileOptions): readonly string[] {
  return compile(texts, options).problems.map(problemText);
}

const isPolicy = ({ file }: Source) => !file.endsWith(".test.yaml");
const karpenter = shipped("platforms").find(({ file }) => file.endsWith("/karpenter.yaml"));

describe("compilePolicies: one mistake each, told with its place, what was found and what is allowed", () => {
  const cases: readonly (readonly [string, string, readonly (string | RegExp)[]])[] = [
    [
      "an unknown kind",
      GOOD.replace("SparkPolicy", "SparkPolciy"),
      [
        "a.yaml:2:7: kind: unknown kind 'SparkPolciy', allowed: SparkPolicy, SparkPlatform, SparkPolicyException, SparkPolicyTest; did you mean 'SparkPolicy'?",
      ],
    ],
    [
      "another apiVersion",
      GOOD.replace("v1alpha1", "v1"),
      ["a.yaml:1:13: apiVersion: found 'sparkgate.io/v1', must be sparkgate.io/v1alpha1"],
    ],
    [
      "no apiVersion",
      GOOD.replace(/^.*\n/, ""),
      ["a.yaml:1:1: apiVersion: found nothing, must be sparkgate.io/v1alpha1"],
    ],
    ["no metadata", GOOD.replace(/metadata.*\n/, ""), ["a.yaml:1:1: metadata is missing"]],
    ["no object", "- a\n- b\n", [/^a\.yaml:1:1: must be an object/]],
    [
      "a name that is none for Kubernetes",
      GOOD.replace("name: good", "name: Pin_Images"),
      [/^a\.yaml:3:18: metadata\.name: found "Pin_Images", must be lower-case/],
    ],
    [
      "a name of 64 letters",
      GOOD.replace("good", "a".repeat(64)),
      [/^a\.yaml:3:18: metadata\.name: found "a+/],
    ],
    [
      "a name that is a number",
      GOOD.replace("good", "12"),
      ['a.yaml:3:18: metadata.name: found 12, must be of type string; write "12"'],
    ],
    [
      "a rollout that is a number",
      spec("rollout: 25", "images: {}"),
      ["a.yaml:5:12: spec.rollout: found 25, must be of type object; write {percent: 25}"],
    ],
    [
      "a condition that is no text",
      spec("deny: {when: true, message: m}"),
      ['a.yaml:5:16: spec.deny.when: found true, must be of type string; write "true"'],
    ],
    ...["Team-*", "team-[ab]", "{a,b}", "team a"].map(
      (glob) =>
        [
          `the namespace ${glob}`,
          spec(`match: {namespaces: ["${glob}"]}`, "images: {}"),
          [
            `a.yaml:5:24: spec.match.namespaces[0]: found "${glob}", must be lower-case letters, digits and -, as names of namespaces are; * and ? are the only wildcards`,
          ],
        ] as const,
    ),
    [
      "a namespace of 64 letters",
      spec(`match: {namespaces: [${"a".repeat(64)}]}`, "images: {}"),
      [
        /^a\.yaml:5:24: spec\.match\.namespaces\[0\]: found .*, must NOT have more than 63 characters$/,
      ],
    ],
    [
      "two conditions of one name",
      spec(
        "match:",
        "  matchConditions:",
        '    - {name: a, expression: "true"}',
        '    - {name: a, expression: "true"}',
        "images: {}",
      ),
      [
        "a.yaml:8:16: spec.match.matchConditions[1].name: 'a' is a duplicate: matchConditions[0] has this name",
      ],
    ],
    [
      "an unknown key in spec",
      spec("mod: Audit", "images: {}"),
      [/^a\.yaml:5:3: spec\.mod: unknown key; did you mean 'mode'\? \(allowed: .*placement.*\)$/],
    ],
    [
      "a mode in lower case",
      spec("mode: enforce", "images: {}"),
      [
        "a.yaml:5:9: spec.mode: found \"enforce\", allowed: Enforce, Warn, Audit; did you mean 'Enforce'?",
      ],
    ],
    [
      "an unknown key in match",
      spec("match: {role: [driver]}", "images: {}"),
      [/^a\.yaml:5:11: spec\.match\.role: unknown key; did you mean 'roles'\?/],
    ],
    [
      "an unknown role",
      spec("match: {roles: [driver, drivers]}", "images: {}"),
      [
        /^a\.yaml:5:27: spec\.match\.roles\[1\]: found "drivers", allowed: driver, executor, connect-server; did you mean 'driver'\?$/,
      ],
    ],
    [
      "a match of no role",
      spec("match: {roles: []}", "images: {}"),
      [/^a\.yaml:5:18: spec\.match\.roles: found \[\]/],
    ],
    [
      "an empty exclude",
      spec("exclude: {}", "images: {}"),
      [/^a\.yaml:5:12: spec\.exclude: found \{\}/],
    ],
    [
      "a wrong operator in a selector",
      spec(
        "match:",
        "  objectSelector:",
        "    matchExpressions: [{key: a, operator: in, values: [b]}]",
        "images: {}",
      ),
      [
        /^a\.yaml:7:45: spec\.match\.objectSelector\.matchExpressions\[0\]\.operator: found "in", allowed: In, NotIn, .*did you mean 'In'\?$/,
      ],
    ],
    [
      "a selector without values",
      spec(
        "match:",
        "  objectSelector:",
        "    matchExpressions: [{key: a, operator: In}]",
        "images: {}",
      ),
      [/^a\.yaml:7:7: spec\.match\.objectSelector: In on label a needs values$/],
    ],
    [
      "the same in exclude, told there",
      spec(
        "match: {}",
        "exclude:",
        "  objectSelector:",
        "    matchExpressions: [{key: a, operator: In}]",
        "images: {}",
      ),
      [/^a\.yaml:8:7: spec\.exclude\.objectSelector: In on label a needs values$/],
    ],
    [
      "two rules",
      spec("images: {}", "placement: {capacity: spot}"),
      [
        /^a\.yaml:[56]:3: spec\.\w+: a policy has exactly one rule, this one has placement and images/,
      ],
    ],
    [
      "no rule",
      spec("mode: Audit"),
      [
        "a.yaml:5:3: spec: has no rule, needs exactly one of: placement, localDirs, images, sparkConf, memory, lifecycle, metadata, security, deny",
      ],
    ],
    [
      "an unknown key in the rule",
      spec("placement:", "  capcity: spot", "  capacity: spot"),
      [/^a\.yaml:6:5: spec\.placement\.capcity: unknown key; did you mean 'capacity'\?/],
    ],
    [
      "a percentage above 100",
      spec("placement:", "  capacity: spot", "  onDemand: {percent: 140}"),
      ["a.yaml:7:25: spec.placement.onDemand.percent: found 140, must be <= 100"],
    ],
    [
      "a percentage in quotes",
      spec("placement:", "  capacity: spot", '  onDemand: {percent: "20"}'),
      ['a.yaml:7:25: spec.placement.onDemand.percent: found "20", must be of type integer'],
    ],
    [
      "a broken percentage",
      spec("placement:", "  capacity: spot", "  onDemand: {percent: 0.2}"),
      [/percent: found 0\.2, must be of type integer$/],
    ],
    [
      "a platform that there is not",
      spec("placement: {capacity: spot, platform: karpenetr}"),
      [
        /^a\.yaml:5:41: spec\.placement\.platform: there is no platform 'karpenetr', allowed: ack, aks, eks, gke, karpenter, node-pool, oke; did you mean 'karpenter'\?$/,
      ],
    ],
    [
      "a capacity that the platform lacks",
      spec("placement: {capacity: spott}"),
      [
        /^a\.yaml:5:25: spec\.placement\.capacity: platform 'karpenter' has no capacity 'spott', allowed: on-demand, spot; did you mean 'spot'\?$/,
      ],
    ],
    [
      "a fallback that the platform lacks",
      spec("placement: {capacity: spot, fallback: [on-demand, gpu]}"),
      [/^a\.yaml:5:53: spec\.placement\.fallback.*1.*: platform 'karpenter' has no capacity 'gpu'/],
    ],
    [
      "a share on demand of what is on demand",
      spec("placement: {capacity: on-demand, onDemand: {percent: 5}}"),
      [/^a\.yaml:5:46: spec\.placement\.onDemand: a share on demand means nothing/],
    ],
    [
      "a namespaceSelector without values",
      spec(
        "match:",
        "  namespaceSelector: {matchExpressions: [{key: a, operator: In}]}",
        "images: {}",
      ),
      ["a.yaml:6:24: spec.match.namespaceSelector: In on label a needs values"],
    ],
    [
      "the same in the second of modeOverrides",
      spec(
        "modeOverrides:",
        "  - {mode: Warn, namespaces: [a]}",
        "  - {mode: Warn, namespaceSelector: {matchExpressions: [{key: a, operator: In}]}}",
        "images: {}",
      ),
      ["a.yaml:7:39: spec.modeOverrides[1].namespaceSelector: In on label a needs values"],
    ],
    [
      "an override for no namespaces",
      spec("modeOverrides: [{mode: Warn}]", "images: {}"),
      [
        "a.yaml:5:19: spec.modeOverrides[0]: says for no namespace, needs namespaces or namespaceSelector",
      ],
    ],
    [
      "an override of something else than the mode",
      spec("modeOverrides: [{mode: Warn, namespaces: [a], roles: [driver]}]", "images: {}"),
      [/^a\.yaml:5:49: spec\.modeOverrides\[0\]\.roles: unknown key/],
    ],
    [
      "a rule that is null",
      spec("placement:"),
      [/^a\.yaml:5:\d+: spec\.placement: found null, must be of type object$/],
    ],
    [
      "a key named __proto__",
      spec("__proto__: {mode: Enforce}", "images: {}"),
      [/^a\.yaml:5:3: spec\.__proto__: unknown key/],
    ],
    [
      "a key named constructor",
      spec("constructor: 1", "images: {}"),
      [/^a\.yaml:5:3: spec\.constructor: unknown key/],
    ],
  ];
  for (const [what, text, expected] of cases) {
    it(`tells ${what}`, () => {
      const found = problems(text);
      assert.equal(found.length, expected.length, found.join("\n"));
      for (const [index, each] of expected.entries()) {
        if (typeof each === "string") assert.equal(found[index], each);
        else assert.match(found[index] ?? "", each);
      }
    });
  }

  it("tells a platform on the command line that there is not", () => {
    const placement = spec("placement: {capacity: spot}");
    // Once, and not again for each policy that would need it.
    assert.deepEqual(problems([GOOD, placement], { platform: "karpentr" }), [
      "--platform: there is no platform 'karpentr', allowed: ack, aks, eks, gke, karpenter, node-pool, oke; did you mean 'karpenter'?",
    ]);
  });

  it("tells a bare boolean together with everything else that is wrong", () => {
    const found = problems(spec("match: {roles: [drivers], namespaces: [y]}", "images: {}"));
    assert.equal(found.length, 2);
    assert.match(found[0] ?? "", /^a\.yaml:5:\d+: .*drivers/);
    assert.match(found[1] ?? "", /^a\.yaml:5:\d+: spec\.match\.namespaces\[0\]: bare y/);
  });

  it("asks for a platform where none is named, and only where one is needed", () => {
    assert.deepEqual(problems(GOOD, {}), []);
    const [first] = problems(spec("placement: {capacity: spot}"), {});
    assert.match(first ?? "", /^a\.yaml:5:14: spec\.placement: no platform: say --platform NAME/);
  });
});

describe("compilePolicies: many mistakes", () => {
  it("tells all of a document at once, whatever level they are on", () => {
    const text = [
      "apiVersion: sparkgate.io/v1",
      "kind: SparkPolicy",
      "metadata: {name: Bad}",
      "spec:",
      "  mode: enforce",
      "  descripton: x",
      "  match: {role: [driver], namespaces: []}",
      "  placement:",
      "    capcity: spot",
      "    onDemand: {percent: 140}",
    ].join("\n");
    const paths = compile(text).problems.map(({ path }) => path);
    assert.deepEqual(
      new Set(paths),
      new Set([
        "apiVersion",
        "metadata.name",
        "spec.mode",
        "spec.descripton",
        "spec.match.role",
        "spec.match.namespaces",
        "spec.placement",
        "spec.placement.capcity",
        "spec.placement.onDemand.percent",
      ]),
    );
  });

  it("tells those of all files, in order, and keeps the documents that are right", () => {
    const { set, problems: found } = compile([
      spec("mode: x", "images: {}"),
      `${GOOD}---\n${spec("mode: y", "images: {}")}`,
      "kind: [",
    ]);
    assert.deepEqual(
      found.map(({ file }) => file),
      ["a.yaml", "b.yaml", "c.yaml"],
    );
    assert.deepEqual([...set.names], ["good"]);
  });
});

describe("compilePolicies: names", () => {
  it("tells a name that two files have", () => {
    const { set, problems: found } = compile([GOOD, GOOD]);
    assert.deepEqual(found.map(problemText), [
      "b.yaml:3:18: metadata.name: 'good' is a duplicate: also at a.yaml:3",
    ]);
    assert.equal(set.policies.length, 1);
  });

  it("tells a name that two documents of one file have", () => {
    assert.deepEqual(problems(`${GOOD}---\n${GOOD}`), [
      "a.yaml:9:18: metadata.name: 'good' is a duplicate: also at a.yaml:3",
    ]);
  });

  it("lets a platform have the name of a policy", () => {
    const platform = karpenter?.text.replace("name: karpenter", "name: good") ?? "";
    assert.deepEqual(problems([GOOD, platform]), []);
  });

  it("lets a policy be called constructor", () => {
    const set = policySet(policyText("constructor", { images: {} }));
    assert.deepEqual([...set.names], ["constructor"]);
  });
});

describe("compilePolicies: what is replaced", () => {
  it("takes a user's policy in place of the shipped one of that name", () => {
    const mine = { file: "mine.yaml", text: policyText("pin-images", { images: {}, priority: 7 }) };
    for (const sources of [
      [...shipped("baseline"), mine],
      [mine, ...shipped("baseline")],
    ]) {
      const { set, problems: found } = compilePolicies([...shipped("platforms"), ...sources], {
        platform: "karpenter",
      });
      assert.deepEqual(found, []);
      assert.equal(set.policies.find(({ name }) => name === "pin-images")?.priority, 7);
      assert.equal(set.policies.length, shipped("baseline").filter(isPolicy).length);
    }
  });

  it("takes a user's platform in place of the shipped one of that name", () => {
    const mine = karpenter?.text.replaceAll("karpenter.sh/capacity-type", "mine") ?? "";
    const set = policySet([mine, policyText("p", { placement: { capacity: "spot" } })]);
    const decision = decide(set, admitted(driverPod()), NO_FACTS);
    assert.equal(decision.kind, "decided");
    const affinity = JSON.stringify(decision.enforced.pod.spec?.affinity);
    assert.ok(affinity.includes('"mine"') && !affinity.includes("karpenter.sh"), affinity);
  });
});

describe("compilePolicies: defaults", () => {
  it("are Audit, Deny and no refused executors: an omission never enforces", () => {
    const [policy] = compile(GOOD).set.policies;
    assert.equal(policy?.mode, "Audit");
    assert.equal(policy.onError, "Deny");
    assert.equal(policy.denyExecutors, false);
    assert.equal(policy.priority, 0);
  });

  it("give way to what is asked for in place of the policies' own mode", () => {
    const text = spec("mode: Audit", "images: {}");
    assert.equal(compile(text, { mode: "Enforce" }).set.policies[0]?.mode, "Enforce");
  });

  it("count a connect-server as a driver", () => {
    const [policy] = compile(spec("match: {roles: [driver]}", "images: {}")).set.policies;
    assert.deepEqual(policy?.roles, ["driver", "connect-server"]);
  });
});

describe("compilePolicies: match", () => {
  const cases: readonly (readonly [string, readonly string[], boolean])[] = [
    ["a namespace by glob", ['match: {namespaces: ["team-*"]}'], true],
    ["another namespace", ['match: {namespaces: ["prod-*", team]}'], false],
    ["an excluded namespace", ["exclude: {namespaces: [team-a]}"], false],
    ["another excluded namespace", ["exclude: {namespaces: [team-b]}"], true],
    ["a label", ["match: {objectSelector: {matchLabels: {spark-app-name: etl}}}"], true],
    [
      "a label that is not there",
      ["match: {objectSelector: {matchLabels: {constructor: x}}}"],
      false,
    ],
    ["all clauses but one", ["match: {namespaces: [team-a], roles: [executor]}"], false],
    [
      "an excluded label in another namespace",
      ["exclude: {namespaces: [x], objectSelector: {matchLabels: {spark-app-name: etl}}}"],
      true,
    ],
    ["an excluded role", ["exclude: {roles: [driver]}"], false],
  ];
  for (const [what, lines, expected] of cases) {
    it(`${expected ? "takes" : "passes over"} ${what}`, () => {
      const decision = decide(
        policySet(spec(...lines, "images: {}")),
        admitted(driverPod()),
        NO_FACTS,
      );
      assert.equal(decision.kind, "decided");
      assert.equal(decision.enforced.outcomes.length, expected ? 1 : 0);
    });
  }
});

describe("compilePolicies: digest", () => {
  const digest = (texts: readonly string[] | string, options?: CompileOptions) =>
    compile(texts, options).set.digest;
  const other = policyText("other", { placement: { capacity: "spot" } });

  it("does not change with the order of files, with formatting or with comments", () => {
    const same = digest([GOOD, other]);
    assert.equal(digest([other, GOOD]), same);
    assert.equal(digest(`# a comment\n${other}\n---\n${GOOD}`), same);
    assert.match(same, /^[0-9a-f]{12}$/);
  });

  it("does not change with the order of keys, nor with what the API server adds", () => {
    const a = policyText("p", { mode: "Warn", images: { pin: "Tag" } });
    const reordered = policyText("p", { images: { pin: "Tag" }, mode: "Warn" });
    assert.equal(digest(reordered), digest(a));
    const stored = {
      ...(JSON.parse(a) as object),
      metadata: { name: "p", uid: "1", generation: 3 },
      status: {},
    };
    assert.equal(digest(JSON.stringify(stored)), digest(a));
  });

  it("changes with any policy, any platform, the platform in use and the mode", () => {
    const digests = [
      digest([GOOD, other]),
      digest([GOOD]),
      digest([GOOD, other.replace("spot", "on-demand")]),
      digest([GOOD, other, (karpenter?.text ?? "").replaceAll("capacity-type", "x")]),
      digest([GOOD, other], { platform: "node-pool" }),
      digest([GOOD, other], { platform: "karpenter", mode: "Warn" }),
    ];
    assert.equal(new Set(digests).size, digests.length);
  });

  it("is that of the policies in force: which of two replaces the other makes a difference", () => {
    const [a, b] = ["Tag", "Digest"].map((pin) => policyText("p", { images: { pin } }));
    const of = (user: string | undefined, replaced: string | undefined) =>
      compilePolicies(
        [
          { file: "user", text: user ?? "" },
          { file: "shipped", text: replaced ?? "", shipped: true },
        ],
        {},
      ).set.digest;
    assert.notEqual(of(a, b), of(b, a));
    assert.equal(of(a, b), of(a, a));
  });
});

describe("the shipped policies", () => {
  for (const set of shippedSets()) {
    for (const platform of ["ack", "aks", "eks", "gke", "karpenter", "node-pool", "oke"]) {
      it(`${set} compiles on ${platform}, and does not enforce unless told to`, () => {
        const { set: compiled, problems: found } = compilePolicies(
          [...shipped("platforms"), ...shipped(set)],
          { platform },
        );
        assert.deepEqual(found.map(problemText), []);
        assert.equal(compiled.policies.length, shipped(set).filter(isPolicy).length);
        for (const { mode } of compiled.policies) assert.equal(mode, "Audit");
      });
    }
  }
});

describe("compilePolicies: modeOverrides and namespaceSelector", () => {
  const labelled = (name: string, tier?: string): Facts => ({
    ...NO_FACTS,
    namespace: { name, labels: tier === undefined ? {} : { tier } },
  });
  const text = spec(
    "mode: Audit",
    "modeOverrides:",
    "  - {mode: Warn, namespaces: [team-a]}",
    "  - {mode: Enforce, namespaceSelector: {matchLabels: {tier: gold}}, namespaces: ['team-*']}",
    "match: {namespaceSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [none]}]}}",
    "exclude: {namespaceSelector: {matchLabels: {tier: wood}}}",
    "images: {}",
  );
  const cases: readonly (readonly [string, string | undefined, Mode | undefined])[] = [
    ["team-a", "gold", "Warn"],
    ["team-b", "gold", "Enforce"],
    ["other", "gold", "Audit"],
    ["team-b", "lead", "Audit"],
    ["team-b", undefined, "Audit"],
    ["team-b", "none", undefined],
    ["team-b", "wood", undefined],
  ];
  for (const [namespace, tier, mode] of cases) {
    it(`in ${namespace} with tier ${tier ?? "unlabelled"}: ${mode ?? "no match"}`, () => {
      const { set, problems: found } = compile(text);
      assert.deepEqual(found, []);
      const object = admitted(driverPod(), { namespace });
      const decision = decide(set, object, labelled(namespace, tier));
      assert.equal(decision.kind, "decided");
      const run = decision.preview ?? decision.enforced;
      assert.equal(run.outcomes[0]?.mode, mode);
    });
  }

  it("are not asked for facts where all else says no already", () => {
    const { set } = compile(
      spec("mode: Enforce", "match: {namespaces: [x], namespaceSelector: {}}", "images: {}"),
    );
    const decision = decide(set, admitted(driverPod()), NO_FACTS);
    assert.equal(decision.kind === "decided" && decision.enforced.outcomes.length, 0);
  });

  it("give way to a mode on the command line, and are checked all the same", () => {
    const { set } = compile(text, { mode: "Warn" });
    assert.deepEqual(set.policies[0]?.modeOverrides, []);
    const override = "modeOverrides: [{mode: Warn}]";
    assert.equal(problems(spec(override, "images: {}"), { mode: "Warn" }).length, 1);
  });
});

describe("compilePolicies: what names a broken document", () => {
  it("is not blamed for it", () => {
    const exception = JSON.stringify({
      apiVersion: "sparkgate.io/v1alpha1",
      kind: "SparkPolicyException",
      metadata: { name: "leave" },
      spec: {
        ...{ subjects: [{ roles: ["driver"] }], policies: ["p"] },
        ...{ reason: "r", owner: "o", expiresAt: "2027-01-01" },
      },
    });
    const platform = JSON.stringify({
      apiVersion: "sparkgate.io/v1alpha1",
      kind: "SparkPlatform",
      metadata: { name: "mine" },
      spec: { capacityKeys: ["k"] },
    });
    const placed = policyText("q", { placement: { capacity: "spot", platform: "mine" } });
    const { problems } = compile([policyText("p", { imags: {} }), exception, platform, placed]);
    assert.deepEqual(
      problems.map(({ file, path }) => `${file} ${path}`),
      ["a.yaml spec", "a.yaml spec.imags", "c.yaml spec"],
    );
  });
});
