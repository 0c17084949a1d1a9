import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../../src/kubernetes/pod.ts";
import { recognize } from "../../../src/spark/recognize.ts";
import type { ApplicationSubject } from "../../../src/spark/subject.ts";
import {
  admittedApplication,
  APACHE,
  application,
  CLUSTER,
  CONNECT,
  EVERY_KIND,
  type Kind,
  KUBEFLOW,
  SCHEDULED,
} from "../../fixtures/applications.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";

type Facets = readonly [driver: ApplicationSubject, executor: ApplicationSubject];

function facetsOf(kind: Kind, spec: unknown, metadata: JsonObject = {}): Facets {
  const object = deepFreeze(application(kind, spec, metadata));
  const recognition = recognize(admittedApplication(object));
  assert.equal(recognition.kind, "application");
  return recognition.facets;
}

/** Key, value, field. */
type Row = readonly [key: string, value: string | undefined, field: string];

function assertConf([{ conf, place }]: Facets, rows: readonly Row[]): void {
  const found = rows.map(([key]) => [key, conf.raw(key), place.fieldOf(key)]);
  assert.deepEqual(found, rows);
}

const IMAGE = "spark.kubernetes.container.image";
const DRIVER_IMAGE = "spark.kubernetes.driver.container.image";
const EXECUTOR_IMAGE = "spark.kubernetes.executor.container.image";
const TRACKING = "spark.dynamicAllocation.shuffleTracking.enabled";

describe("the conf of Kubeflow's SparkApplication", () => {
  it("is made of its fields, each of which is remembered", () => {
    const facets = facetsOf(KUBEFLOW, {
      image: "i:1",
      imagePullSecrets: ["a", "b"],
      sparkConf: { "spark.a": "1", notSparks: "2" },
      hadoopConf: { "fs.s3a.secret.key": "x" },
      deps: { packages: ["a:b:1", "c:d:2"] },
      nodeSelector: { disk: "ssd" },
      driver: {
        cores: 2,
        coreRequest: "500m",
        memory: "4g",
        serviceAccount: "spark",
        labels: { team: "risk" },
        envVars: { A: "1" },
        envSecretKeyRefs: { B: { name: "s", key: "k" } },
        secrets: [{ name: "s", path: "/s" }],
      },
      executor: {
        instances: 10,
        memoryOverhead: "1g",
        annotations: { a: "b" },
        envVars: { A: "2" },
      },
      dynamicAllocation: { enabled: true, maxExecutors: 20 },
    });
    assertConf(facets, [
      ["spark.app.name", "nightly", "metadata.name"],
      [IMAGE, "i:1", "spec.image"],
      [DRIVER_IMAGE, "i:1", "spec.image"],
      ["spark.kubernetes.container.image.pullSecrets", "a,b", "spec.imagePullSecrets"],
      ["spark.a", "1", "spec.sparkConf[spark.a]"],
      ["notSparks", undefined, "spec.sparkConf[notSparks]"],
      ["spark.hadoop.fs.s3a.secret.key", "x", "spec.hadoopConf[fs.s3a.secret.key]"],
      ["spark.jars.packages", "a:b:1,c:d:2", "spec.deps.packages"],
      ["spark.kubernetes.node.selector.disk", "ssd", "spec.nodeSelector[disk]"],
      ["spark.driver.cores", "2", "spec.driver.cores"],
      ["spark.kubernetes.driver.request.cores", "500m", "spec.driver.coreRequest"],
      ["spark.driver.memory", "4g", "spec.driver.memory"],
      [
        "spark.kubernetes.authenticate.driver.serviceAccountName",
        "spark",
        "spec.driver.serviceAccount",
      ],
      ["spark.kubernetes.driver.label.team", "risk", "spec.driver.labels[team]"],
      ["spark.kubernetes.driverEnv.A", "1", "spec.driver.envVars[A]"],
      ["spark.kubernetes.driver.secretKeyRef.B", "s:k", "spec.driver.envSecretKeyRefs[B]"],
      ["spark.kubernetes.driver.secrets.s", "/s", "spec.driver.secrets[0].path"],
      ["spark.executor.instances", "10", "spec.executor.instances"],
      ["spark.executor.memoryOverhead", "1g", "spec.executor.memoryOverhead"],
      ["spark.kubernetes.executor.annotation.a", "b", "spec.executor.annotations[a]"],
      ["spark.executorEnv.A", "2", "spec.executor.envVars[A]"],
      ["spark.dynamicAllocation.enabled", "true", "spec.dynamicAllocation.enabled"],
      ["spark.dynamicAllocation.maxExecutors", "20", "spec.dynamicAllocation.maxExecutors"],
      [TRACKING, "true", "spec.dynamicAllocation.shuffleTrackingEnabled"],
      ["spark.missing", undefined, "spec.sparkConf[spark.missing]"],
    ]);
  });

  const wins: readonly (readonly [string, JsonObject, Row])[] = [
    [
      "a role's field, over sparkConf",
      { driver: { memory: "4g" }, sparkConf: { "spark.driver.memory": "9g" } },
      ["spark.driver.memory", "4g", "spec.driver.memory"],
    ],
    [
      "sparkConf, over the image of all",
      { image: "i:1", sparkConf: { [IMAGE]: "i:2" } },
      [IMAGE, "i:2", `spec.sparkConf[${IMAGE}]`],
    ],
    [
      "the image of all, over sparkConf for a role",
      { image: "i:1", sparkConf: { [DRIVER_IMAGE]: "i:2" } },
      [DRIVER_IMAGE, "i:1", "spec.image"],
    ],
    [
      "the image of a role, over the image of all",
      { image: "i:1", executor: { image: "i:2" } },
      [EXECUTOR_IMAGE, "i:2", "spec.executor.image"],
    ],
    [
      "the image of all, where that of a role is empty",
      { image: "i:1", executor: { image: "" } },
      [EXECUTOR_IMAGE, "i:1", "spec.image"],
    ],
    [
      "dynamicAllocation, over sparkConf, also in what it does not say",
      { dynamicAllocation: { enabled: true }, sparkConf: { [TRACKING]: "false" } },
      [TRACKING, "true", "spec.dynamicAllocation.shuffleTrackingEnabled"],
    ],
    [
      "sparkConf, where dynamicAllocation is off",
      { dynamicAllocation: { enabled: false }, sparkConf: { [TRACKING]: "false" } },
      [TRACKING, "false", `spec.sparkConf[${TRACKING}]`],
    ],
    [
      "the operator, over sparkConf, in the name",
      { sparkConf: { "spark.app.name": "mine" } },
      ["spark.app.name", "nightly", "metadata.name"],
    ],
  ];
  for (const [what, spec, row] of wins) {
    it(`has the value of ${what}`, () => {
      assertConf(facetsOf(KUBEFLOW, spec), [row]);
    });
  }

  it("tells how to write a key", () => {
    const [{ place }] = facetsOf(KUBEFLOW, { driver: { memory: "4g" } });
    assert.equal(place.assignment("spark.driver.memory", "2g"), "spec.driver.memory: 2g");
    assert.equal(place.assignment("spark.a", "1"), "spec.sparkConf[spark.a]: 1");
  });
});

