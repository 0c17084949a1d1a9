// What placement says of the nodes for which confs and applications ask, before there are Pods.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { AnyRun } from "../../../src/engine/decision.ts";
import {
  admittedApplication,
  APACHE,
  application,
  CLUSTER,
  CONNECT,
  type Kind,
  KUBEFLOW,
  SCHEDULED,
} from "../../fixtures/applications.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";
import { admittedConf, confText, driverConf } from "../../fixtures/driver-conf.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

const KEY = "karpenter.sh/capacity-type";
const SELECTOR = `spark.kubernetes.node.selector.${KEY}`;
const EXECUTOR = `spark.kubernetes.executor.node.selector.${KEY}`;
const DRIVER = `spark.kubernetes.driver.node.selector.${KEY}`;

type Fields = Readonly<Record<string, unknown>>;

const executorsOnSpot = (more: Fields = {}) =>
  policyText("executors", {
    match: { roles: ["executor"] },
    placement: { capacity: "spot", ...more },
  });
const driversOnDemand = (more: Fields = {}) =>
  policyText("drivers", {
    match: { roles: ["driver"] },
    placement: { capacity: "on-demand", ...more },
  });

function ofConf(policies: string, entries: Readonly<Record<string, string>>): AnyRun {
  const conf = deepFreeze(driverConf(confText(entries)));
  const decision = decide(policySet(policies), admittedConf(conf), NO_FACTS);
  assert.equal(decision.kind, "decided-conf");
  return decision.enforced;
}

function ofApplication(
  policies: string | readonly string[],
  kind: Kind,
  spec: unknown,
  metadata = {},
): AnyRun {
  const object = deepFreeze(application(kind, spec, metadata));
  const decision = decide(policySet(policies), admittedApplication(object), NO_FACTS);
  assert.equal(decision.kind, "decided-application");
  return decision.enforced;
}

const told = ({ outcomes }: AnyRun) =>
  outcomes.flatMap(({ violations }) =>
    violations.map(({ field, message, fix }) => `${field} ${message}. Fix: ${fix ?? ""}`),
  );

const kept = ({ outcomes }: AnyRun) => outcomes.flatMap(({ effect }) => effect?.kept ?? []);

const requiring = (value: string) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: KEY, operator: "In", values: [value] }] }],
    },
  },
});
const AFFINITY_FIELD =
  "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]";

describe("a conf that chooses capacity for its executors", () => {
  it("is refused under Deny, before there is a driver that waits for them", () => {
    const run = ofConf(executorsOnSpot({ onUserChoice: "Deny" }), { [EXECUTOR]: "on-demand" });
    assert.equal(run.refused, true);
    assert.deepEqual(told(run), [`${EXECUTOR} 'on-demand', needs 'spot'. Fix: leave it out`]);
  });

  it("is told what becomes of it under Replace, and changed in nothing", () => {
    const run = ofConf(executorsOnSpot(), { [EXECUTOR]: "on-demand" });
    assert.equal(run.refused, false);
    assert.deepEqual(kept(run), [`${EXECUTOR} 'on-demand' is replaced in the Pods: needs 'spot'`]);
    assert.deepEqual(
      run.outcomes.flatMap(({ changes }) => changes),
      [],
    );
  });

  it("is told that it stays under Keep", () => {
    const run = ofConf(executorsOnSpot({ onUserChoice: "Keep" }), { [EXECUTOR]: "on-demand" });
    assert.deepEqual(kept(run), [`${EXECUTOR} 'on-demand' is left as the job chose`]);
  });

  it("is named by the key that counts: a role's own before that of both", () => {
    const deny = executorsOnSpot({ onUserChoice: "Deny" });
    assert.deepEqual(told(ofConf(deny, { [SELECTOR]: "on-demand", [EXECUTOR]: "spot" })), []);
    assert.deepEqual(told(ofConf(deny, { [SELECTOR]: "on-demand" })), [
      `${SELECTOR} 'on-demand', needs 'spot'. Fix: leave it out: it hits driver and executors alike`,
    ]);
  });

  it("is right where it says what the policy says, or speaks of anything else", () => {
    const deny = executorsOnSpot({ onUserChoice: "Deny" });
    const conf = {
      [EXECUTOR]: "spot",
      "spark.kubernetes.executor.node.selector.topology.kubernetes.io/zone": "a",
      "spark.kubernetes.executor.node.selector.constructor": "b",
    };
    assert.deepEqual(told(ofConf(deny, conf)), []);
  });

  const share = (onDemand: Fields) => executorsOnSpot({ onUserChoice: "Deny", onDemand });
  const USER = "spark.kubernetes.executor.annotation.sparkgate.io/on-demand-percent";
  const MIXED = "but some executors go to spot, others to on-demand";

  for (const [title, onDemand, entries, message] of [
    ["whichever it is, where the share needs both", { percent: 20 }, { [EXECUTOR]: "spot" }, MIXED],
    ["also where the first ones alone differ", { base: 1 }, { [EXECUTOR]: "on-demand" }, MIXED],
    ["not where all are on demand", { percent: 100 }, { [EXECUTOR]: "on-demand" }, undefined],
    ["where all are on demand", { percent: 100 }, { [EXECUTOR]: "spot" }, "needs 'on-demand'"],
    [
      "by the share that the job chose itself",
      { percent: 20, userRange: { min: 0, max: 100 } },
      { [EXECUTOR]: "spot", [USER]: "0" },
      undefined,
    ],
  ] as const) {
    it(`is refused ${title}`, () => {
      const violations = ofConf(share(onDemand), entries).outcomes.flatMap((one) => one.violations);
      const messages = violations.map((violation) => violation.message);
      const shown = `'${entries[EXECUTOR]}', `;
      assert.deepEqual(messages, message === undefined ? [] : [shown + message]);
    });
  }

  it("is left to Kueue where that chooses nodes", () => {
    const label = "spark.kubernetes.executor.label.kueue.x-k8s.io/queue-name";
    const run = ofConf(executorsOnSpot({ onUserChoice: "Deny" }), {
      ...{ [EXECUTOR]: "on-demand", [label]: "q" },
    });
    assert.deepEqual(told(run), []);
  });
});

