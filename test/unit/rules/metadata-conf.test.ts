// What metadata policies say of confs and of operators' objects: what their Pods will have, and no more than is to be seen.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { AnyRun } from "../../../src/engine/decision.ts";
import type { Facts } from "../../../src/engine/facts.ts";
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

type Spec = Readonly<Record<string, unknown>>;
type Conf = Readonly<Record<string, string>>;

const set = (specs: readonly Spec[]) =>
  policySet(
    specs.map((spec, index) => policyText(`p${index}`, { priority: -index, ...spec })),
    {
      mode: undefined,
    },
  );

const enforced = (specs: Spec | readonly Spec[]) =>
  set([specs].flat().map((spec) => ({ mode: "Enforce", ...spec })));

function onConf(specs: Spec | readonly Spec[], conf: Conf = {}, facts: Facts = NO_FACTS): AnyRun {
  const map = deepFreeze(driverConf(confText(conf)));
  const decision = decide(enforced(specs), admittedConf(map), facts);
  assert.equal(decision.kind, "decided-conf");
  return decision.enforced;
}

function onApplication(
  specs: Spec | readonly Spec[],
  kind: Kind,
  spec: unknown,
  metadata: Spec = {},
  facts: Facts = NO_FACTS,
): AnyRun {
  const object = deepFreeze(application(kind, spec, metadata));
  const decision = decide(enforced(specs), admittedApplication(object), facts);
  assert.equal(decision.kind, "decided-application");
  assert.deepEqual(decision.enforced.operations, []);
  return decision.enforced;
}

const told = ({ outcomes }: AnyRun) =>
  outcomes.flatMap(({ violations }) =>
    violations.map(({ field, message, fix }) => `${field} ${message}. Fix: ${fix ?? ""}`),
  );
const kept = ({ outcomes }: AnyRun) => outcomes.flatMap(({ effect }) => effect?.kept ?? []);

const TEAM: Spec = { metadata: { required: { labels: [{ key: "team" }] } } };
const DRIVERS_TEAM: Spec = { ...TEAM, match: { roles: ["driver"] } };
const ofRoles = (role: "driver" | "executor", spec: Spec): Spec => ({
  ...spec,
  match: { roles: [role] },
});

const DRIVER_TEAM = "spark.kubernetes.driver.label.team";
const EXECUTOR_TEAM = "spark.kubernetes.executor.label.team";

