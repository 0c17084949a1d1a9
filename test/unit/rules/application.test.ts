// What rules say of operators' objects: the same as of the conf that is made of them, in the words of their fields.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { AnyRun } from "../../../src/engine/decision.ts";
import type { JsonObject } from "../../../src/kubernetes/pod.ts";
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
import { NO_FACTS } from "../../fixtures/facts.ts";
import { compile, policySet, policyText } from "../../fixtures/policies.ts";

type Spec = Readonly<Record<string, unknown>>;

function run(policies: Spec | readonly Spec[], kind: Kind, spec: unknown, metadata = {}): AnyRun {
  const texts = [policies]
    .flat()
    .map((policy, index) => policyText(`p${index}`, { priority: -index, ...policy }));
  const object = deepFreeze(application(kind, spec, metadata));
  const decision = decide(policySet(texts), admittedApplication(object), NO_FACTS);
  assert.equal(decision.kind, "decided-application");
  assert.deepEqual(decision.enforced.operations, []);
  return decision.enforced;
}

const told = ({ outcomes }: AnyRun) =>
  outcomes.flatMap(({ violations }) =>
    violations.map(({ field, message, fix }) => `${field} ${message}. Fix: ${fix ?? ""}`),
  );

const kept = ({ outcomes }: AnyRun) => outcomes.flatMap(({ effect }) => effect?.kept ?? []);

describe("sparkConf on an application", () => {
  it("judges the conf that will be made of it, and names its fields", () => {
    const result = run(
      {
        sparkConf: {
          required: ["spark.eventLog.dir"],
          forbidden: ["spark.hadoop.fs.s3a.*.key"],
          limits: { "spark.executor.memory": { max: "64g" }, "spark.a": { max: 1 } },
          unknownKeys: "Deny",
        },
      },
      KUBEFLOW,
      {
        hadoopConf: { "fs.s3a.secret.key": "hunter2" },
        executor: { memory: "80g" },
        sparkConf: { "spark.a": "${env:A}", "spark.executor.decommission.enabled": "true" },
      },
    );
    assert.equal(result.refused, true);
    assert.deepEqual(told(result).slice(0, 4), [
      "spec.sparkConf[spark.eventLog.dir] is missing. Fix: spec.sparkConf[spark.eventLog.dir]: VALUE",
      "spec.hadoopConf[fs.s3a.secret.key] is forbidden. Fix: leave it out",
      "spec.executor.memory '80g' is above 64g. Fix: spec.executor.memory: 64g",
      "spec.sparkConf[spark.a] cannot be judged: ${env:A} is known only where Spark runs. Fix: write the value out",
    ]);
    assert.ok(
      told(result).includes(
        "spec.sparkConf[spark.executor.decommission.enabled] is no key of Spark's. Fix: did you mean spark.decommission.enabled?",
      ),
      told(result).join("\n"),
    );
  });

  it("finds nothing unknown in the keys that the operator adds", () => {
    const spec = {
      image: "i:1",
      driver: { labels: { a: "b" } },
      dynamicAllocation: { enabled: true },
    };
    const result = run({ sparkConf: { unknownKeys: "Deny" } }, KUBEFLOW, spec, {
      labels: { c: "d" },
    });
    assert.deepEqual(told(result), []);
  });

  const SET = { "spark.eventLog.enabled": "true" };

  it("takes for said what a policy will add to the driver's conf", () => {
    const policies = [
      { sparkConf: { required: ["spark.eventLog.enabled", "spark.b"] } },
      { sparkConf: { set: SET, defaults: { "spark.b": "1" } } },
    ];
    for (const kind of [KUBEFLOW, APACHE]) assert.deepEqual(told(run(policies, kind, {})), []);
    assert.deepEqual(told(run(policies, SCHEDULED, { template: {} })), []);
  });

  it("takes for missing what nobody will add: no ConfigMap holds the conf of these", () => {
    const policies = { sparkConf: { required: ["spark.eventLog.enabled"], set: SET } };
    for (const kind of [CONNECT, CLUSTER]) {
      assert.match(told(run(policies, kind, {})).join(), /spark\.eventLog\.enabled\] is missing/);
    }
    assert.match(told(run(policies, KUBEFLOW, { mode: "client" })).join(), /is missing/);
  });

  it("tells what becomes of another value, which is no reason to refuse", () => {
    const spec = { sparkConf: { "spark.eventLog.enabled": "false" } };
    const result = run({ sparkConf: { set: SET, defaults: { "spark.b": "1" } } }, KUBEFLOW, spec);
    assert.equal(result.refused, false);
    assert.deepEqual(kept(result), [
      "spec.sparkConf[spark.eventLog.enabled] becomes true in the driver's conf",
    ]);
    assert.deepEqual(result.outcomes[0]?.changes, []);
    assert.deepEqual(kept(run({ sparkConf: { set: SET } }, CONNECT, spec)), [
      "spec.sparkConf[spark.eventLog.enabled] is not true, and nothing changes the conf of this SparkConnect",
    ]);
    assert.deepEqual(kept(run({ sparkConf: { set: SET } }, KUBEFLOW, { sparkConf: SET })), []);
  });

  it("is about the driver's conf alone where a condition is about the object", () => {
    const matchConditions = [{ name: "a", expression: 'object.kind == "ConfigMap"' }];
    const { set } = compile(
      policyText("p", { match: { matchConditions }, sparkConf: { required: ["spark.a"] } }),
    );
    assert.deepEqual(set.policies[0]?.surfaces, ["driver-conf"]);
  });
});

