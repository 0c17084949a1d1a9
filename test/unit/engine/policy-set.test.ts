import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createPolicySet } from "../../../src/engine/policy-set.ts";
import type { CompiledPolicy } from "../../../src/engine/policy.ts";
import { fakePolicy, policySet, policyText } from "../../fixtures/policies.ts";

const names = (policies: readonly CompiledPolicy[]) => policies.map(({ name }) => name);

describe("the policies that may speak of an object", () => {
  const set = createPolicySet(
    [
      fakePolicy("everywhere"),
      fakePolicy("drivers", { roles: ["driver"] }),
      fakePolicy("in-a", { inNamespace: (namespace) => namespace === "a", priority: 1 }),
      fakePolicy("not-in-a", { inNamespace: (namespace) => namespace !== "a" }),
    ],
    "digest",
  );

  it("are those of its role and namespace, in turn", () => {
    assert.deepEqual(names(set.candidates("pod", "driver", "a")), [
      "in-a",
      "drivers",
      "everywhere",
    ]);
    assert.deepEqual(names(set.candidates("pod", "executor", "a")), ["in-a", "everywhere"]);
    assert.deepEqual(names(set.candidates("pod", "executor", "b")), ["everywhere", "not-in-a"]);
  });

  it("are the same when they are asked for again, and after more namespaces than are remembered", () => {
    for (let round = 0; round < 2; round++) {
      for (let namespace = 0; namespace < 2500; namespace++) {
        const found = set.candidates("pod", "executor", `n-${namespace}`);
        assert.deepEqual(names(found), ["everywhere", "not-in-a"]);
      }
    }
    assert.deepEqual(names(set.candidates("pod", "executor", "a")), ["in-a", "everywhere"]);
  });

  it("are found for a namespace that nobody could have", () => {
    const long = "n".repeat(1_000_000);
    assert.deepEqual(names(set.candidates("pod", "executor", long)), ["everywhere", "not-in-a"]);
  });

  it("are not looked for by a namespace that is the name of something that objects inherit", () => {
    for (const namespace of ["__proto__", "constructor", "toString"]) {
      assert.deepEqual(names(set.candidates("pod", "executor", namespace)), [
        "everywhere",
        "not-in-a",
      ]);
    }
  });

  it("leave out only what `match.namespaces` does", () => {
    const compiled = policySet([
      policyText("glob", { match: { namespaces: ["team-*", "ads"] }, images: {} }),
      policyText("selector", {
        match: { namespaceSelector: { matchLabels: { a: "b" } } },
        images: {},
      }),
      policyText("excluded", { exclude: { namespaces: ["team-*"] }, images: {} }),
    ]);
    assert.deepEqual(names(compiled.candidates("pod", "driver", "team-a")), [
      "excluded",
      "glob",
      "selector",
    ]);
    assert.deepEqual(names(compiled.candidates("pod", "driver", "ads")), [
      "excluded",
      "glob",
      "selector",
    ]);
    assert.deepEqual(names(compiled.candidates("pod", "driver", "risk")), ["excluded", "selector"]);
  });
});
