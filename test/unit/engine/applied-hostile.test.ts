// What a user may have brought, and what must not be kept: mutation testing found nobody asking.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { APPLIED_ANNOTATION, readApplied } from "../../../src/engine/applied.ts";
import type { Draft } from "../../../src/engine/draft.ts";
import { decided } from "../../fixtures/decided.ts";
import { driverPod } from "../../fixtures/pods.ts";
import { fakePolicy } from "../../fixtures/policies.ts";
import { createPolicySet } from "../../../src/engine/policy-set.ts";

/** What is written down of what a policy does to a driver that has more containers than ten. */
function recorded(change: (draft: Draft) => void): unknown {
  const policy = fakePolicy("p", {
    mutate: (draft) => {
      change(draft);
      return { summary: "changed", replaced: [], kept: [] };
    },
  });
  const containers = Array.from({ length: 12 }, (_none, index) => ({
    name: `c${index}`,
    env: [{ name: "A", value: "hunter2" }],
  }));
  const pod = driverPod({ spec: { ...driverPod().spec, containers } });
  const { enforced } = decided(createPolicySet([policy], "0"), pod);
  const text = enforced.pod.metadata?.annotations?.[APPLIED_ANNOTATION];
  assert.doesNotMatch(String(text), /hunter2/);
  return readApplied(text)?.policies["p"];
}

describe("sparkgate.io/applied", () => {
  for (const path of [
    ["spec", "containers", 3],
    ["spec", "containers", 11],
    ["spec", "containers"],
    ["spec"],
    ["spec", "containers", 11, "env", 0, "value"],
  ] as const) {
    it(`keeps nothing of what was at /${path.join("/")}`, () => {
      assert.deepEqual(
        recorded((draft) => {
          draft.set(path, "x");
        }),
        [{ path: `/${path.join("/")}` }],
      );
    });
  }

  it("keeps a former value of 4,096 characters, and of longer ones that there was one", () => {
    const write = (length: number) =>
      recorded((draft) => {
        draft.append(["spec", "tolerations"], ["t".repeat(length)]);
      });
    const room = 4096 - JSON.stringify([undefined, [""]]).length;
    const path = "/spec/tolerations";
    assert.deepEqual(write(room), [{ path, added: ["t".repeat(room)] }]);
    assert.deepEqual(write(room + 1), [{ path, added: ["(too long to keep)"] }]);
  });

  for (const text of [
    "",
    "{",
    "null",
    '{"v":2,"policies":{}}',
    '{"v":1,"policies":[]}',
    '{"v":1,"policies":{"p":{}}}',
    '{"v":1,"policies":{"p":[{"path":"/a"},{"path":1}]}}',
    '{"v":1,"policies":{"p":[{"path":"/a","added":"x"}]}}',
    '{"v":1,"policies":{"p":[{"path":"/a"}],"q":1}}',
  ]) {
    it(`is not read from ${text || "an empty text"}`, () => {
      assert.equal(readApplied(text), undefined);
    });
  }

  it("tells each of several appends to one list", () => {
    assert.deepEqual(
      recorded((draft) => {
        draft.append(["spec", "tolerations"], [{ key: "a" }]);
        draft.append(["spec", "tolerations"], [{ key: "b" }]);
        draft.set(["spec", "tolerations"], []);
      }),
      [
        { path: "/spec/tolerations", added: [{ key: "a" }] },
        { path: "/spec/tolerations", added: [{ key: "b" }] },
        {
          path: "/spec/tolerations",
          was: [
            { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
            { key: "a" },
            { key: "b" },
          ],
        },
      ],
    );
  });
});
