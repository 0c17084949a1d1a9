import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  impliesTerms,
  matchesNode,
  mentionsKeys,
  restrictTo,
  stripKeys,
  unionTerms,
} from "../../../src/kubernetes/node-affinity.ts";
import type { NodeSelectorRequirement, NodeSelectorTerm } from "../../../src/kubernetes/pod.ts";

const capacity = "karpenter.sh/capacity-type";

function on(key: string, operator: string, ...values: readonly string[]): NodeSelectorRequirement {
  return { key, operator, ...(values.length > 0 ? { values } : {}) };
}

function all(...matchExpressions: readonly NodeSelectorRequirement[]): NodeSelectorTerm {
  return { matchExpressions };
}

const spot = all(on(capacity, "In", "spot"));
const onDemand = all(on(capacity, "In", "on-demand"));
const zoneA = on("zone", "In", "a");
const zoneB = on("zone", "In", "b");
const byName: NodeSelectorTerm = { matchFields: [on("metadata.name", "In", "node-1")] };

describe("matchesNode", () => {
  const labels = { zone: "a", size: "16", cpu: "many", ["__proto__"]: "x" };
  const cases: readonly (readonly [NodeSelectorRequirement, boolean])[] = [
    [on("zone", "In", "b", "a"), true],
    [on("zone", "In", "b"), false],
    [on("absent", "In", ""), false],
    [on("zone", "NotIn", "b"), true],
    [on("zone", "NotIn", "a"), false],
    [on("absent", "NotIn", "a"), true],
    [on("zone", "Exists"), true],
    [on("absent", "Exists"), false],
    [on("absent", "DoesNotExist"), true],
    [on("zone", "DoesNotExist"), false],
    [on("size", "Gt", "15"), true],
    [on("size", "Gt", "16"), false],
    [on("size", "Gt", "9"), true],
    [on("size", "Lt", "100"), true],
    [on("size", "Lt", "16"), false],
    [on("size", "Gt", "-1"), true],
    [on("cpu", "Gt", "1"), false],
    [on("absent", "Lt", "1"), false],
    [on("__proto__", "In", "x"), true],
    [on("constructor", "Exists"), false],
    [on("toString", "DoesNotExist"), true],
    // What the scheduler cannot parse matches nothing, also where it is a negation.
    [on("zone", "In"), false],
    [on("zone", "NotIn"), false],
    [on("zone", "Exists", "a"), false],
    [on("size", "Gt", "1", "2"), false],
    [on("size", "Gt", "1.5"), false],
    [on("size", "Lt", "99999999999999999999"), false],
    [on("zone", "SemverGt", "1"), false],
    // The bounds of an int64 are numbers, and what is beyond is none.
    [on("size", "Lt", "9223372036854775807"), true],
    [on("size", "Lt", "9223372036854775808"), false],
    [on("size", "Gt", "-9223372036854775808"), true],
    [on("size", "Gt", "-9223372036854775809"), false],
    [on("size", "Lt", "17".padStart(63, "0")), true],
  ];
  for (const [requirement, matches] of cases) {
    it(`${JSON.stringify(requirement)} ${matches ? "matches" : "does not match"}`, () => {
      assert.equal(matchesNode([all(requirement)], { labels }), matches);
    });
  }

  it("needs one term, and all of it", () => {
    const node = { labels: { zone: "a" } };
    assert.equal(matchesNode([all(zoneB), all(zoneA)], node), true);
    assert.equal(matchesNode([all(zoneA, zoneB)], node), false);
    assert.equal(matchesNode([], node), false);
  });

  it("matches no node by an empty term", () => {
    for (const term of [
      {},
      { matchExpressions: [] },
      { matchExpressions: null, matchFields: [] },
    ]) {
      assert.equal(matchesNode([term], { name: "n", labels: { zone: "a" } }), false);
    }
  });

  it("knows one field, and takes one value for it", () => {
    const node = { name: "node-1", labels: null };
    const field = (...requirement: readonly NodeSelectorRequirement[]): boolean =>
      matchesNode([{ matchFields: requirement }], node);
    assert.equal(matchesNode([byName], node), true);
    assert.equal(matchesNode([{ ...byName, ...spot }], node), false);
    assert.equal(field(on("metadata.name", "NotIn", "node-2")), true);
    assert.equal(field(on("metadata.name", "In", "node-1", "node-2")), false);
    assert.equal(field(on("metadata.name", "Exists")), false);
    assert.equal(field(on("metadata.namespace", "In", "node-1")), false);
  });

  it("does not look at the fields of a node without a name", () => {
    for (const node of [{ labels: null }, { name: "", labels: null }]) {
      assert.equal(matchesNode([byName], node), true);
      assert.equal(matchesNode([{ matchFields: [on("metadata.name", "In")] }], node), false);
    }
  });
});

