import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problemText } from "../../../src/policy/problem.ts";
import { compile, policyText } from "../../fixtures/policies.ts";

const spot = { placement: { capacity: "on-demand", sameZone: "Preferred" } };

function told(...policies: readonly (readonly [name: string, spec: object])[]) {
  const texts = policies.map(([name, spec]) => policyText(name, { mode: "Enforce", ...spec }));
  const { problems, notices } = compile(texts, { platform: "karpenter" });
  const bare = (text: string) => text.replace(/^(\w)\.yaml:\d+:\d+: /, "$1: ");
  return [
    ...problems.map((problem) => `error ${bare(problemText(problem))}`),
    ...notices.map((notice) => `${notice.severity} ${notice.kind} ${bare(problemText(notice))}`),
  ];
}

describe("policies that match by a label which another sets", () => {
  const selects = { ...spot, match: { objectSelector: { matchLabels: { team: "risk" } } } };
  const sets = { metadata: { labels: { team: "risk" } } };

  it("are refused: the second call would match otherwise than the first", () => {
    assert.deepEqual(told(["selects", selects], ["sets", sets]), [
      "error a: spec.match.objectSelector: asks for label team, which policy sets sets: the second time that the API server calls, other policies would match. Select by namespace, or by a label that jobs bring themselves",
    ]);
    const excludes = {
      ...spot,
      exclude: { objectSelector: { matchExpressions: [{ key: "team", operator: "Exists" }] } },
    };
    assert.match(told(["a", excludes], ["sets", sets])[0] ?? "", /exclude\.objectSelector: asks/);
  });

  it("are refused also where they ask for their own", () => {
    const own = { metadata: { labels: { team: "risk", cost: "low" } }, match: selects.match };
    assert.match(told(["a", own])[0] ?? "", /^error a: spec\.match\.objectSelector: asks for/);
  });

  it("are refused in exceptions, also of the same name", () => {
    const leave = (namespaces: readonly string[]) =>
      JSON.stringify({
        apiVersion: "sparkgate.io/v1alpha1",
        kind: "SparkPolicyException",
        metadata: { name: "sets" },
        spec: {
          subjects: [{ namespaces, objectSelector: selects.match.objectSelector }],
          ...{ policies: ["sets"], reason: "r", owner: "o", expiresAt: "2027-01-01" },
        },
      });
    const here = policyText("sets", { ...sets, match: { namespaces: ["here"] } });
    const problems = (namespaces: readonly string[]) =>
      compile([here, leave(namespaces)]).problems.map(({ path }) => path);
    assert.deepEqual(problems(["here"]), ["spec.subjects[0].objectSelector"]);
    assert.deepEqual(problems(["elsewhere"]), []);
  });

  it("are sound where they never meet", () => {
    const elsewhere = { ...sets, match: { namespaces: ["x"] } };
    const here = { ...selects, match: { ...selects.match, namespaces: ["team-*"] } };
    assert.deepEqual(told(["a", here], ["b", elsewhere]), []);
  });
});

/** A policy that changes nothing and asks for that. */
const asks = (expression: string) => ({
  match: { roles: ["driver"], matchConditions: [{ name: "c", expression }] },
  images: {},
});

const WRITERS: Readonly<Record<string, object>> = {
  placement: { placement: { capacity: "on-demand" } },
  sameZone: spot,
  keeps: { placement: { capacity: "on-demand", onUserChoice: "Keep" } },
  localDirs: { localDirs: {} },
  storage: { localDirs: { ephemeralStorage: { request: "1Gi", limit: "2Gi" } } },
  claims: {
    localDirs: {
      volumeSources: [{ ephemeral: { volumeClaimTemplate: { spec: {} } } }],
      diskNodes: "Off",
    },
  },
  memory: { memory: { action: "Raise" } },
  labels: { metadata: { labels: { team: "risk" }, annotations: { "acme.com/owner": "x" } } },
  required: { metadata: { required: { labels: [{ key: "team" }] } } },
  security: { security: { profile: "Enforced" } },
  replacing: { security: { profile: "Baseline", onUserChoice: "Replace" } },
  judging: { security: { profile: "Baseline", onUserChoice: "Deny" } },
};