describe("what an application is", () => {
  it("has the labels of its Pods, and the key by which they are rolled out", () => {
    const [driver, executor] = facetsOf(
      KUBEFLOW,
      {
        driver: {
          labels: { team: "risk" },
          template: { metadata: { labels: { zone: "a", team: "ads" } } },
        },
      },
      { labels: { team: "all", cost: "7", "kueue.x-k8s.io/queue-name": "q" } },
    );
    const own = { "spark-app-name": "nightly", "sparkoperator.k8s.io/app-name": "nightly" };
    const { id, ...application } = driver.application;
    assert.deepEqual(application, { name: "nightly", operatorApp: "nightly" });
    assert.equal(id, undefined);
    assert.deepEqual(driver.labels, {
      ...own,
      ...{ "spark-role": "driver", cost: "7", team: "risk", zone: "a" },
    });
    assert.deepEqual(executor.labels, { ...own, "spark-role": "executor", cost: "7", team: "all" });
  });

  it("is nobody's in particular where it is scheduled: each run has a name of its own", () => {
    const facets = facetsOf(
      SCHEDULED,
      { template: { image: "i:1", hadoopConf: { a: "b" } } },
      { labels: { team: "all" } },
    );
    assertConf(facets, [
      [DRIVER_IMAGE, "i:1", "spec.template.image"],
      ["spark.hadoop.a", "b", "spec.template.hadoopConf[a]"],
      ["spark.app.name", undefined, "spec.template.sparkConf[spark.app.name]"],
    ]);
    const [{ application, labels }] = facets;
    assert.deepEqual(application, { id: undefined, name: "nightly", operatorApp: undefined });
    assert.deepEqual(labels, { "spark-role": "driver", team: "all" });
  });

  it("is a connect-server and its executors, whose conf nobody mends", () => {
    const container = (name: string, image: string) => ({ name, image });
    const template = (...containers: readonly object[]) => ({
      template: { metadata: { labels: { team: "risk" } }, spec: { containers } },
    });
    const facets = facetsOf(CONNECT, {
      image: "i:1",
      sparkConf: { [EXECUTOR_IMAGE]: "i:3" },
      hadoopConf: { a: "1", "spark.hadoop.b": "2" },
      server: {
        cores: 2,
        ...template(container("sidecar", "s:1"), container("spark-kubernetes-driver", "i:2")),
      },
      executor: { instances: 2, ...template(container("first", "f:1"), container("x", "x:1")) },
    });
    assertConf(facets, [
      [IMAGE, "i:1", "spec.image"],
      [DRIVER_IMAGE, "i:2", "spec.server.template.spec.containers[1].image"],
      [EXECUTOR_IMAGE, "i:3", `spec.sparkConf[${EXECUTOR_IMAGE}]`],
      ["spark.hadoop.a", "1", "spec.hadoopConf[a]"],
      ["spark.hadoop.b", "2", "spec.hadoopConf[spark.hadoop.b]"],
      ["spark.driver.cores", "2", "spec.server.cores"],
      ["spark.executor.instances", "2", "spec.executor.instances"],
    ]);
    const [server, executor] = facets;
    assert.equal(server.role, "connect-server");
    assert.equal(server.isMended, false);
    assert.deepEqual(server.labels, {
      ...{ team: "risk", "spark-role": "connect-server" },
      "sparkoperator.k8s.io/connect-name": "nightly",
    });
    assert.equal(executor.labels["team"], "risk");
    assert.deepEqual(server.images, [
      { kind: "Sidecar", field: "spec.server.template.spec.containers[0].image", image: "s:1" },
    ]);
    // Spark overwrites the image of the first.
    assert.deepEqual(
      executor.images.map(({ image }) => image),
      ["x:1"],
    );
  });

  it("has the id of its first attempt where Apache's operator makes it", () => {
    const spec = { sparkConf: { [IMAGE]: "i:1", "spark.kubernetes.driver.label.team": "risk" } };
    const [driver] = facetsOf(APACHE, spec);
    assert.deepEqual(driver.application, {
      id: "nightly-0",
      name: "spark",
      operatorApp: undefined,
    });
    assert.deepEqual(driver.labels, {
      ...{ "spark-app-selector": "nightly-0", "spark-app-name": "spark", "spark-role": "driver" },
      ...{ team: "risk", "spark.operator/spark-app-name": "nightly" },
    });
    const retried = { ...application(APACHE, spec), status: attempt(3) };
    const recognition = recognize(admittedApplication(retried));
    assert.equal(recognition.kind, "application");
    assert.equal(recognition.facets[0].application.id, "nightly-3");
    const [long] = facetsOf(APACHE, spec, { name: "n".repeat(60) });
    assert.equal(long.application.id, undefined);
  });

  const attempt = (id: number) => ({ currentAttemptSummary: { attemptInfo: { id } } });

  it("is a master and workers", () => {
    const statefulSetSpec = { template: { spec: { containers: [{ name: "a", image: "a:1" }] } } };
    const [master, worker] = facetsOf(CLUSTER, {
      sparkConf: { [IMAGE]: "i:1" },
      workerSpec: { statefulSetSpec },
    });
    assert.equal(master.conf.text(DRIVER_IMAGE), "i:1");
    assert.deepEqual(master.images, []);
    assert.equal(worker.labels["spark-role"], "worker");
    const field = "spec.workerSpec.statefulSetSpec.template.spec.containers[0].image";
    assert.deepEqual(worker.images, [{ kind: "Sidecar", field, image: "a:1" }]);
  });

  it("names images of sidecars, init containers and volumes; that of Spark's container in a template counts for nothing", () => {
    const template = {
      spec: {
        containers: [
          { name: "log", image: "t:1" },
          { name: "spark-kubernetes-executor", image: "spark" },
        ],
        initContainers: [{ image: "t:2" }],
        volumes: [
          { name: "v", image: { reference: "t:3" } },
          { name: "w", emptyDir: {} },
        ],
      },
    };
    const [driver, executor] = facetsOf(KUBEFLOW, {
      volumes: [{ name: "v", image: { reference: "v:1" } }],
      driver: { sidecars: [{}, { image: "s:1" }], initContainers: [{ image: "n:1" }] },
      executor: { template },
    });
    const listed = ({ images }: ApplicationSubject) =>
      images.map(({ kind, field, image }) => `${kind} ${field} ${image}`);
    assert.deepEqual(listed(driver), [
      "Sidecar spec.driver.sidecars[1].image s:1",
      "Init spec.driver.initContainers[0].image n:1",
      "Volume spec.volumes[0].image.reference v:1",
    ]);
    assert.deepEqual(listed(executor), [
      "Volume spec.volumes[0].image.reference v:1",
      "Sidecar spec.executor.template.spec.containers[0].image t:1",
      "Init spec.executor.template.spec.initContainers[0].image t:2",
      "Volume spec.executor.template.spec.volumes[0].image.reference t:3",
    ]);
  });
});