describe("images on an application", () => {
  it("are judged wherever they stand, each place once", () => {
    const result = run({ images: {} }, KUBEFLOW, {
      image: "reg/spark",
      volumes: [{ name: "v", image: { reference: "reg/data:latest" } }],
      driver: { sidecars: [{ name: "s", image: "reg/s" }] },
      executor: { image: "reg/exec:latest", initContainers: [{ name: "i", image: "reg/i" }] },
    });
    assert.deepEqual(told(result), [
      "spec.image 'reg/spark' has no tag. Fix: spec.image: reg/spark:TAG (or @sha256:DIGEST)",
      "spec.driver.sidecars[0].image 'reg/s' has no tag. Fix: spec.driver.sidecars[0].image: reg/s:TAG (or @sha256:DIGEST)",
      "spec.volumes[0].image.reference 'reg/data:latest' has a mutable tag. Fix: spec.volumes[0].image.reference: reg/data:TAG (or @sha256:DIGEST)",
      "spec.executor.image 'reg/exec:latest' has a mutable tag. Fix: spec.executor.image: reg/exec:TAG (or @sha256:DIGEST)",
      "spec.executor.initContainers[0].image 'reg/i' has no tag. Fix: spec.executor.initContainers[0].image: reg/i:TAG (or @sha256:DIGEST)",
    ]);
  });

  const everywhere = {
    image: "a",
    volumes: [{ image: { reference: "b" } }],
    driver: { sidecars: [{ image: "c" }], initContainers: [{ image: "d" }] },
  };
  for (const [kind, field] of [
    ["Spark", "spec.image"],
    ["Sidecar", "spec.driver.sidecars[0].image"],
    ["Init", "spec.driver.initContainers[0].image"],
    ["Volume", "spec.volumes[0].image.reference"],
  ] as const) {
    it(`are only those of ${kind} where a policy says so`, () => {
      const { outcomes } = run({ images: { containers: [kind] } }, KUBEFLOW, everywhere);
      assert.deepEqual(
        outcomes.flatMap(({ violations }) => violations.map((found) => found.field)),
        [field],
      );
    });
  }

  it("may have Spark's version put in by Apache's operator", () => {
    const image = (text: string) => ({ sparkConf: { "spark.kubernetes.container.image": text } });
    assert.deepEqual(
      told(run({ images: {} }, APACHE, image("apache/spark:{{SPARK_VERSION}}"))),
      [],
    );
    assert.equal(told(run({ images: {} }, APACHE, image("apache/spark:latest"))).length, 1);
  });

  it("are judged as the operator takes them: sparkConf does not hide them", () => {
    const spec = {
      image: "reg/spark:latest",
      sparkConf: { "spark.kubernetes.driver.container.image": "reg/spark:1" },
      executor: { image: "reg/spark:1" },
    };
    assert.match(
      told(run({ images: {} }, KUBEFLOW, spec)).join(),
      /^spec\.image 'reg\/spark:latest'/,
    );
  });

  it("are not judged for roles of which the policy does not speak", () => {
    const spec = { driver: { image: "a" }, executor: { image: "b" } };
    const result = run({ match: { roles: ["executor"] }, images: {} }, KUBEFLOW, spec);
    assert.match(told(result).join(), /^spec\.executor\.image/);
    assert.equal(told(result).length, 1);
  });
});

