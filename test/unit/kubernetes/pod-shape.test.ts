import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isPod, podShapeErrors } from "../../../src/kubernetes/pod-shape.ts";

const driver = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "etl-driver",
    namespace: "team",
    labels: { "spark-role": "driver", ["__proto__"]: "x", constructor: "y" },
    annotations: null,
    ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "x", uid: "u", controller: true }],
    managedFields: [{ anything: 1 }],
  },
  spec: {
    containers: [
      {
        name: "spark-kubernetes-driver",
        image: "spark:4",
        args: ["driver"],
        env: [
          { name: "A" },
          { name: "B", value: null },
          { name: "C", valueFrom: { fieldRef: {} } },
        ],
        resources: { requests: { cpu: 1, memory: "1408Mi" }, limits: null },
        volumeMounts: [{ name: "spark-local-dir-1", mountPath: "/var/data" }],
        futureField: [],
      },
    ],
    initContainers: null,
    volumes: [
      { name: "spark-local-dir-1", emptyDir: {} },
      { name: "conf", configMap: { name: "c" } },
    ],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] },
            {},
          ],
        },
      },
    },
    tolerations: [{ operator: "Exists", tolerationSeconds: 300 }],
    terminationGracePeriodSeconds: 30,
  },
};

describe("podShapeErrors", () => {
  const accepted: readonly (readonly [string, unknown])[] = [
    ["a driver", driver],
    ["an empty object", {}],
    ["null in place of parts", { metadata: null, spec: null }],
    ["no containers", { spec: {} }],
  ];
  for (const [name, value] of accepted) {
    it(`accepts ${name}`, () => {
      assert.deepEqual(podShapeErrors(value), []);
      assert.equal(isPod(value), true);
    });
  }

  const env = [{ name: "A" }, { name: "B" }, { value: "c" }];
  const refused: readonly (readonly [unknown, path: string, message: string])[] = [
    [null, "", "must be object, is null"],
    [[], "", "must be object, is array"],
    ["pod", "", "must be object, is string"],
    [{ metadata: [] }, "metadata", "must be object, is array"],
    [{ metadata: { labels: ["a"] } }, "metadata.labels", "must be object, is array"],
    [
      { metadata: { labels: { "a.b/c": 1 } } },
      "metadata.labels[a.b/c]",
      "must be string, is number",
    ],
    [{ metadata: { labels: { "0": null } } }, "metadata.labels[0]", "must be string, is null"],
    [
      JSON.parse('{"metadata":{"annotations":{"__proto__":{}}}}'),
      "metadata.annotations[__proto__]",
      "must be string, is object",
    ],
    [
      { spec: { nodeSelector: { pool: true } } },
      "spec.nodeSelector[pool]",
      "must be string, is boolean",
    ],
    [{ spec: { containers: {} } }, "spec.containers", "must be array, is object"],
    [{ spec: { containers: [null] } }, "spec.containers[0]", "must be object, is null"],
    [{ spec: { containers: [{}] } }, "spec.containers[0].name", "is required"],
    [
      { spec: { containers: [{ name: "a", env }] } },
      "spec.containers[0].env[2].name",
      "is required",
    ],
    [
      { spec: { containers: [{ name: "a", resources: { limits: { cpu: [] } } }] } },
      "spec.containers[0].resources.limits[cpu]",
      "must be string or number, is array",
    ],
    [{ spec: { volumes: [{ name: 1 }] } }, "spec.volumes[0].name", "must be string, is number"],
    [
      { spec: { terminationGracePeriodSeconds: 1.5 } },
      "spec.terminationGracePeriodSeconds",
      "must be integer, is number",
    ],
    [
      {
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  { matchExpressions: [{ key: "a", operator: "In", values: [1] }] },
                ],
              },
            },
          },
        },
      },
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[0]",
      "must be string, is number",
    ],
  ];
  for (const [value, path, message] of refused) {
    it(`says of ${JSON.stringify(value)}: ${path} ${message}`, () => {
      assert.deepEqual(podShapeErrors(value), [{ path, message }]);
      assert.equal(isPod(value), false);
    });
  }

  it("keeps a path short whatever the key", () => {
    const [error] = podShapeErrors({ metadata: { labels: { ["k".repeat(1_000_000)]: 1 } } });
    assert.ok(error);
    assert.ok(error.path.length < 200);
  });

  it("stands a hundred thousand labels, right or wrong, and deep garbage", () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}`);
    const labels = Object.fromEntries(keys.map((key) => [key, "v"]));
    const wrong = Object.fromEntries(keys.map((key) => [key, 1]));
    const deep: unknown = JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`);
    assert.equal(isPod({ metadata: { labels } }), true);
    assert.equal(podShapeErrors({ metadata: { labels: wrong } }).length, 1);
    assert.equal(isPod({ spec: { volumes: [{ name: "a", ephemeral: { deep } }] } }), true);
    assert.equal(isPod({ spec: { containers: deep } }), false);
  });
});