describe("which applications are looked at", () => {
  const object = application(KUBEFLOW, { image: "i:1" }, { labels: { a: "b" } });
  const before = application(KUBEFLOW, { image: "i:1", suspend: true });
  const skipped: readonly (readonly [string, object, string])[] = [
    ["a mutating webhook is asked", { admission: "mutating" }, "operation"],
    ["it is deleted", { operation: "DELETE" }, "operation"],
    ["its status is updated", { operation: "UPDATE", subResource: "status" }, "sub-resource"],
    [
      "only labels and suspend change",
      { operation: "UPDATE", oldObject: before },
      "spec-unchanged",
    ],
    ["its version is unknown", { version: "v1beta1" }, "other-kind"],
    ["its group is somebody else's", { group: "example.com" }, "other-kind"],
  ];
  for (const [when, overrides, reason] of skipped) {
    it(`not where ${when}`, () => {
      const recognition = recognize(admittedApplication(object, overrides));
      assert.deepEqual(recognition, { kind: "skipped", reason });
    });
  }

  for (const oldObject of [application(KUBEFLOW, { image: "i:2" }), null, {}, undefined]) {
    it(`where an UPDATE changes the spec of ${JSON.stringify(oldObject)}`, () => {
      const recognition = recognize(
        admittedApplication(object, { operation: "UPDATE", oldObject }),
      );
      assert.equal(recognition.kind, "application");
      assert.equal(recognition.facets[0].stage, "update");
    });
  }
});

