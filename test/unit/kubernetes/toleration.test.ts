import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { missingTolerations } from "../../../src/kubernetes/toleration.ts";
import type { Toleration } from "../../../src/kubernetes/pod.ts";

const spotEqual: Toleration = {
  key: "spot",
  operator: "Equal",
  value: "true",
  effect: "NoSchedule",
};
const spotExists: Toleration = { key: "spot", operator: "Exists" };
const evict: Toleration = { key: "spot", operator: "Exists", effect: "NoExecute" };

describe("missingTolerations: what is covered", () => {
  const cases: readonly (readonly [string, Toleration, Toleration, boolean])[] = [
    ["the same", spotEqual, spotEqual, true],
    [
      "Equal is the default operator",
      { key: "spot", value: "true", effect: "NoSchedule" },
      spotEqual,
      true,
    ],
    ["null and empty are absent", { ...spotExists, effect: null, value: "" }, spotExists, true],
    ["Exists covers every value", spotExists, spotEqual, true],
    ["Equal does not cover Exists", spotEqual, { ...spotExists, effect: "NoSchedule" }, false],
    ["another value", { ...spotEqual, value: "false" }, spotEqual, false],
    ["another key", { ...spotExists, key: "gpu" }, spotExists, false],
    ["no key with Exists covers every key", { operator: "Exists" }, spotEqual, true],
    ["no key with Equal is no wildcard", { value: "true" }, spotEqual, false],
    ["a key does not cover the wildcard", spotExists, { operator: "Exists" }, false],
    ["no effect covers every effect", spotExists, evict, true],
    ["one effect does not cover all", evict, spotExists, false],
    ["another effect", { ...spotEqual, effect: "PreferNoSchedule" }, spotEqual, false],
    [
      "a limited stay does not cover a stay for good",
      { ...evict, tolerationSeconds: 300 },
      evict,
      false,
    ],
    [
      "a limited stay does not cover all effects",
      { ...spotExists, tolerationSeconds: 1 },
      spotExists,
      false,
    ],
    ["a stay for good covers a limited one", evict, { ...evict, tolerationSeconds: 300 }, true],
    [
      "a longer stay covers a shorter one",
      { ...evict, tolerationSeconds: 300 },
      { ...evict, tolerationSeconds: 60 },
      true,
    ],
    [
      "zero seconds is a limit",
      { ...evict, tolerationSeconds: 0 },
      { ...evict, tolerationSeconds: 60 },
      false,
    ],
    [
      "seconds do not matter to NoSchedule",
      { ...spotExists, tolerationSeconds: 1 },
      spotEqual,
      true,
    ],
    [
      "an unknown operator covers itself",
      { ...spotEqual, operator: "Gt" },
      { ...spotEqual, operator: "Gt" },
      true,
    ],
    ["an unknown operator covers nothing else", { ...spotEqual, operator: "Gt" }, spotEqual, false],
  ];
  for (const [name, existing, needed, covered] of cases) {
    it(name, () => {
      assert.equal(missingTolerations([existing], [needed]).length === 0, covered);
    });
  }
});

describe("missingTolerations", () => {
  it("keeps order, drops what is covered, and names each only once", () => {
    assert.deepEqual(
      missingTolerations([spotExists], [spotEqual, { key: "gpu" }, { key: "gpu" }]),
      [{ key: "gpu" }],
    );
  });

  it("needs all where a Pod has none", () => {
    for (const existing of [undefined, null, []]) {
      assert.deepEqual(missingTolerations(existing, [spotEqual, evict]), [spotEqual, evict]);
    }
    assert.deepEqual(missingTolerations(null, []), []);
  });
});