describe("a conf that chooses capacity for its driver", () => {
  it("is refused under Deny, as the driver's Pod was", () => {
    const run = ofConf(driversOnDemand({ onUserChoice: "Deny" }), { [DRIVER]: "spot" });
    assert.deepEqual(told(run), [`${DRIVER} 'spot', needs 'on-demand'. Fix: leave it out`]);
  });

  it("is not told again what the driver's Pod was told", () => {
    assert.deepEqual(kept(ofConf(driversOnDemand(), { [DRIVER]: "spot" })), []);
  });
});

describe("an application that chooses capacity", () => {
  const both = [
    driversOnDemand({ onUserChoice: "Deny" }),
    executorsOnSpot({ onUserChoice: "Deny" }),
  ];

  for (const [title, kind, spec, messages] of [
    [
      "Kubeflow's, for both roles",
      KUBEFLOW,
      { nodeSelector: { [KEY]: "spot" } },
      [
        `spec.nodeSelector[${KEY}] 'spot', needs 'on-demand'. Fix: leave it out: it hits driver and executors alike`,
      ],
    ],
    [
      "Kubeflow's, for one role, over what its conf says",
      KUBEFLOW,
      { sparkConf: { [EXECUTOR]: "spot" }, executor: { nodeSelector: { [KEY]: "on-demand" } } },
      [`spec.executor.nodeSelector[${KEY}] 'on-demand', needs 'spot'. Fix: leave it out`],
    ],
    [
      "Kubeflow's, by affinity, which takes the place of the template's",
      KUBEFLOW,
      {
        driver: {
          affinity: requiring("spot"),
          template: { spec: { affinity: requiring("on-demand") } },
        },
      },
      [`spec.driver.${AFFINITY_FIELD} 'spot', needs 'on-demand'. Fix: leave it out`],
    ],
    [
      "a schedule, by a template",
      SCHEDULED,
      { template: { driver: { template: { spec: { affinity: requiring("spot") } } } } },
      [
        `spec.template.driver.template.spec.${AFFINITY_FIELD} 'spot', needs 'on-demand'. Fix: leave it out`,
      ],
    ],
    [
      "a SparkConnect, for its server",
      CONNECT,
      { server: { template: { spec: { nodeSelector: { [KEY]: "spot" } } } } },
      [
        `spec.server.template.spec.nodeSelector[${KEY}] 'spot', needs 'on-demand'. Fix: leave it out`,
      ],
    ],
    [
      "Apache's, by a template under its conf",
      APACHE,
      {
        driverSpec: { podTemplateSpec: { spec: { nodeSelector: { [KEY]: "on-demand" } } } },
        executorSpec: { podTemplateSpec: { spec: { nodeSelector: { [KEY]: "spot" } } } },
        sparkConf: { [EXECUTOR]: "on-demand" },
      },
      [`spec.sparkConf[${EXECUTOR}] 'on-demand', needs 'spot'. Fix: leave it out`],
    ],
    [
      "a SparkCluster, for its workers",
      CLUSTER,
      {
        workerSpec: {
          statefulSetSpec: { template: { spec: { nodeSelector: { [KEY]: "on-demand" } } } },
        },
      },
      [
        `spec.workerSpec.statefulSetSpec.template.spec.nodeSelector[${KEY}] 'on-demand', needs 'spot'. Fix: leave it out`,
      ],
    ],
    [
      "what cannot be read is not there",
      KUBEFLOW,
      { driver: { affinity: { nodeAffinity: 7 }, nodeSelector: { [KEY]: 7 } }, executor: [] },
      [],
    ],
  ] as const) {
    it(`is refused under Deny: ${title}`, () => {
      assert.deepEqual(told(ofApplication(both, kind, spec)), messages);
    });
  }

  it("is told under Replace where its author sees it, of drivers too", () => {
    const spec = { driver: { nodeSelector: { [KEY]: "spot" } } };
    assert.deepEqual(kept(ofApplication(driversOnDemand(), KUBEFLOW, spec)), [
      `spec.driver.nodeSelector[${KEY}] 'spot' is replaced in the Pods: needs 'on-demand'`,
    ]);
  });

  it("is told that nobody changes the Pods of a SparkCluster", () => {
    const spec = {
      masterSpec: { statefulSetSpec: { template: { spec: { nodeSelector: { [KEY]: "spot" } } } } },
    };
    assert.deepEqual(kept(ofApplication(driversOnDemand(), CLUSTER, spec)), [
      `spec.masterSpec.statefulSetSpec.template.spec.nodeSelector[${KEY}] 'spot' needs 'on-demand', and nothing changes the Pods of a SparkCluster`,
    ]);
  });
});

describe("a placement with a condition about Pods", () => {
  for (const expression of ["has(object.spec.hostNetwork)", "spark.executorId > 3"]) {
    it(`does not speak of confs: ${expression}`, () => {
      const policies = policyText("executors", {
        match: { roles: ["executor"], matchConditions: [{ name: "c", expression }] },
        placement: { capacity: "spot" },
      });
      assert.deepEqual(ofConf(policies, { [EXECUTOR]: "on-demand" }).outcomes, []);
    });
  }
});
