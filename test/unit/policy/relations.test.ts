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

describe("policies of which several come before one", () => {
  const driver = { ...onDemand, match: { roles: ["driver"] } };
  const executor = { ...onDemand, match: { roles: ["executor"] } };
  const together = (found: readonly string[]) => found.filter((text) => /together/.test(text));

  it("never let it apply where they take in all of it: an error where names decide", () => {
    assert.deepEqual(together(relations(["a", driver], ["b", executor], ["c", onDemand])), [
      "error c: metadata.name: never applies: a and b together take its place for all that it matches (all have the same priority and their names come first)",
    ]);
    const higher = { ...executor, priority: 1 };
    assert.deepEqual(together(relations(["a", driver], ["b", higher], ["c", onDemand])), [
      "warning shadowed c: metadata.name: never applies: a and b together take its place for all that it matches (by priority)",
    ]);
    const here = (...namespaces: readonly string[]) => ({ ...onDemand, match: { namespaces } });
    const both = relations(["a", here("x-*")], ["b", here("y")], ["c", here("x-1", "y")]);
    assert.equal(together(both).length, 1);
  });

  it("let it apply where some of it is left", () => {
    const audit = { ...executor, mode: "Audit" };
    assert.deepEqual(together(relations(["a", driver], ["b", audit], ["c", onDemand])), []);
    assert.deepEqual(together(relations(["a", driver], ["c", onDemand])), []);
    assert.deepEqual(together(relations(["a", { images: {} }], ["b", { images: {} }])), []);
  });
});

describe("policies that ask for what cannot be", () => {
  const requires = (...values: readonly string[]) => ({
    metadata: { required: { labels: [{ key: "team", values }] } },
  });
  const sets = (onUserChoice: string) => ({ metadata: { labels: { team: "risk" }, onUserChoice } });

  it("are told: one sets a label, another requires other values; two require different ones", () => {
    assert.deepEqual(relations(["a", sets("Replace")], ["b", requires("ads", "ops-*")]), [
      "warning conflict b: spec.metadata: metadata.labels[team] must be 'ads' or 'ops-*', and by a 'risk': no value is both, so every Pod is refused where both match",
    ]);
    assert.deepEqual(relations(["a", requires("r*")], ["b", requires("ads")]), [
      "warning conflict b: spec.metadata: metadata.labels[team] must be 'ads', and by a 'r*': no value is both, so every Pod is refused where both match",
    ]);
    const own = { metadata: { ...sets("Replace").metadata, ...requires("ads").metadata } };
    assert.deepEqual(relations(["a", own]), [
      "warning conflict a: spec.metadata: metadata.labels[team] must be 'ads', and also 'risk': no value is both, so every Pod is refused",
    ]);
  });

  it("are none where some value does for both, or they never meet", () => {
    assert.deepEqual(relations(["a", sets("Keep")], ["b", requires("ads")]), []);
    assert.deepEqual(relations(["a", sets("Replace")], ["b", requires("r*")]), []);
    assert.deepEqual(relations(["a", requires("r*", "x")], ["b", requires("*k")]), []);
    const drivers = { ...requires("x"), match: { roles: ["driver"] } };
    const executors = { ...requires("y"), match: { roles: ["executor"] } };
    assert.deepEqual(relations(["a", drivers], ["b", executors]), []);
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

  const share = { capacity: "spot", onDemand: { percent: 20 } };
  const PLACEMENTS: readonly (readonly [object, readonly string[], string | undefined])[] = [
    [{ capacity: "spot" }, ["executor"], undefined],
    [{ capacity: "on-demand" }, ["driver", "executor"], undefined],
    [{ capacity: "on-demand" }, ["driver"], undefined],
    [share, ["executor"], undefined],
    [
      { capacity: "spot" },
      ["driver", "executor"],
      "capacity: puts drivers on spot: a lost driver loses the job; say match.roles: [executor]",
    ],
    [
      share,
      ["connect-server"],
      "onDemand: has no effect: it is about executors, and match.roles has none",
    ],
  ];
  for (const [placement, roles, told] of PLACEMENTS) {
    it(`by placement of ${roles.join(" and ")}: ${JSON.stringify(placement)}`, () => {
      const expected = told === undefined ? [] : [`warning doubtful a: spec.placement.${told}`];
      assert.deepEqual(relations(["a", { placement, match: { roles } }]), expected);
    });
  }

  it("by memory of what is about executors, without them", () => {
    const memory = { action: "Raise", maxTasksPerCore: 2 };
    const why = "is about executors, and match.roles has none";
    assert.deepEqual(relations(["a", { memory, match: { roles: ["driver"] } }]), [
      `warning doubtful a: spec.memory.action: Raise ${why}`,
      `warning doubtful a: spec.memory.maxTasksPerCore: ${why}`,
    ]);
    assert.deepEqual(relations(["a", { memory: {}, match: { roles: ["driver"] } }]), []);
    assert.deepEqual(relations(["a", { memory, match: { roles: ["executor"] } }]), []);
  });

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
