import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problemText } from "../../../src/policy/problem.ts";
import { decided, outcomeOf } from "../../fixtures/decided.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { driverPod, executorPod } from "../../fixtures/pods.ts";
import { compile, policySet, policyText } from "../../fixtures/policies.ts";

const policy = (deny: object) => policySet(policyText("p", { deny }));
const violations = (deny: object, pod = driverPod(), facts = NO_FACTS) =>
  outcomeOf(decided(policy(deny), pod, facts).enforced, "p").violations;

describe("deny", () => {
  it("refuses what its condition is true for, and nothing else", () => {
    const deny = { when: 'spark.role == "driver"', message: "no drivers here" };
    assert.equal(decided(policy(deny), driverPod()).enforced.refused, true);
    assert.deepEqual(violations(deny, executorPod(1)), []);
  });

  it("fills in what it says, in one line", () => {
    assert.deepEqual(
      violations({
        when: "object.spec.containers.exists(c, c.image.endsWith(':3.5.1'))",
        field: "spec.containers",
        message: "'{{spark.image}}' is of\nlast year in {{request.namespace}}",
        fix: "take {{app.name}}:4",
      }),
      [
        {
          field: "spec.containers",
          message: "'registry.acme.com/spark/etl:3.5.1' is of last year in team-a",
          fix: "take etl:4",
          ask: undefined,
        },
      ],
    );
  });

  it("says whom to ask where the job cannot be mended", () => {
    const deny = {
      when: "quotas.size() == 0",
      field: "metadata.namespace",
      message: "'{{request.namespace}}' has no ResourceQuota",
      ask: "#spark-platform",
    };
    const facts = { ...NO_FACTS, quotas: [] };
    assert.equal(violations(deny, driverPod(), facts)[0]?.ask, "#spark-platform");
    const quotas = [{ name: "all", hard: { pods: "10" } }];
    assert.deepEqual(violations(deny, driverPod(), { ...NO_FACTS, quotas }), []);
  });

  it("fails where it needs what is not known, which is no pass", () => {
    for (const when of ["quotas.size() == 0", "namespaceObject.metadata.labels.size() > 0"]) {
      const { enforced } = decided(policy({ when, message: "no" }), driverPod());
      assert.match(outcomeOf(enforced, "p").error ?? "", /of the namespace are not known/);
      assert.equal(enforced.refused, true);
    }
  });

  it("does not ask for what only another part of the object would need", () => {
    const deny = { when: "spark.role == 'executor'", message: "{{namespaceObject.metadata.name}}" };
    assert.equal(decided(policy(deny), driverPod()).enforced.refused, false);
  });

  it("fails where a field is absent, unless it is asked for", () => {
    const absent = decided(policy({ when: "object.spec.hostNetwork", message: "no" }), driverPod());
    assert.equal(
      outcomeOf(absent.enforced, "p").error,
      "no such key 'hostNetwork': ask with has()",
    );
    const when = "has(object.spec.hostNetwork) && object.spec.hostNetwork";
    assert.deepEqual(violations({ when, message: "no" }), []);
    const hostNetwork = driverPod({ spec: { hostNetwork: true } });
    assert.equal(violations({ when, message: "no" }, hostNetwork).length, 1);
  });

  it("judges the Pod as all policies have left it", () => {
    const set = policySet([
      policyText("team", { metadata: { labels: { team: "risk" } } }),
      policyText("p", { deny: { when: "!has(object.metadata.labels.team)", message: "no team" } }),
    ]);
    assert.equal(decided(set, driverPod()).enforced.refused, false);
  });

  it("never prints what is in the environment or the arguments", () => {
    const pod = driverPod({
      spec: {
        containers: [
          {
            name: "spark-kubernetes-driver",
            image: "spark:1",
            args: ["driver", "--password", "hunter2"],
            env: [{ name: "PASSWORD", value: "hunter2" }],
          },
        ],
      },
    });
    const [found] = violations(
      {
        when: "object.spec.containers[0].env[0].value == 'hunter2'",
        message: "{{object.spec.containers.map(c, c.env.map(e, e.value))}}",
        fix: "{{object.spec.containers[0].args}} {{object.spec.containers[0].env[0].value}}",
      },
      pod,
    );
    assert.ok(found !== undefined);
    assert.doesNotMatch(JSON.stringify(found), /hunter2/);
    assert.match(found.message, /hidden/);
  });

  it("knows who asks, where that is known", () => {
    const when = "has(request.userInfo) && request.userInfo.username == 'eve'";
    const set = policy({ when, message: "not you, {{request.userInfo.username}}" });
    const user = { username: "eve", groups: ["all"] };
    const { enforced } = decided(set, driverPod(), NO_FACTS, { user });
    assert.equal(outcomeOf(enforced, "p").violations[0]?.message, "not you, eve");
    assert.equal(decided(set, driverPod()).enforced.refused, false);
  });
});

const MISTAKES: readonly (readonly [object, string])[] = [
  [
    { when: "spark.rol == ''", message: "m" },
    "spec.deny.when: spark has no field rol (at character 7), allowed: surface, role, container, image, executorId, conf; did you mean 'role'?",
  ],
  [
    { when: "true", message: "{{app.nam}}" },
    "spec.deny.message: app has no field nam (at character 5), allowed: id, name, language, shuffle, workload; did you mean 'name'?",
  ],
  [
    { when: "true", message: "m", fix: "a", ask: "b" },
    "spec.deny.ask: fix and ask: say one of them",
  ],
  [{ when: "true", message: "m", fix: "{{" }, "spec.deny.fix: has {{ without }}"],
  [{ when: "'yes'", message: "m" }, "spec.deny.when: is of type string, must be true or false"],
  [{ when: "true" }, "spec.deny: message is missing"],
];

describe("deny: mistakes", () => {
  for (const [deny, expected] of MISTAKES) {
    it(expected, () => {
      const { problems } = compile(policyText("p", { deny }));
      assert.deepEqual(
        problems.map((problem) => problemText(problem).replace(/^a\.yaml:\d+:\d+: /, "")),
        [expected],
      );
    });
  }
});