describe("metadata on a driver's conf", () => {
  it("asks for what the Pods of both roles will have", () => {
    const result = onConf(TEAM);
    assert.equal(result.refused, true);
    assert.deepEqual(told(result), [
      `${DRIVER_TEAM} is missing. Fix: --conf ${DRIVER_TEAM}=VALUE`,
      `${EXECUTOR_TEAM} is missing. Fix: --conf ${EXECUTOR_TEAM}=VALUE`,
    ]);
    assert.deepEqual(told(onConf(TEAM, { [DRIVER_TEAM]: "a", [EXECUTOR_TEAM]: "b" })), []);
    assert.deepEqual(told(onConf(DRIVERS_TEAM, { [DRIVER_TEAM]: "a" })), []);
  });

  it("asks for values, and shows those of labels alone", () => {
    const required = {
      labels: [{ key: "team", values: ["risk", "etl-*"] }],
      annotations: [{ key: "owner", values: ["risk"] }, { key: "empty" }],
    };
    const conf = {
      [DRIVER_TEAM]: "sales",
      "spark.kubernetes.driver.annotation.owner": "hunter2",
      "spark.kubernetes.driver.annotation.empty": "",
    };
    assert.deepEqual(told(onConf(ofRoles("driver", { metadata: { required } }), conf)), [
      `${DRIVER_TEAM} 'sales', must be 'risk' or 'etl-*'. Fix: --conf ${DRIVER_TEAM}=VALUE`,
      "spark.kubernetes.driver.annotation.owner is another, must be 'risk'. Fix: --conf spark.kubernetes.driver.annotation.owner=VALUE",
      "spark.kubernetes.driver.annotation.empty is empty. Fix: --conf spark.kubernetes.driver.annotation.empty=VALUE",
    ]);
  });

  it("knows keys that every object of JavaScript's has", () => {
    const required = { labels: [{ key: "constructor" }, { key: "toString" }] };
    assert.equal(told(onConf(ofRoles("driver", { metadata: { required } }))).length, 2);
  });

  for (const key of ["podTemplateFile", "pod.featureSteps"]) {
    it(`leaves what is not there to the Pod where there is a ${key}`, () => {
      const conf = { [`spark.kubernetes.driver.${key}`]: "x" };
      assert.deepEqual(told(onConf(DRIVERS_TEAM, conf)), []);
      // What is there counts: Spark puts it over what a template has.
      assert.equal(told(onConf(DRIVERS_TEAM, { ...conf, [DRIVER_TEAM]: "" })).length, 1);
      assert.equal(told(onConf(ofRoles("executor", TEAM), conf)).length, 1);
    });
  }

  it("leaves to the Pod what Spark and operators put in", () => {
    const values = ["risk"];
    const required = {
      labels: [
        ...["spark-version", "spark-exec-id", "sparkoperator.k8s.io/submission-id"],
        "spark.operator/spark-app-name",
      ].map((key) => ({ key, values })),
    };
    assert.deepEqual(told(onConf({ metadata: { required } })), []);
    const queue = { metadata: { required: { labels: [{ key: "queue", values }] } } };
    const queues = ["driver", "executor"].map((role) => `spark.kubernetes.${role}.label.queue`);
    assert.deepEqual(told(onConf(queue)), []);
    assert.equal(told(onConf(queue, Object.fromEntries(queues.map((q) => [q, "a"])))).length, 2);
    const asked = { metadata: { required: { labels: [{ key: "team", values }] } } };
    const conf = { [DRIVER_TEAM]: "{{APP_ID}}", [EXECUTOR_TEAM]: "e-{{EXECUTOR_ID}}" };
    assert.deepEqual(told(onConf(asked, conf)), []);
  });

  it("takes for there what a conf policy adds", () => {
    const adds = { sparkConf: { set: { [EXECUTOR_TEAM]: "risk", [DRIVER_TEAM]: "risk" } } };
    for (const specs of [
      [TEAM, adds],
      [adds, TEAM],
    ]) {
      assert.deepEqual(told(onConf(specs)), []);
    }
  });
});

