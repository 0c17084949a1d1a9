import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problemText } from "../../../src/policy/problem.ts";
import { compile, policyText } from "../../fixtures/policies.ts";

const spot = { placement: { capacity: "on-demand", sameZone: "Preferred" } };
const onDemand = { placement: { capacity: "on-demand" } };
const enforced = { mode: "Enforce" };

function relations(...policies: readonly (readonly [name: string, spec: object])[]) {
  const texts = policies.map(([name, spec]) => policyText(name, { ...enforced, ...spec }));
  const { problems, notices } = compile(texts, { platform: "karpenter" });
  const told = (text: string) => text.replace(/^(\w)\.yaml:\d+:\d+: /, "$1: ");
  return [
    ...problems.map((problem) => `error ${told(problemText(problem))}`),
    ...notices.map((notice) => `${notice.severity} ${notice.kind} ${told(problemText(notice))}`),
  ];
}

describe("policies that speak of the same thing", () => {
  it("by name alone, for all that the other matches: an error", () => {
    assert.deepEqual(relations(["b", onDemand], ["a", spot]), [
      "error a: metadata.name: never applies: a takes its place for all that it matches (both have priority 0 and its name comes first: give one of them a priority)",
    ]);
  });

  it("by priority, for all that the other matches: a warning", () => {
    assert.deepEqual(
      relations(
        ["a", { ...spot, match: { namespaces: ["team-a"] } }],
        ["b", { ...onDemand, priority: 5 }],
      ),
      [
        "warning shadowed a: metadata.name: never applies: b takes its place for all that it matches (it has priority 5, this one 0)",
      ],
    );
  });

  it("for some: a warning where the name decides, a note where a priority does", () => {
    const some = { ...spot, match: { namespaces: ["team-a"] } };
    assert.deepEqual(relations(["a", some], ["b", onDemand]), [
      "warning shadowed b: metadata.name: gives way to a where both match (both have priority 0 and its name comes first: give one of them a priority)",
    ]);
    assert.deepEqual(relations(["a", { ...some, priority: 1 }], ["b", onDemand]), [
      "note shadowed b: metadata.name: gives way to a where both match (it has priority 1, this one 0)",
    ]);
  });

  it("are none where no subject is one of both, or the kind is another", () => {
    const drivers = { ...onDemand, match: { roles: ["driver"] } };
    const executors = { ...spot, match: { roles: ["executor"] } };
    assert.deepEqual(relations(["a", drivers], ["b", executors], ["c", { images: {} }]), []);
    assert.deepEqual(relations(["a", { images: {} }], ["b", { images: { pin: "Digest" } }]), []);
  });

  it("take no place where they only audit, are rolled out, dated or excepted", () => {
    for (const spec of [
      { mode: "Audit" },
      { rollout: { percent: 50 } },
      { enforceFrom: "2027-01-01" },
      { modeOverrides: [{ mode: "Audit", namespaces: ["x"] }] },
    ]) {
      const [found] = relations(["a", { ...spot, ...spec }], ["b", onDemand]);
      assert.match(found ?? "", /^warning shadowed .* gives way to a/);
    }
    const leave = JSON.stringify({
      apiVersion: "sparkgate.io/v1alpha1",
      kind: "SparkPolicyException",
      metadata: { name: "leave" },
      spec: {
        ...{ subjects: [{ namespaces: ["x"] }], policies: ["a"] },
        ...{ reason: "r", owner: "o", expiresAt: "2027-01-01" },
      },
    });
    const { notices } = compile([policyText("a", spot), policyText("b", onDemand), leave]);
    assert.match(notices[0]?.message ?? "", /^gives way to a/);
    const audits = relations(
      ["a", { ...spot, mode: "Audit" }],
      ["b", { ...onDemand, mode: "Audit" }],
    );
    assert.match(audits[0] ?? "", /^error .* never applies/);
  });

  it("set a label to different values", () => {
    const labels = (team: string) => ({ metadata: { labels: { team, same: "x", [team]: "y" } } });
    assert.deepEqual(relations(["a", { ...labels("one"), priority: 1 }], ["b", labels("two")]), [
      "note conflict b: spec.metadata: metadata.labels[team] is set to 'one' by a where both match, not to 'two' (it has priority 1, this one 0)",
    ]);
    assert.match(
      relations(["a", labels("one")], ["b", labels("two")])[0] ?? "",
      /^warning conflict/,
    );
  });
});

describe("policies as they are written", () => {
  const half = { ...spot, mode: "Enforce", rollout: { percent: 25 } };

  it("are compared by that, whatever --mode says for a look", () => {
    const texts = [policyText("a", half), policyText("b", { ...onDemand, mode: "Enforce" })];
    for (const mode of ["Enforce", "Audit", undefined] as const) {
      const { problems } = compile(texts, { platform: "karpenter", mode });
      assert.deepEqual(problems, []);
    }
  });
});

describe("policies that cannot do what they say", () => {
  const CASES: readonly (readonly [object, RegExp])[] = [
    [
      { match: { namespaces: ["team-a"] }, exclude: { namespaces: ["team-*"] } },
      /^error a: spec\.exclude: leaves out all that match takes in$/,
    ],
    [
      { mode: "Audit", enforceFrom: "2027-01-01" },
      /^warning doubtful a: spec\.enforceFrom: has no effect: no mode is Enforce; say mode: Enforce$/,
    ],
    [
      { mode: "Warn", rollout: { percent: 5 } },
      /^warning doubtful a: spec\.rollout: has no effect/,
    ],
    [
      { denyExecutors: true, match: { roles: ["driver"] } },
      /^warning doubtful a: spec\.denyExecutors: has no effect: match\.roles has no executor$/,
    ],
    [
      { denyExecutors: true, rollout: { percent: 5 } },
      /^warning doubtful a: spec\.denyExecutors: has no effect beside/,
    ],
    [
      {
        modeOverrides: [
          { mode: "Warn", namespaces: ["team-*"] },
          { mode: "Audit", namespaces: ["team-a"] },
        ],
      },
      /^warning doubtful a: spec\.modeOverrides\[1\]: is never reached: modeOverrides\[0\] holds/,
    ],
  ];
  for (const [spec, expected] of CASES) {
    it(String(expected), () => {
      const found = relations(["a", { images: {}, ...spec }]);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0] ?? "", expected);
    });
  }

  it("are none where all is well", () => {
    assert.deepEqual(
      relations([
        "a",
        {
          images: {},
          denyExecutors: true,
          exclude: { namespaces: ["sandbox"] },
          modeOverrides: [],
        },
      ]),
      [],
    );
  });
});
