import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { recognize } from "../../../src/spark/recognize.ts";
import { admitted, driverPod, executorPod } from "../../fixtures/pods.ts";

function skipReason(object: unknown, overrides = {}): string | undefined {
  const recognition = recognize(admitted(object, overrides));
  return recognition.kind === "skipped" ? recognition.reason : undefined;
}

describe("recognize: Spark's Pods", () => {
  for (const role of ["driver", "executor", "connect-server"]) {
    it(`takes the label spark-role=${role} at its word`, () => {
      const recognition = recognize(admitted(driverPod({ labels: { "spark-role": role } })));
      assert.equal(recognition.kind, "subject");
      assert.equal(recognition.subject.role, role);
    });
  }

  it("takes the namespace from the request, which is authoritative", () => {
    const pod = driverPod({
      metadata: { namespace: "elsewhere", labels: { "spark-role": "driver" } },
    });
    const recognition = recognize(admitted(pod, { namespace: "team-b" }));
    assert.equal(recognition.kind, "subject");
    assert.equal(recognition.subject.namespace, "team-b");
  });

  it("names a Pod that has only a generateName by its prefix", () => {
    const pod = executorPod("EXECID", {
      metadata: { generateName: "etl-exec-", labels: { "spark-role": "executor" } },
    });
    const named = recognize(admitted({ ...pod, metadata: { ...pod.metadata, name: undefined } }));
    assert.equal(named.kind, "subject");
    assert.equal(named.subject.name, "etl-exec-*");
  });

  it("reads the application's id and name from Spark's labels", () => {
    const recognition = recognize(admitted(driverPod()));
    assert.equal(recognition.kind, "subject");
    assert.deepEqual(recognition.subject.application, {
      id: "spark-7f3a",
      name: "etl",
      operatorApp: undefined,
    });
  });

  it("knows no application where the labels do not say it", () => {
    const pod = driverPod({ metadata: { labels: { "spark-role": "driver" } } });
    const recognition = recognize(admitted(pod));
    assert.equal(recognition.kind, "subject");
    assert.deepEqual(recognition.subject.application, {
      id: undefined,
      name: undefined,
      operatorApp: undefined,
    });
  });
});

describe("recognize: what is let go", () => {
  const cases: readonly (readonly [string, string, unknown, Readonly<Record<string, string>>])[] = [
    ["a Pod without Spark's label", "not-spark", { metadata: { labels: { app: "nginx" } } }, {}],
    ["a Pod without labels", "not-spark", { metadata: {} }, {}],
    ["a Pod with null labels", "not-spark", { metadata: { labels: null } }, {}],
    ["a Pod without metadata", "not-spark", { spec: {} }, {}],
    [
      "a worker of standalone mode",
      "unknown-role",
      driverPod({ labels: { "spark-role": "worker" } }),
      {},
    ],
    ["a role in capitals", "unknown-role", driverPod({ labels: { "spark-role": "Driver" } }), {}],
    [
      "a role named constructor",
      "unknown-role",
      driverPod({ labels: { "spark-role": "constructor" } }),
      {},
    ],
    [
      "a role named __proto__",
      "unknown-role",
      driverPod({ labels: { "spark-role": "__proto__" } }),
      {},
    ],
    ["an empty role", "unknown-role", driverPod({ labels: { "spark-role": "" } }), {}],
    ["an update", "operation", driverPod(), { operation: "UPDATE" }],
    ["a deletion", "operation", null, { operation: "DELETE" }],
    ["a resize", "sub-resource", driverPod(), { subResource: "resize" }],
    ["an ephemeral container", "sub-resource", driverPod(), { subResource: "ephemeralcontainers" }],
    ["another kind", "other-kind", driverPod(), { kind: "Secret" }],
    ["a ConfigMap", "not-a-conf", driverPod(), { kind: "ConfigMap" }],
    ["a Pod of another group", "other-kind", driverPod(), { group: "example.com" }],
    [
      "a mirror Pod",
      "mirror-pod",
      driverPod({
        metadata: {
          labels: { "spark-role": "driver" },
          annotations: { "kubernetes.io/config.mirror": "" },
        },
      }),
      {},
    ],
  ];
  for (const [what, reason, object, overrides] of cases) {
    it(`lets ${what} go as ${reason}`, () => {
      assert.equal(skipReason(object, overrides), reason);
    });
  }

  it("is not fooled by a role that only an inherited label could give", () => {
    const labels: unknown = JSON.parse('{"__proto__": {"spark-role": "driver"}}');
    assert.equal(skipReason({ metadata: { labels } }), "not-spark");
  });
});

describe("recognize: what cannot be read", () => {
  const unreadable: readonly (readonly [string, unknown])[] = [
    ["no object", null],
    ["a text", "driver"],
    ["a list", [driverPod()]],
    ["labels that are a text", { metadata: { labels: "spark-role=driver" } }],
    ["labels that are a list", { metadata: { labels: [{ "spark-role": "driver" }] } }],
    ["metadata that is a list", { metadata: [{ labels: { "spark-role": "driver" } }] }],
    ["metadata that is a text", { metadata: "spark-role=driver" }],
    ["a role that is a list", { metadata: { labels: { "spark-role": ["driver"] } } }],
    ["a role that is a number", { metadata: { labels: { "spark-role": 1 } } }],
  ];
  for (const [what, object] of unreadable) {
    it(`finds ${what} malformed, since a role may hide in it`, () => {
      const recognition = recognize(admitted(object));
      assert.equal(recognition.kind, "malformed");
      assert.equal(recognition.role, undefined);
      assert.equal(recognition.errors.length, 1);
    });
  }

  it("still knows the role of a Pod whose containers are no list", () => {
    const pod = { ...executorPod(1), spec: { containers: { image: "spark" } } };
    const recognition = recognize(admitted(pod));
    assert.equal(recognition.kind, "malformed");
    assert.equal(recognition.role, "executor");
    assert.deepEqual(recognition.errors, [
      { path: "spec.containers", message: "must be array, is object" },
    ]);
  });
});