describe("impliesTerms", () => {
  const cases: readonly (readonly [NodeSelectorRequirement, NodeSelectorRequirement, boolean])[] = [
    [on("k", "In", "a"), on("k", "In", "b", "a"), true],
    [on("k", "In", "a", "b"), on("k", "In", "a"), false],
    [on("k", "In", "a"), on("other", "In", "a"), false],
    [on("k", "In", "a"), on("k", "NotIn", "b", "c"), true],
    [on("k", "In", "a"), on("k", "NotIn", "a"), false],
    [on("k", "In", "a"), on("k", "Exists"), true],
    [on("k", "In", "a"), on("k", "DoesNotExist"), false],
    [on("k", "In", "6", "10"), on("k", "Gt", "5"), true],
    [on("k", "In", "6", "x"), on("k", "Gt", "5"), false],
    [on("k", "In", "6"), on("k", "Lt", "10"), true],
    [on("k", "DoesNotExist"), on("k", "NotIn", "a"), true],
    [on("k", "DoesNotExist"), on("k", "DoesNotExist"), true],
    [on("k", "DoesNotExist"), on("k", "Exists"), false],
    [on("k", "NotIn", "a", "b"), on("k", "NotIn", "b"), true],
    [on("k", "NotIn", "b"), on("k", "NotIn", "a", "b"), false],
    [on("k", "NotIn", "a"), on("k", "NotIn", "a", "b"), false],
    [on("k", "NotIn", "a"), on("k", "Exists"), false],
    [on("k", "Exists"), on("k", "Exists"), true],
    [on("k", "Exists"), on("k", "NotIn", "a"), false],
    [on("k", "Gt", "9"), on("k", "Gt", "10"), false],
    [on("k", "Gt", "10"), on("k", "Gt", "9"), true],
    [on("k", "Gt", "10"), on("k", "Gt", "010"), true],
    [on("k", "Lt", "9"), on("k", "Lt", "10"), true],
    [on("k", "Lt", "10"), on("k", "Lt", "9"), false],
    [on("k", "Lt", "9"), on("k", "Gt", "1"), false],
    [on("k", "Gt", "9"), on("k", "Exists"), true],
    [on("k", "Gt", "9"), on("k", "NotIn", "9", "x"), true],
    [on("k", "Gt", "9"), on("k", "NotIn", "10"), false],
    [on("k", "Gt", "9"), on("k", "NotIn", "9", "10"), false],
    [on("k", "In"), on("other", "Exists"), true],
    [on("k", "Exists"), on("k", "NotIn"), false],
    [on("k", "Future", "a"), on("k", "Future", "a"), true],
    [on("k", "Future", "a"), on("k", "Exists"), false],
  ];
  for (const [have, want, implied] of cases) {
    it(`${JSON.stringify(have)} ${implied ? "implies" : "does not imply"} ${JSON.stringify(want)}`, () => {
      assert.equal(impliesTerms([all(have)], [all(want)]), implied);
    });
  }

  it("asks every term of the one, and some term of the other", () => {
    assert.equal(impliesTerms([all(zoneA), all(zoneB)], [all(zoneB), all(zoneA)]), true);
    assert.equal(impliesTerms([spot, all(zoneA)], [spot]), false);
    assert.equal(impliesTerms([all(zoneA, on(capacity, "In", "spot"))], [spot]), true);
    assert.equal(impliesTerms([spot], [all(zoneA, on(capacity, "In", "spot"))]), false);
  });

  it("skips empty terms, and never takes one for a wish", () => {
    assert.equal(impliesTerms([{}, spot], [spot]), true);
    assert.equal(impliesTerms([spot], [{}]), false);
  });

  it("does not take a field for a label", () => {
    const label = all(on("metadata.name", "In", "node-1"));
    assert.equal(impliesTerms([byName], [label]), false);
    assert.equal(impliesTerms([label], [byName]), false);
    assert.equal(impliesTerms([{ ...byName, ...spot }], [byName]), true);
    assert.equal(
      impliesTerms([byName], [{ matchFields: [on("metadata.name", "NotIn", "x")] }]),
      true,
    );
    assert.equal(impliesTerms([byName], [{ matchFields: [on("metadata.name", "Exists")] }]), false);
  });

  it("tells fields apart, and takes one that cannot be read for nothing but itself", () => {
    const field = (key: string, operator: string): NodeSelectorTerm => ({
      matchFields: [on(key, operator, "node-1")],
    });
    assert.equal(impliesTerms([byName], [field("metadata.namespace", "In")]), false);
    const future = field("metadata.name", "Future");
    assert.equal(impliesTerms([future], [future]), true);
    assert.equal(impliesTerms([future], [byName]), false);
  });
});