describe("what cannot be read in an application", () => {
  it("is a conf of more keys than are read: refused with the field, not let go", () => {
    const keys = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_none, index) => [`spark.k${index}`, "1"]));
    const [kind = ["", ""]] = EVERY_KIND;
    const of = (count: number) =>
      recognize(admittedApplication(application(kind, { sparkConf: keys(count) })));
    assert.equal(of(9_000).kind, "application");
    const refused = of(10_001);
    assert.equal(refused.kind, "malformed");
    assert.equal(refused.errors[0]?.path, "spec.sparkConf");
    assert.match(refused.errors[0].message, /at most 10000 are read/);
  });

  for (const kind of EVERY_KIND) {
    it(`is told where there is no spec: ${kind.join(" ")}`, () => {
      for (const spec of [undefined, null, "x", 1, []]) {
        assert.deepEqual(recognize(admittedApplication(application(kind, spec))), {
          ...{ kind: "malformed", surface: "application", role: undefined },
          errors: [{ path: "spec", message: "must be object" }],
        });
      }
    });

    it(`is not there where a field is of another type: ${kind.join(" ")}`, () => {
      for (const wrong of [null, 0, true, "x", [], [null], {}, { a: null }, [[{}]]]) {
        const role = {
          template: wrong,
          labels: wrong,
          sidecars: wrong,
          secrets: wrong,
          memory: wrong,
        };
        const spec = {
          ...{ sparkConf: wrong, hadoopConf: wrong, image: wrong, deps: wrong, volumes: wrong },
          ...{ driver: wrong, server: wrong, dynamicAllocation: wrong, masterSpec: wrong },
          ...{ executor: role, template: { driver: role, executor: wrong } },
          ...{ driverSpec: { podTemplateSpec: wrong }, executorSpec: wrong, workerSpec: role },
        };
        const facets = facetsOf(kind, spec, { labels: wrong, annotations: wrong });
        for (const { conf, labels } of facets) {
          assert.ok(
            Object.values({ ...conf.toRecord(), ...labels }).every(
              (text) => typeof text === "string",
            ),
          );
        }
      }
    });
  }

  it("may have keys by which JavaScript would stumble", () => {
    const spec = JSON.parse(
      '{"driver":{"labels":{"__proto__":"x"}},"sparkConf":{"__proto__":"y","spark.constructor":"z"}}',
    ) as unknown;
    const [{ labels, conf }] = facetsOf(KUBEFLOW, spec);
    assert.equal(Object.hasOwn(labels, "__proto__"), true);
    assert.equal(conf.raw("spark.constructor"), "z");
  });
});

describe("what Sparkgate itself writes", () => {
  const KEY = "spark.kubernetes.executor.annotation.sparkgate.io/app";
  for (const [kind, spec, field] of [
    [
      KUBEFLOW,
      { executor: { annotations: { "sparkgate.io/app": "{}" } } },
      "spec.executor.annotations[sparkgate.io/app]",
    ],
    [APACHE, { sparkConf: { [KEY]: "{}" } }, `spec.sparkConf[${KEY}]`],
    [SCHEDULED, { template: { sparkConf: { [KEY]: "{}" } } }, `spec.template.sparkConf[${KEY}]`],
  ] as const) {
    it(`is not to be written into ${field}`, () => {
      assert.deepEqual(recognize(admittedApplication(application(kind, spec))), {
        kind: "malformed",
        surface: "application",
        role: undefined,
        errors: [{ path: field, message: `sets ${KEY}, which is Sparkgate's own: leave it out` }],
      });
    });
  }
});
