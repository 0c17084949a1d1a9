import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Container } from "../../../src/kubernetes/pod.ts";
import { sparkContainerIndex } from "../../../src/spark/container.ts";
import type { Role } from "../../../src/spark/role.ts";

const sidecar: Container = { name: "logs", image: "fluent-bit:3", args: ["-c", "driver.conf"] };
const mesh: Container = { name: "istio-proxy", env: [{ name: "SPARK_USER", value: "root" }] };

describe("sparkContainerIndex", () => {
  const cases: readonly (readonly [string, Role, readonly Container[], number | undefined])[] = [
    ["the driver behind a sidecar", "driver", [sidecar, { name: "spark-kubernetes-driver" }], 1],
    [
      "the driver under a name from the pod template, by its argument",
      "driver",
      [sidecar, { name: "main", args: ["driver", "--class", "X"] }, mesh],
      1,
    ],
    [
      "the driver under a name from the pod template, by a variable of Spark's",
      "driver",
      [sidecar, { name: "main", env: [{ name: "SPARK_DRIVER_BIND_ADDRESS" }] }, mesh],
      1,
    ],
    [
      "a connect-server as a driver",
      "connect-server",
      [sidecar, { name: "x", args: ["driver"] }],
      1,
    ],
    ["the executor by its argument", "executor", [{ name: "x", args: ["executor"] }, sidecar], 0],
    [
      "the executor by its id's variable",
      "executor",
      [sidecar, { name: "x", env: [{ name: "SPARK_EXECUTOR_ID", value: "1" }] }, mesh],
      1,
    ],
    ["the executor by Spark 2's name", "executor", [sidecar, { name: "executor" }, mesh], 1],
    [
      "the one with Spark's argument rather than one that took Spark's name",
      "driver",
      [{ name: "spark-kubernetes-driver" }, { name: "main", args: ["driver"] }],
      1,
    ],
    ["the last one where nothing tells, since Spark appends its own", "driver", [sidecar, mesh], 1],
    [
      "no executor by a driver's signs",
      "executor",
      [{ name: "spark-kubernetes-driver", args: ["driver"] }, { name: "executor" }],
      1,
    ],
    ["nothing in a Pod without containers", "driver", [], undefined],
  ];
  for (const [what, role, containers, expected] of cases) {
    it(`finds ${what}`, () => {
      assert.equal(sparkContainerIndex({ spec: { containers } }, role), expected);
    });
  }

  it("copes with null wherever a Pod may have it", () => {
    const containers = [{ name: "a", args: null, env: null }];
    assert.equal(sparkContainerIndex({ spec: { containers } }, "driver"), 0);
    assert.equal(sparkContainerIndex({ spec: { containers: null } }, "driver"), undefined);
    assert.equal(sparkContainerIndex({ spec: null }, "driver"), undefined);
  });
});