describe("stripKeys", () => {
  it("tells a term that lost all it had from one that was empty", () => {
    assert.deepEqual(
      stripKeys([spot, {}, all(zoneA, on(capacity, "Exists")), all(zoneB)], [capacity]),
      ["every-node", {}, all(zoneA), all(zoneB)],
    );
  });

  it("keeps fields, and speaks of labels only", () => {
    assert.deepEqual(stripKeys([{ ...spot, ...byName }], [capacity, "metadata.name"]), [byName]);
    assert.deepEqual(stripKeys([byName], ["metadata.name"]), [byName]);
  });
});

describe("restrictTo", () => {
  const wantedSpot = on(capacity, "In", "spot");
  const keys = [capacity];

  it("is what is wanted where the user has no terms", () => {
    for (const none of [undefined, null, []])
      assert.deepEqual(restrictTo(none, keys, [spot]), [spot]);
  });

  it("adds to each of the user's terms, for one more term would widen", () => {
    assert.deepEqual(restrictTo([all(zoneA), all(zoneB)], keys, [spot]), [
      all(zoneA, wantedSpot),
      all(zoneB, wantedSpot),
    ]);
  });

  it("replaces the user's capacity and keeps the zone", () => {
    const user = [all(zoneA, on(capacity, "In", "on-demand"))];
    assert.deepEqual(restrictTo(user, keys, [spot]), [all(zoneA, wantedSpot)]);
  });

  it("does not leave a term empty that spoke of capacity alone", () => {
    assert.deepEqual(restrictTo([onDemand], keys, [spot]), [spot]);
    assert.deepEqual(restrictTo([onDemand, all(zoneA)], keys, [spot]), [
      spot,
      all(zoneA, wantedSpot),
    ]);
  });

  it("makes every pair where several terms are wanted, once each", () => {
    const wanted = [spot, all(on(capacity, "DoesNotExist"))];
    assert.deepEqual(restrictTo([all(zoneA), all(zoneA), all(zoneB)], keys, wanted), [
      all(zoneA, wantedSpot),
      all(zoneA, on(capacity, "DoesNotExist")),
      all(zoneB, wantedSpot),
      all(zoneB, on(capacity, "DoesNotExist")),
    ]);
  });

  it("keeps a term that matches nothing as it is", () => {
    assert.deepEqual(restrictTo([{}], keys, [spot]), [{}]);
    assert.deepEqual(restrictTo([{ matchExpressions: [] }, all(zoneA)], keys, [spot]), [
      { matchExpressions: [] },
      all(zoneA, wantedSpot),
    ]);
  });

  it("keeps fields", () => {
    assert.deepEqual(restrictTo([byName], keys, [spot]), [{ ...spot, ...byName }]);
  });

  it("adds nothing to a term that asks for it already", () => {
    const disk = all(on("nvme", "Exists"));
    const own = all(zoneA, on("nvme", "Gt", "99"));
    assert.deepEqual(restrictTo([own], keys, [disk, all(on("ssd", "Exists"))]), [own]);
  });

  it("changes nothing the second time", () => {
    const wanted = [all(wantedSpot, on("disk", "Exists"))];
    const once = restrictTo([all(zoneA), onDemand], keys, wanted);
    assert.deepEqual(restrictTo(once, keys, wanted), once);
  });
});

describe("unionTerms", () => {
  it("makes one In of single Ins on one label, in order and without repeats", () => {
    assert.deepEqual(unionTerms([spot], [onDemand], [spot]), [
      all(on(capacity, "In", "spot", "on-demand")),
    ]);
  });

  it("does not merge what says more, or something else", () => {
    const notSpot = all(on(capacity, "NotIn", "spot"));
    const zoned = all(zoneA, on(capacity, "In", "spot"));
    const named = { ...spot, ...byName };
    const terms = [spot, notSpot, zoned, named, all(zoneA)];
    assert.deepEqual(unionTerms(terms), terms);
    assert.deepEqual(unionTerms([notSpot], [notSpot]), [notSpot]);
  });

  it("is nothing of nothing", () => {
    assert.deepEqual(unionTerms(), []);
  });
});

describe("mentionsKeys", () => {
  it("looks at labels of every term, not at fields or at inherited names", () => {
    assert.equal(mentionsKeys([all(zoneA), spot], [capacity]), true);
    assert.equal(mentionsKeys([all(zoneA)], [capacity, "toString"]), false);
    assert.equal(mentionsKeys([byName], ["metadata.name"]), false);
    assert.equal(mentionsKeys([{}], []), false);
  });
});