describe("metadata on a driver's conf: what policies will add to Pods", () => {
  const asks = (values?: readonly string[]): Spec => ({
    metadata: { required: { labels: [{ key: "team", ...(values && { values }) }] } },
  });
  const adds = (team: string, more: object = {}): Spec => ({
    metadata: { labels: { team }, ...more },
  });

  it("counts as there, whichever policy comes first, and is not written into the conf", () => {
    for (const specs of [
      [asks(), adds("risk")],
      [adds("risk"), asks()],
    ]) {
      const result = onConf(specs);
      assert.deepEqual(told(result), []);
      assert.ok(!JSON.stringify(result.operations).includes("label.team"));
    }
    const both = {
      metadata: { labels: { team: "risk" }, required: { labels: [{ key: "team" }] } },
    };
    assert.deepEqual(told(onConf(both)), []);
  });

  it("counts with its value, where the job has none or it is replaced", () => {
    const conf = { [DRIVER_TEAM]: "mine", [EXECUTOR_TEAM]: "mine" };
    const replace = { onUserChoice: "Replace" };
    const asked = asks(["risk"]);
    assert.deepEqual(told(onConf([asked, adds("risk")])), []);
    assert.equal(told(onConf([asked, adds("ads")])).length, 2);
    assert.equal(told(onConf([asked, adds("risk")], conf)).length, 2);
    assert.deepEqual(told(onConf([asked, adds("risk", replace)], conf)), []);
    // What a conf policy sets is there before, whatever its turn.
    const sets = { sparkConf: { set: { [DRIVER_TEAM]: "mine", [EXECUTOR_TEAM]: "mine" } } };
    for (const more of [{}, replace]) {
      const first = told(onConf([asked, adds("risk", more), sets]));
      const last = told(onConf([sets, asked, adds("risk", more)]));
      assert.deepEqual(first, last);
      assert.equal(first.length, more === replace ? 0 : 2);
    }
  });

  it("is that of the policy of the highest priority", () => {
    const specs = [asks(["a"]), adds("a"), adds("b", { onUserChoice: "Replace" })];
    assert.deepEqual(told(onConf(specs)), []);
    assert.equal(told(onConf([specs[0] ?? {}, specs[2] ?? {}, specs[1] ?? {}])).length, 2);
  });

  it("counts for the roles to which it is added", () => {
    const result = onConf([asks(), ofRoles("driver", adds("risk"))]);
    assert.deepEqual(
      told(result).map((text) => text.split(" ")[0]),
      [EXECUTOR_TEAM],
    );
  });

  it("does not count where nothing is enforced, and does in the preview", () => {
    const policies = set([
      { mode: "Enforce", ...asks() },
      { mode: "Audit", ...adds("risk") },
    ]);
    const decision = decide(policies, admittedConf(driverConf(confText())), NO_FACTS);
    assert.equal(decision.kind, "decided-conf");
    assert.equal(decision.enforced.refused, true);
    assert.equal(decision.preview?.refused, false);
  });

  it("may be that of a policy that speaks of Pods alone: then it is left to the Pod", () => {
    const matchConditions = [{ name: "c", expression: "has(object.spec.nodeName)" }];
    for (const match of [{ surfaces: ["pod"] }, { matchConditions }]) {
      assert.deepEqual(told(onConf([asks(["x"]), { ...adds("risk"), match }])), []);
      const elsewhere = { ...match, namespaces: ["elsewhere"] };
      assert.equal(told(onConf([asks(), { ...adds("risk"), match: elsewhere }])).length, 2);
      const another = { metadata: { annotations: { team: "x" }, labels: { teams: "x" } } };
      assert.equal(told(onConf([asks(), { ...another, match }])).length, 2);
    }
  });

  it("is nothing where the namespace has no such label, and not known where nobody knows it", () => {
    const specs = [asks(), adds("{{namespace.labels.team}}")];
    const namespace = (labels: Conf): Facts => ({
      ...NO_FACTS,
      namespace: { name: "team-a", labels },
    });
    assert.deepEqual(told(onConf(specs, {}, namespace({ team: "risk" }))), []);
    assert.equal(told(onConf(specs, {}, namespace({}))).length, 2);
    const unknown = onConf(specs);
    assert.deepEqual([told(unknown), unknown.refused], [[], false]);
    assert.deepEqual(
      unknown.outcomes.map(({ error }) => error),
      [undefined, undefined],
    );
    // Nor whether a policy speaks of the conf.
    const namespaceSelector = { matchLabels: { tier: "gold" } };
    const match = { roles: ["driver"], namespaceSelector };
    const selecting = [asks(), { ...adds("risk"), match, onError: "Allow" }];
    assert.deepEqual(
      told(onConf(selecting)).map((text) => text.split(" ")[0]),
      [EXECUTOR_TEAM],
    );
    assert.equal(told(onConf(selecting, {}, namespace({}))).length, 2);
    assert.equal(told(onConf(selecting, {}, namespace({ tier: "gold" }))).length, 1);
  });

  it("takes the place of what the job has: which is told where no Pod tells it", () => {
    const conf = { [DRIVER_TEAM]: "mine", [EXECUTOR_TEAM]: "mine" };
    const replace = adds("risk", { onUserChoice: "Replace" });
    assert.deepEqual(kept(onConf(replace, conf)), [`${EXECUTOR_TEAM} becomes 'risk' on executors`]);
    assert.deepEqual(kept(onConf(adds("risk"), conf)), []);
    assert.deepEqual(kept(onConf(replace, { [EXECUTOR_TEAM]: "risk" })), []);
  });

  it("is all that a job may have where the policy denies another", () => {
    const deny = adds("risk", { onUserChoice: "Deny" });
    assert.deepEqual(told(onConf(deny, { [EXECUTOR_TEAM]: "mine" })), [
      `${EXECUTOR_TEAM} 'mine', must be 'risk'. Fix: leave it out of the job: it is added`,
    ]);
    assert.deepEqual(told(onConf(deny, { [EXECUTOR_TEAM]: "risk" })), []);
    assert.deepEqual(told(onConf(deny)), []);
    // Who has no say does not refuse.
    assert.deepEqual(told(onConf([adds("other"), deny], { [EXECUTOR_TEAM]: "mine" })), []);
  });
});

