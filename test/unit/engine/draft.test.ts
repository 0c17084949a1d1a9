import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Draft, pointer, type Path } from "../../../src/engine/draft.ts";
import type { Pod } from "../../../src/kubernetes/pod.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";

function draftOf(pod: Pod): Draft {
  return new Draft(deepFreeze(pod));
}

describe("pointer", () => {
  const cases: readonly (readonly [Path, string])[] = [
    [[], ""],
    [["spec", "containers", 0, "image"], "/spec/containers/0/image"],
    [
      ["metadata", "labels", "karpenter.sh/capacity-type"],
      "/metadata/labels/karpenter.sh~1capacity-type",
    ],
    [["a~b", "c/~d"], "/a~0b/c~1~0d"],
    [["~1"], "/~01"],
    [[""], "/"],
  ];
  for (const [path, expected] of cases) {
    it(`writes ${JSON.stringify(path)} as ${expected}`, () => {
      assert.equal(pointer(path), expected);
    });
  }
});

describe("Draft.set", () => {
  it("replaces what is there and remembers what it was", () => {
    const draft = draftOf({ spec: { schedulerName: "a" } });
    const mark = draft.mark();
    draft.set(["spec", "schedulerName"], "b");
    assert.deepEqual(draft.pod, { spec: { schedulerName: "b" } });
    assert.deepEqual(draft.operations, [
      { op: "replace", path: "/spec/schedulerName", value: "b" },
    ]);
    assert.deepEqual(draft.changesSince(mark), [{ path: "/spec/schedulerName", was: "a" }]);
  });

  it("adds the whole missing branch at once, since add needs its parent", () => {
    const draft = draftOf({ spec: {} });
    draft.set(["spec", "affinity", "nodeAffinity", "x"], 1);
    assert.deepEqual(draft.operations, [
      { op: "add", path: "/spec/affinity", value: { nodeAffinity: { x: 1 } } },
    ]);
    assert.deepEqual(draft.pod, { spec: { affinity: { nodeAffinity: { x: 1 } } } });
  });

  it("takes null for missing, at the end of the path and on the way", () => {
    const draft = draftOf({ metadata: { annotations: null }, spec: { nodeName: null } });
    draft.set(["metadata", "annotations", "a/b"], "c");
    draft.set(["spec", "nodeName"], "n");
    assert.deepEqual(draft.operations, [
      { op: "add", path: "/metadata/annotations", value: { "a/b": "c" } },
      { op: "add", path: "/spec/nodeName", value: "n" },
    ]);
    assert.deepEqual(draft.pod, {
      metadata: { annotations: { "a/b": "c" } },
      spec: { nodeName: "n" },
    });
  });

  it("does nothing where it is so already, however deep", () => {
    const draft = draftOf({ spec: { tolerations: [{ key: "a" }] } });
    draft.set(["spec", "tolerations"], [{ key: "a" }]);
    assert.deepEqual(draft.operations, []);
  });

  it("reaches into lists", () => {
    const draft = draftOf({ spec: { containers: [{ name: "a" }, { name: "b", image: "x" }] } });
    draft.set(["spec", "containers", 1, "image"], "y");
    assert.deepEqual(draft.pod.spec?.containers, [{ name: "a" }, { name: "b", image: "y" }]);
  });

  it("treats __proto__ and constructor as ordinary keys", () => {
    const draft = draftOf({ metadata: { labels: {} } });
    draft.set(["metadata", "labels", "constructor"], "a");
    draft.set(["metadata", "labels", "__proto__"], "b");
    assert.deepEqual(Object.entries(draft.pod.metadata?.labels ?? {}), [
      ["constructor", "a"],
      ["__proto__", "b"],
    ]);
    assert.deepEqual(
      draft.operations.map(({ op }) => op),
      ["add", "add"],
    );
  });
});

describe("Draft: what no patch can do", () => {
  const impossible: readonly (readonly [string, Path])[] = [
    ["a field of a text", ["spec", "nodeName", "x"]],
    ["a field of a number", ["spec", "terminationGracePeriodSeconds", "x", "y"]],
    ["a named field of a list", ["spec", "containers", "image"]],
    ["an element far behind the end of a list", ["spec", "containers", 7, "image"]],
    ["an element before the beginning of a list", ["spec", "containers", -1, "image"]],
    ["the length of a list", ["spec", "containers", "length"]],
    ["the whole Pod", []],
  ];
  for (const [what, path] of impossible) {
    it(`refuses to set ${what}, and leaves nothing behind`, () => {
      const pod = {
        spec: { nodeName: "n", terminationGracePeriodSeconds: 1, containers: [{ name: "a" }] },
      };
      const draft = draftOf(pod);
      assert.throws(() => {
        draft.set(path, "value");
      }, TypeError);
      assert.deepEqual(draft.operations, []);
      assert.equal(draft.pod, pod);
    });
  }

  it("refuses to append to what is no list", () => {
    const draft = draftOf({ spec: { nodeSelector: { a: "b" } } });
    assert.throws(() => {
      draft.append(["spec", "nodeSelector"], [1]);
    }, TypeError);
    assert.deepEqual(draft.operations, []);
  });
});