describe("deny on an application", () => {
  const deny = (when: string, more: Spec = {}, message = "no"): Spec => ({
    match: { surfaces: ["application"], ...more },
    deny: { when, message },
  });

  it("speaks of one only where it is asked to", () => {
    assert.deepEqual(run({ deny: { when: "true", message: "no" } }, KUBEFLOW, {}).outcomes, []);
  });

  it("sees the object, the conf and who asks for it", () => {
    for (const when of [
      'object.kind == "SparkApplication"',
      'spark.surface == "application"',
      'spark.role == "driver" && spark.conf["spark.driver.memory"] == "4g"',
      'app.name == "nightly" && !has(app.id) && app.language == "python"',
      'request.operation == "CREATE" && request.name == "nightly"',
    ]) {
      const mainApplicationFile = "local:///etl.py";
      const result = run(deny(when), KUBEFLOW, { driver: { memory: "4g" }, mainApplicationFile });
      assert.deepEqual([result.refused, told(result).length], [true, 1], when);
    }
  });

  it("sees what an application of Apache's is written in", () => {
    for (const [spec, language] of [
      [{ jars: "a.jar", pyFiles: "a.py" }, "jvm"],
      [{ pyFiles: "a.py" }, "python"],
      [{ sparkRFiles: "a.R" }, "r"],
    ] as const) {
      assert.equal(
        run(deny(`app.language == "${language}"`), APACHE, spec).refused,
        true,
        language,
      );
    }
  });

  it("shows nothing of what may be a secret", () => {
    const spec = {
      image: "reg/spark:1",
      driverArgs: ["hunter2"],
      sparkConf: { "spark.a": "hunter2" },
      driver: { env: [{ name: "A", value: "hunter2" }], javaOptions: "hunter2", memory: "4g" },
    };
    const message = [
      ...["image", "driver.memory", "driver.javaOptions", "driverArgs[0]", "driver.env[0].value"],
      ...['sparkConf["spark.a"]'],
    ]
      .map((path) => `{{object.spec.${path}}}`)
      .concat('{{spark.conf["spark.a"]}}', "{{object.metadata.annotations.note}}")
      .join(" ");
    const result = run(deny("true", {}, message), KUBEFLOW, spec, {
      annotations: { note: "hunter2" },
    });
    assert.deepEqual(told(result), [`metadata reg/spark:1 4g${" (hidden)".repeat(6)}. Fix: `]);
  });

  it("is matched by the labels that Pods will have", () => {
    const objectSelector = { matchLabels: { team: "risk" } };
    const policy = deny("true", { objectSelector });
    assert.equal(run(policy, KUBEFLOW, {}, { labels: { team: "risk" } }).refused, true);
    assert.equal(run(policy, KUBEFLOW, { driver: { labels: { team: "risk" } } }).refused, true);
    assert.equal(run(policy, KUBEFLOW, {}).refused, false);
  });
});

describe("a rollout", () => {
  it("has an application in where its Pods are", () => {
    const names = Array.from({ length: 40 }, (_, index) => `app-${index}`);
    const set = policySet(
      policyText("p", {
        mode: "Enforce",
        rollout: { percent: 50 },
        match: { surfaces: ["application", "pod"], roles: ["driver"] },
        deny: { when: "true", message: "no" },
      }),
      { mode: undefined },
    );
    const isRefused = (decision: ReturnType<typeof decide>) =>
      "enforced" in decision && decision.enforced.refused;
    const of = (admitted: JsonObject | ReturnType<typeof admittedApplication>) =>
      isRefused(decide(set, admitted as ReturnType<typeof admittedApplication>, NO_FACTS));
    const refused = names.map((name) => {
      const labels = {
        "spark-role": "driver",
        ...{ "spark-app-selector": `spark-${name}`, "sparkoperator.k8s.io/app-name": name },
      };
      const pod = { metadata: { name, labels }, spec: { containers: [{ name: "a" }] } };
      const asPod = of({
        ...admittedApplication(application(KUBEFLOW, {})),
        ...{ group: "", version: "v1", kind: "Pod", admission: "mutating", object: pod },
      });
      assert.equal(of(admittedApplication(application(KUBEFLOW, {}, { name }))), asPod, name);
      return asPod;
    });
    assert.ok(refused.includes(true) && refused.includes(false));
  });
});