describe("conditions that read what a policy writes", () => {
  const refused: readonly (readonly [writer: string, expression: string, write: string])[] = [
    ["placement", "!has(object.spec.affinity)", "spec.affinity.nodeAffinity"],
    ["placement", "object.spec.?affinity.hasValue()", "spec.affinity.nodeAffinity"],
    ["placement", "has(object.spec.affinity.nodeAffinity.x)", "spec.affinity.nodeAffinity"],
    ["placement", "object.spec.affinity != null", "spec.affinity.nodeAffinity"],
    ["placement", "object.spec == oldObject", "spec.affinity.nodeAffinity"],
    ["placement", "[object.spec][0].tolerations.size() > 0", "spec.tolerations"],
    ["placement", "object['spec']['tolerations'].exists(t, t.key == 'a')", "spec.tolerations"],
    ["placement", "object.?spec.?nodeSelector.orValue({}) == {}", "spec.nodeSelector"],
    ["placement", "'karpenter.sh/capacity-type' in object.spec.nodeSelector", "spec.nodeSelector"],
    ["placement", "has(object.metadata.annotations)", "metadata.annotations[sparkgate.io/applied]"],
    ["sameZone", "has(object.spec.affinity.podAffinity)", "spec.affinity.podAffinity"],
    ["localDirs", "object.spec.volumes.all(v, has(v.emptyDir))", "spec.volumes"],
    ["localDirs", "object.spec.containers.exists(c, has(c.env))", "spec.containers[*].env"],
    [
      "localDirs",
      "object.spec.containers[0].volumeMounts == []",
      "spec.containers[*].volumeMounts",
    ],
    [
      "localDirs",
      "object.spec.containers.map(c, c).exists(c, has(c.env))",
      "spec.containers[*].env",
    ],
    ["localDirs", "object.spec.containers.filter(c, true)[0].env == []", "spec.containers[*].env"],
    ["localDirs", "object.spec.containers.exists(c, c in [1])", "spec.containers[*]"],
    [
      "storage",
      "object.spec.containers.all(c, has(c.resources.limits))",
      "spec.containers[*].resources",
    ],
    [
      "memory",
      "object.spec.containers.all(c, c.resources.limits.memory == '')",
      "spec.containers[*].resources.limits.memory",
    ],
    ["memory", "object.spec == oldObject", "spec.containers[*].resources.requests.memory"],
    ["claims", "has(object.spec.securityContext)", "spec.securityContext.fsGroup"],
    ["labels", "'team' in object.metadata.labels", "metadata.labels.team"],
    ["labels", "object.metadata.labels.team == 'a'", "metadata.labels.team"],
    ["labels", "object.metadata.labels.size() == 3", "metadata.labels.team"],
    ["labels", "['x', 'team'].all(k, k in object.metadata.labels)", "metadata.labels.team"],
    ["labels", "object.metadata.labels[true ? 'x' : 'team'] == ''", "metadata.labels.team"],
    ["labels", "(true ? object.metadata : object).labels.team == ''", "metadata.labels.team"],
    ["labels", "has(object.metadata.annotations)", "metadata.annotations[acme.com/owner]"],
    [
      "security",
      "has(object.spec.securityContext.runAsNonRoot)",
      "spec.securityContext.runAsNonRoot",
    ],
    [
      "security",
      "object.spec.initContainers.exists(c, has(c.securityContext))",
      "spec.initContainers[*].securityContext",
    ],
    [
      "replacing",
      "object.spec.containers.exists(c, c.securityContext.privileged)",
      "spec.containers[*].securityContext.privileged",
    ],
  ];
  for (const [writer, expression, write] of refused) {
    it(`are refused: ${expression}, with ${writer}`, () => {
      const [found, ...rest] = told(["asks", asks(expression)], ["b", WRITERS[writer] ?? {}]);
      const start = "error a: spec.match.matchConditions[0].expression: reads ";
      assert.ok(found);
      assert.equal(found.slice(0, start.length + write.length), start + write);
      assert.match(found, /, which policy b writes: .* deny policy, which sees the result$/);
      assert.deepEqual(rest, []);
    });
  }

  const sound: readonly (readonly [writer: string, expression: string])[] = [
    ["placement", "object.spec.containers.all(c, c.image.startsWith('reg/'))"],
    ["placement", "has(object.spec.affinity.podAffinity)"],
    ["placement", "object.spec.containers.exists(c, has(c.env) && size(c.env) > 0)"],
    ["placement", "'acme.com/pool' in object.metadata.labels"],
    ["keeps", "!('karpenter.sh/capacity-type' in object.?spec.?nodeSelector.orValue({}))"],
    ["localDirs", "object.spec.containers.size() > 1 && has(object.spec.containers)"],
    ["localDirs", "object.spec.containers.exists(c, c.name == 'a' && c.args.exists(a, a == 'b'))"],
    ["localDirs", "object.spec.containers.all(c, has(c.resources.limits))"],
    ["storage", "object.spec.containers.exists(c, 'nvidia.com/gpu' in c.resources.limits)"],
    ["memory", "object.spec.containers.exists(c, has(c.resources.limits.memory))"],
    ["memory", "object.spec.containers.exists(c, 'amd.com/gpu' in c.resources.limits)"],
    ["localDirs", "has(object.spec.securityContext) && object.spec.serviceAccountName == ''"],
    ["labels", "object.metadata.labels.cost == 'a' && has(object.metadata.labels)"],
    ["labels", "['x', 'y'].all(k, k in object.metadata.labels)"],
    ["labels", "object.metadata.name == 'a' && 'acme.com/x' in object.metadata.annotations"],
    ["labels", "app.name == 'a' && spark.image == '' && oldObject == null"],
    ["required", "'team' in object.metadata.labels && has(object.metadata.annotations)"],
    ["security", "object.spec.containers.exists(c, c.image.startsWith('emr'))"],
    ["security", "object.spec.containers.exists(c, c.securityContext.privileged)"],
    ["judging", "object.spec.securityContext.runAsNonRoot"],
  ];
  for (const [writer, expression] of sound) {
    it(`are sound: ${expression}, with ${writer}`, () => {
      assert.deepEqual(told(["asks", asks(expression)], ["b", WRITERS[writer] ?? {}]), []);
    });
  }

  const doubtful: readonly (readonly [expression: string, write: string])[] = [
    ["object.metadata.labels[app.name] == ''", "metadata.labels.team"],
    ["app.name in object.metadata.labels", "metadata.labels.team"],
    ["object.metadata.labels.all(k, k.startsWith('a'))", "metadata.labels.team"],
    ["[app.name, 'x'].all(k, k in object.metadata.labels)", "metadata.labels.team"],
  ];
  for (const [expression, write] of doubtful) {
    it(`are told where a key may be any: ${expression}`, () => {
      assert.deepEqual(told(["asks", asks(expression)], ["b", WRITERS["labels"] ?? {}]), [
        `note doubtful a: spec.match.matchConditions[0].expression: may read ${write}, which policy b writes, and would find it the second time that the API server calls: name the keys that are meant`,
      ]);
    });
  }

  it("are refused in exclude, and where they read what their own policy writes", () => {
    const matchConditions = [{ name: "c", expression: "has(object.spec.affinity)" }];
    const [found] = told(["own", { ...spot, exclude: { matchConditions } }]);
    assert.match(found ?? "", /^error a: spec\.exclude\.matchConditions\[0\]\.expression: reads/);
  });

  it("are refused also where the writer leaves out what they take in: that changes too", () => {
    const matchConditions = [{ name: "c", expression: "'team' in object.metadata.labels" }];
    const [found] = told(
      ["asks", { match: { matchConditions }, images: {} }],
      ["b", { ...WRITERS["labels"], exclude: { matchConditions } }],
    );
    assert.match(found ?? "", /^error a: spec\.match\.matchConditions\[0\]\.expression: reads/);
  });

  it("are refused in exceptions, and sound where they never meet", () => {
    const leave = (roles: readonly string[]) =>
      JSON.stringify({
        apiVersion: "sparkgate.io/v1alpha1",
        kind: "SparkPolicyException",
        metadata: { name: "leave" },
        spec: {
          subjects: [
            { roles, matchConditions: [{ name: "c", expression: "has(object.spec.affinity)" }] },
          ],
          ...{ policies: ["sets"], reason: "r", owner: "o", expiresAt: "2027-01-01" },
        },
      });
    const drivers = policyText("sets", { ...spot, match: { roles: ["driver"] } });
    const paths = (roles: readonly string[]) =>
      compile([drivers, leave(roles)]).problems.map(({ path }) => path);
    assert.deepEqual(paths(["driver"]), ["spec.subjects[0].matchConditions[0].expression"]);
    assert.deepEqual(paths(["executor"]), []);
  });
});