describe("Draft.remove", () => {
  it("removes a field and remembers what it was", () => {
    const draft = draftOf({ spec: { nodeSelector: { "a/b": "c", d: "e" } } });
    const mark = draft.mark();
    draft.remove(["spec", "nodeSelector", "a/b"]);
    assert.deepEqual(draft.pod, { spec: { nodeSelector: { d: "e" } } });
    assert.deepEqual(draft.operations, [{ op: "remove", path: "/spec/nodeSelector/a~1b" }]);
    assert.deepEqual(draft.changesSince(mark), [{ path: "/spec/nodeSelector/a~1b", was: "c" }]);
  });

  it("removes an element of a list", () => {
    const draft = draftOf({ spec: { containers: [{ name: "a" }, { name: "b" }] } });
    draft.remove(["spec", "containers", 0]);
    assert.deepEqual(draft.pod.spec?.containers, [{ name: "b" }]);
  });

  it("leaves what is missing or null alone: the API server refuses to remove nothing", () => {
    const draft = draftOf({ spec: { nodeName: null } });
    draft.remove(["spec", "nodeName"]);
    draft.remove(["spec", "affinity", "nodeAffinity"]);
    draft.remove(["metadata", "labels", "toString"]);
    assert.deepEqual(draft.operations, []);
  });
});

describe("Draft.append", () => {
  it("appends with one operation for each value", () => {
    const draft = draftOf({ spec: { tolerations: [{ key: "a" }] } });
    const mark = draft.mark();
    draft.append(["spec", "tolerations"], [{ key: "b" }, { key: "c" }]);
    assert.deepEqual(draft.operations, [
      { op: "add", path: "/spec/tolerations/-", value: { key: "b" } },
      { op: "add", path: "/spec/tolerations/-", value: { key: "c" } },
    ]);
    assert.deepEqual(draft.pod.spec?.tolerations, [{ key: "a" }, { key: "b" }, { key: "c" }]);
    assert.deepEqual(draft.changesSince(mark), [
      { path: "/spec/tolerations", added: [{ key: "b" }, { key: "c" }] },
    ]);
  });

  for (const [what, spec] of [
    ["missing", {}],
    ["null", { tolerations: null }],
  ] as const) {
    it(`makes a list that is ${what}`, () => {
      const draft = draftOf({ spec });
      draft.append(["spec", "tolerations"], [{ key: "a" }]);
      assert.deepEqual(draft.operations, [
        { op: "add", path: "/spec/tolerations", value: [{ key: "a" }] },
      ]);
    });
  }

  it("does nothing with nothing to append, not even make the list", () => {
    const draft = draftOf({});
    draft.append(["spec", "tolerations"], []);
    assert.deepEqual(draft.operations, []);
  });
});

describe("Draft.rollBack", () => {
  it("undoes everything since the mark and nothing before it", () => {
    const draft = draftOf({ spec: {} });
    draft.set(["spec", "nodeName"], "before");
    const mark = draft.mark();
    draft.set(["spec", "nodeName"], "after");
    draft.append(["spec", "tolerations"], [{ key: "a" }]);
    draft.rollBack(mark);
    assert.deepEqual(draft.pod, { spec: { nodeName: "before" } });
    assert.deepEqual(draft.operations, [{ op: "add", path: "/spec/nodeName", value: "before" }]);
    assert.deepEqual(draft.changesSince(mark), []);
    draft.set(["spec", "nodeName"], "later");
    assert.equal(draft.operations.length, 2);
  });
});

describe("Draft: who speaks for a field", () => {
  it("is the first one, until it is rolled back", () => {
    const draft = new Draft({});
    const mark = draft.mark();
    assert.equal(draft.claim("a"), true);
    assert.equal(draft.claim("a"), false);
    assert.deepEqual(draft.claimsSince(mark), ["a"]);
    draft.rollBack(mark);
    assert.equal(draft.claim("a"), true);
  });
});
