import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  impliesTerms,
  matchesNode,
  mentionsKeys,
  restrictTo,
  stripKeys,
  unionTerms,
} from "../../src/kubernetes/node-affinity.ts";
import type { NodeFacts } from "../../src/kubernetes/node-affinity.ts";
import type { NodeSelectorRequirement, NodeSelectorTerm } from "../../src/kubernetes/pod.ts";

const capacityKeys = ["capacity", "__proto__"];
const keys = [...capacityKeys, "zone", "constructor", "toString"];
const words = ["a", "b", "1", "2", "3", "", "__proto__", "constructor"];
const operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];

const key = fc.constantFrom(...keys);
const word = fc.constantFrom(...words);
const number = fc.constantFrom("0", "1", "2", "3", "+2", "-1");

/** Well-formed for its operator, so that terms match nodes often enough to prove something. */
function wellFormed(keyOf: fc.Arbitrary<string>): fc.Arbitrary<NodeSelectorRequirement> {
  return fc.oneof(
    fc.record({
      key: keyOf,
      operator: fc.constantFrom("In", "NotIn"),
      values: fc.uniqueArray(word, { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ key: keyOf, operator: fc.constantFrom("Exists", "DoesNotExist") }),
    fc.record({ key: keyOf, operator: fc.constantFrom("Gt", "Lt"), values: fc.tuple(number) }),
  );
}

const malformed = fc.record({
  key,
  operator: fc.constantFrom(...operators, "SemverGt", "toString"),
  values: fc.option(fc.array(word, { maxLength: 3 })),
});
const requirement = fc.oneof(
  { weight: 9, arbitrary: wellFormed(key) },
  { weight: 1, arbitrary: malformed },
);
const field = fc.oneof(
  fc.record({
    key: fc.constant("metadata.name"),
    operator: fc.constantFrom("In", "NotIn"),
    values: fc.tuple(word),
  }),
  malformed,
);

const term: fc.Arbitrary<NodeSelectorTerm> = fc.record(
  {
    matchExpressions: fc.option(fc.array(requirement, { maxLength: 3 })),
    matchFields: fc.oneof(
      { weight: 4, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.array(field, { maxLength: 2 }) },
    ),
  },
  { requiredKeys: [] },
);
const terms = fc.array(term, { maxLength: 4 });
const userTerms = fc.option(terms, { nil: undefined });

function wantedOf(keyOf: fc.Arbitrary<string>): fc.Arbitrary<readonly NodeSelectorTerm[]> {
  const one = fc.record({
    matchExpressions: fc.array(wellFormed(keyOf), { minLength: 1, maxLength: 2 }),
  });
  return fc.array(one, { minLength: 1, maxLength: 3 });
}
const wanted = wantedOf(key);

const node: fc.Arbitrary<NodeFacts> = fc.record({
  name: word,
  labels: fc
    .array(fc.tuple(key, word), { maxLength: 6 })
    .map((entries) => Object.fromEntries(entries)),
});
const nodes = fc.array(node, { minLength: 5, maxLength: 20 });

function matchesWithoutCapacity(user: readonly NodeSelectorTerm[], facts: NodeFacts): boolean {
  return stripKeys(user, capacityKeys).some(
    (stripped) => stripped === "every-node" || matchesNode([stripped], facts),
  );
}

const runs = { numRuns: 3000 };

describe("restrictTo", () => {
  it("matches a node exactly if the user's other constraints and the wanted terms do", () => {
    fc.assert(
      fc.property(userTerms, wanted, nodes, (user, want, facts) => {
        const result = restrictTo(user, capacityKeys, want);
        for (const each of facts) {
          const free =
            user === undefined || user.length === 0 || matchesWithoutCapacity(user, each);
          assert.equal(matchesNode(result, each), free && matchesNode(want, each));
        }
      }),
      runs,
    );
  });

  it("never forgets a constraint that is not about capacity", () => {
    fc.assert(
      fc.property(terms, wanted, node, (user, want, facts) => {
        fc.pre(user.length > 0 && !mentionsKeys(user, capacityKeys));
        assert.equal(
          matchesNode(restrictTo(user, capacityKeys, want), facts),
          matchesNode(user, facts) && matchesNode(want, facts),
        );
      }),
      runs,
    );
  });

  it("implies what was wanted, so that a second look finds nothing to do", () => {
    fc.assert(
      fc.property(userTerms, wanted, (user, want) => {
        assert.equal(impliesTerms(restrictTo(user, capacityKeys, want), want), true);
      }),
      runs,
    );
  });

  it("changes nothing the second time where only capacity is wanted", () => {
    const capacityWanted = wantedOf(fc.constantFrom(...capacityKeys));
    fc.assert(
      fc.property(userTerms, capacityWanted, (user, want) => {
        const once = restrictTo(user, capacityKeys, want);
        assert.deepEqual(restrictTo(once, capacityKeys, want), once);
      }),
      runs,
    );
  });

  it("changes nothing the second time where no capacity is wanted", () => {
    const otherWanted = wantedOf(fc.constantFrom("zone", "constructor"));
    fc.assert(
      fc.property(userTerms, otherWanted, (user, want) => {
        const once = restrictTo(user, capacityKeys, want);
        assert.deepEqual(restrictTo(once, capacityKeys, want), once);
      }),
      runs,
    );
  });
});

describe("impliesTerms", () => {
  const single = term.map((each) => [each]);
  const likelyPairs = fc.oneof(
    fc.tuple(terms, terms),
    fc.tuple(single, single),
    fc.tuple(
      requirement.map((each) => [{ matchExpressions: [each] }]),
      requirement.map((each) => [{ matchExpressions: [each] }]),
    ),
    fc.tuple(
      field.map((each) => [{ matchFields: [each] }]),
      field.map((each) => [{ matchFields: [each] }]),
    ),
  );

  it("is right whenever it says yes", () => {
    let yes = 0;
    fc.assert(
      fc.property(likelyPairs, nodes, ([have, want], facts) => {
        if (!impliesTerms(have, want)) return;
        yes += 1;
        for (const each of facts) {
          assert.ok(!matchesNode(have, each) || matchesNode(want, each));
        }
      }),
      { numRuns: 10_000 },
    );
    assert.ok(yes > 200, `only ${yes} implications were tried`);
  });

  it("says yes of the same terms", () => {
    fc.assert(
      fc.property(terms, (each) => {
        assert.equal(impliesTerms(each, each), true);
      }),
    );
  });
});

describe("unionTerms", () => {
  it("matches a node exactly if one of the lists does", () => {
    fc.assert(
      fc.property(fc.array(terms, { maxLength: 3 }), nodes, (lists, facts) => {
        const union = unionTerms(...lists);
        for (const each of facts) {
          assert.equal(
            matchesNode(union, each),
            lists.some((list) => matchesNode(list, each)),
          );
        }
      }),
      runs,
    );
  });
});