describe("conditions that read what a policy writes into the conf", () => {
  const celeborn = "org.apache.spark.shuffle.celeborn.SparkShuffleManager";
  const writer = {
    sparkConf: {
      set: { "spark.shuffle.manager": celeborn, "spark.kubernetes.driver.label.tier": "gold" },
    },
  };
  const reading = (
    expression: string,
    rule: object = { sparkConf: { required: ["spark.x"] } },
  ) => ({
    match: { matchConditions: [{ name: "c", expression }] },
    ...rule,
  });

  for (const [expression, write] of [
    ['has(app.shuffle) && app.shuffle == "remote"', "app.shuffle"],
    [`spark.conf[?"spark.shuffle.manager"].hasValue()`, "spark.conf[spark.shuffle.manager]"],
  ] as const) {
    it(`are refused on the same surface: ${expression}`, () => {
      const [first = ""] = told(["reads", reading(expression)], ["writes", writer]);
      assert.ok(first.includes(`reads ${write}, which policy writes writes`), first);
    });
  }

  it("are refused in selectors on labels that the conf gives", () => {
    const selects = {
      match: { objectSelector: { matchLabels: { tier: "gold" } } },
      sparkConf: { required: ["spark.x"] },
    };
    assert.match(told(["a", selects], ["b", writer])[0] ?? "", /asks for label tier/);
  });

  it("are sound on Pods, which are made of the conf as policies have left it", () => {
    const onPods = reading('has(app.shuffle) && app.shuffle == "remote"', {
      localDirs: { diskNodes: "Off" },
    });
    assert.deepEqual(told(["reads", onPods], ["writes", writer]), []);
  });

  it("are sound in selectors of confs on labels that a policy adds to Pods alone", () => {
    const adds = { metadata: { labels: { tier: "gold" } } };
    const objectSelector = { matchLabels: { tier: "gold" } };
    const selects = { match: { objectSelector }, sparkConf: { required: ["spark.x"] } };
    assert.deepEqual(told(["a", selects], ["b", adds]), []);
    const onPods = { match: { objectSelector }, images: {} };
    assert.match(told(["a", onPods], ["b", adds])[0] ?? "", /asks for label tier/);
  });

  it("are sound where they read another key", () => {
    const other = reading('has(app.language) && app.language == "python"');
    assert.deepEqual(told(["reads", other], ["writes", writer]), []);
  });
});