describe("metadata on an application", () => {
  const template = (labels: object, annotations: object = {}) => ({
    metadata: { labels, annotations },
    spec: { containers: [] },
  });
  const missing: readonly (readonly [string, Kind, Spec, driver: string, executor: string])[] = [
    ["SparkApplication", KUBEFLOW, {}, "spec.driver.labels[team]", "spec.executor.labels[team]"],
    [
      "ScheduledSparkApplication",
      SCHEDULED,
      { template: {} },
      "spec.template.driver.labels[team]",
      "spec.template.executor.labels[team]",
    ],
    [
      "SparkConnect",
      CONNECT,
      {},
      "spec.server.template.metadata.labels[team]",
      "spec.executor.template.metadata.labels[team]",
    ],
    [
      "SparkApplication of Apache's",
      APACHE,
      {},
      `spec.sparkConf[${DRIVER_TEAM}]`,
      `spec.sparkConf[${EXECUTOR_TEAM}]`,
    ],
    [
      "SparkCluster",
      CLUSTER,
      {},
      "spec.masterSpec.statefulSetSpec.template.metadata.labels[team]",
      "spec.workerSpec.statefulSetSpec.template.metadata.labels[team]",
    ],
  ];
  for (const [what, kind, spec, driver, executor] of missing) {
    it(`names the fields of a ${what}`, () => {
      const result = onApplication(TEAM, kind, spec);
      assert.equal(result.refused, true);
      assert.deepEqual(
        told(result),
        [driver, executor].map((field) => `${field} is missing. Fix: ${field}: VALUE`),
      );
    });
  }

  const there: readonly (readonly [string, Kind, Spec, Spec])[] = [
    [
      "labels of roles",
      KUBEFLOW,
      { driver: { labels: { team: "a" } }, executor: { labels: { team: "a" } } },
      {},
    ],
    ["labels of its own, which the operator copies", KUBEFLOW, {}, { labels: { team: "a" } }],
    [
      "keys of sparkConf",
      KUBEFLOW,
      { sparkConf: { [DRIVER_TEAM]: "a", [EXECUTOR_TEAM]: "a" } },
      {},
    ],
    [
      "templates",
      KUBEFLOW,
      {
        driver: { template: template({ team: "a" }) },
        executor: { template: template({ team: "a" }) },
      },
      {},
    ],
    [
      "templates of a schedule",
      SCHEDULED,
      { template: { driver: { labels: { team: "a" } }, executor: { labels: { team: 7 } } } },
      {},
    ],
    [
      "the server's template, and its own labels for executors",
      CONNECT,
      { server: { template: template({ team: "a" }) } },
      { labels: { team: "a" } },
    ],
    [
      "a template, and a key of sparkConf",
      APACHE,
      {
        driverSpec: { podTemplateSpec: template({ team: "a" }) },
        sparkConf: { [EXECUTOR_TEAM]: "a" },
      },
      {},
    ],
    [
      "templates of StatefulSets",
      CLUSTER,
      {
        masterSpec: { statefulSetSpec: { template: template({ team: "a" }) } },
        workerSpec: { statefulSetSpec: { template: template({ team: "a" }) } },
      },
      {},
    ],
  ];
  for (const [what, [apiVersion, kind], spec, metadata] of there) {
    it(`finds what is there: ${kind}, ${what}`, () => {
      assert.deepEqual(told(onApplication(TEAM, [apiVersion, kind], spec, metadata)), []);
    });
  }

  it("names the field in which a value stands", () => {
    const asks = {
      metadata: {
        required: {
          labels: [{ key: "team", values: ["risk"] }],
          annotations: [{ key: "owner", values: ["risk"] }],
        },
      },
    };
    const spec = {
      driver: {
        annotations: { owner: "hunter2" },
        template: template({ team: "no" }, { owner: "risk" }),
      },
      executor: { labels: { team: "risk" }, template: template({ team: "no" }, { owner: "no" }) },
    };
    assert.deepEqual(told(onApplication(asks, KUBEFLOW, spec)), [
      "spec.driver.template.metadata.labels[team] 'no', must be 'risk'. Fix: spec.driver.template.metadata.labels[team]: VALUE",
      "spec.driver.annotations[owner] is another, must be 'risk'. Fix: spec.driver.annotations[owner]: VALUE",
      "spec.executor.template.metadata.annotations[owner] is another, must be 'risk'. Fix: spec.executor.template.metadata.annotations[owner]: VALUE",
    ]);
    const copied = onApplication(ofRoles("driver", asks), KUBEFLOW, {}, { labels: { team: "no" } });
    assert.match(told(copied)[0] ?? "", /^metadata\.labels\[team\] 'no'/);
  });

  for (const spec of [
    { sparkConf: { "spark.kubernetes.driver.podTemplateFile": "s3a://x" } },
    { mode: "client" },
  ]) {
    it(`leaves what is not there to the Pod: ${JSON.stringify(spec)}`, () => {
      assert.deepEqual(told(onApplication(DRIVERS_TEAM, KUBEFLOW, spec)), []);
      const wrong = { ...spec, driver: { labels: { team: "" } } };
      assert.equal(told(onApplication(DRIVERS_TEAM, KUBEFLOW, wrong)).length, 1);
    });
  }

  it("counts what policies will add to its Pods, but for those of a SparkCluster, which nobody asks about", () => {
    const specs = [TEAM, { metadata: { labels: { team: "risk" } } }];
    for (const kind of [KUBEFLOW, APACHE, CONNECT]) {
      assert.deepEqual(told(onApplication(specs, kind, {})), [], kind[1]);
    }
    assert.equal(told(onApplication(specs, CLUSTER, {})).length, 2);
    const onPods = { metadata: { labels: { team: "risk" } }, match: { surfaces: ["pod"] } };
    assert.deepEqual(told(onApplication([TEAM, onPods], KUBEFLOW, {})), []);
    assert.equal(told(onApplication([TEAM, onPods], CLUSTER, {})).length, 2);
  });

  it("takes what is made of its name or id for known later", () => {
    const asks = { metadata: { required: { labels: [{ key: "id", values: ["x"] }] } } };
    for (const text of ["{{app.id}}", "{{ app.name }}"]) {
      const adds = { metadata: { labels: { id: text } } };
      assert.deepEqual(told(onApplication([asks, adds], KUBEFLOW, {})), []);
    }
    assert.equal(told(onConf([asks, { metadata: { labels: { id: "{{app.id}}" } } }])).length, 2);
  });

  it("takes what is set in the conf for there on executors: the driver's Pod comes before it", () => {
    const sets = { sparkConf: { set: { [DRIVER_TEAM]: "risk", [EXECUTOR_TEAM]: "risk" } } };
    assert.deepEqual(told(onApplication([TEAM, sets], KUBEFLOW, {})), [
      "spec.driver.labels[team] is missing. Fix: spec.driver.labels[team]: VALUE",
    ]);
  });

  it("tells what will not stay", () => {
    const replace = { metadata: { labels: { team: "risk" }, onUserChoice: "Replace" } };
    const spec = { driver: { labels: { team: "mine" } } };
    assert.deepEqual(kept(onApplication(replace, KUBEFLOW, spec)), [
      "spec.driver.labels[team] becomes 'risk' on the driver's Pod",
    ]);
    const server = { server: { template: template({ team: "mine" }) } };
    assert.deepEqual(kept(onApplication(replace, CONNECT, server)), [
      "spec.server.template.metadata.labels[team] becomes 'risk' on the connect-server's Pod",
    ]);
  });
});
