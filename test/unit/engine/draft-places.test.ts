// Places that are none, or nearly: what mutation testing found that no other test asks for.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Draft, type Path } from "../../../src/engine/draft.ts";
import type { Pod } from "../../../src/kubernetes/pod.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";

const pod = deepFreeze({
  metadata: { name: "etl", labels: { "a/b": "x" } },
  spec: { containers: [{ name: "a" }, null], volumes: null },
}) as unknown as Pod;

describe("Draft", () => {
  const none: readonly Path[] = [
    ["metadata", "name", "length"],
    ["metadata", "name", 0],
    ["spec", "containers", "length"],
    ["spec", "containers", "x1"],
    ["spec", "containers", "0x"],
    ["spec", "containers", 2],
    ["spec", "containers", "constructor"],
  ];
  for (const path of none) {
    it(`can set nothing at /${path.join("/")}, and leaves nothing behind`, () => {
      const draft = new Draft(pod);
      assert.throws(() => {
        draft.set(path, "x");
      }, TypeError);
      assert.deepEqual([draft.operations, draft.pod], [[], pod]);
    });

    it(`removes nothing at /${path.join("/")}`, () => {
      const draft = new Draft(pod);
      draft.remove(path);
      assert.deepEqual([draft.operations, draft.pod], [[], pod]);
    });
  }

  it("never removes the object itself", () => {
    const draft = new Draft(pod);
    draft.remove([]);
    assert.deepEqual([draft.operations, draft.pod], [[], pod]);
  });

  it("replaces a null in a list, where add would move those behind it", () => {
    const draft = new Draft(pod);
    draft.set(["spec", "containers", 1, "name"], "b");
    assert.deepEqual(draft.operations, [
      { op: "replace", path: "/spec/containers/1", value: { name: "b" } },
    ]);
    assert.deepEqual(draft.pod.spec?.containers, [{ name: "a" }, { name: "b" }]);
  });

  it("finds the eleventh of a list", () => {
    const names = Array.from({ length: 12 }, (_none, index) => ({ name: `c${index}` }));
    const draft = new Draft({ spec: { containers: names } });
    draft.set(["spec", "containers", 10, "name"], "x");
    assert.deepEqual(draft.operations, [
      { op: "replace", path: "/spec/containers/10/name", value: "x" },
    ]);
  });

  it("tells what was changed, and spoken for, since a mark and not before", () => {
    const draft = new Draft(pod);
    assert.deepEqual(draft.changesSince(draft.mark()), []);
    draft.set(["metadata", "labels", "a/b"], "y");
    assert.ok(draft.claim("capacity"));
    const mark = draft.mark();
    draft.set(["metadata", "annotations", "c"], "z");
    assert.ok(draft.claim("disk") && !draft.claim("capacity"));
    assert.deepEqual(draft.changesSince(mark), [{ path: "/metadata/annotations" }]);
    assert.deepEqual(draft.claimsSince(mark), ["disk"]);
    assert.deepEqual(draft.changesSince({ ...mark, changes: 0 }), [
      { path: "/metadata/labels/a~1b", was: "x" },
      { path: "/metadata/annotations" },
    ]);
    assert.deepEqual(draft.claimsSince({ ...mark, claims: 0 }), ["capacity", "disk"]);
  });
});
