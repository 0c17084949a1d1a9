import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { compileGlobs } from "../../../src/kubernetes/glob.ts";
import { globsMeet, scopeCovers, scopesOverlap } from "../../../src/policy/match-relations.ts";
import type { MatchSpec } from "../../../src/policy/match.ts";

const batch = { matchLabels: { tier: "batch" } };
const condition = [{ name: "a", expression: "spark.role == 'driver'" }];

const COVERS: readonly (readonly [MatchSpec, MatchSpec, boolean])[] = [
  [{}, {}, true],
  [{}, { roles: ["driver"], namespaces: ["a"], objectSelector: batch }, true],
  [{ roles: ["driver"] }, {}, false],
  [{ roles: ["driver"] }, { roles: ["connect-server"] }, true],
  [{ namespaces: ["team-*"] }, { namespaces: ["team-a", "team-b*"] }, true],
  [{ namespaces: ["team-*"] }, { namespaces: ["team-a", "x"] }, false],
  [{ namespaces: ["team-*"] }, { namespaces: ["*"] }, false],
  [{ namespaces: ["team-*"] }, {}, false],
  [{ namespaces: ["*"] }, {}, true],
  [{ namespaces: ["a?"] }, { namespaces: ["ab"] }, true],
  [{ objectSelector: batch }, { objectSelector: { matchLabels: { tier: "batch", a: "b" } } }, true],
  [{ objectSelector: batch }, {}, false],
  [{ namespaceSelector: batch }, { objectSelector: batch }, false],
  [{ matchConditions: condition }, {}, false],
  [{ matchConditions: condition }, { matchConditions: condition }, true],
];

const OVERLAP: readonly (readonly [MatchSpec, MatchSpec, boolean])[] = [
  [{}, {}, true],
  [{ roles: ["driver"] }, { roles: ["executor"] }, false],
  [{ namespaces: ["team-*"] }, { namespaces: ["*-a"] }, true],
  [{ namespaces: ["team-*"] }, { namespaces: ["x", "tea"] }, false],
  [{ objectSelector: batch }, { objectSelector: { matchLabels: { tier: "x" } } }, false],
  [{ objectSelector: batch }, { namespaceSelector: { matchLabels: { tier: "x" } } }, true],
  [{ matchConditions: condition }, {}, true],
  [asks("tier", "NotIn", ["batch"]), { objectSelector: batch }, false],
  [asks("tier", "DoesNotExist"), { objectSelector: batch }, false],
  [asks("tier", "DoesNotExist"), asks("tier", "Exists"), false],
  [asks("tier", "In", ["a", "b"]), asks("tier", "In", ["c"]), false],
  [asks("tier", "In", ["a", "b"]), asks("tier", "NotIn", ["a", "b"]), false],
  [asks("tier", "In", ["a", "b"]), asks("tier", "NotIn", ["a"]), true],
  [asks("tier", "NotIn", ["a"]), asks("tier", "DoesNotExist"), true],
  [asks("tier", "DoesNotExist"), asks("other", "Exists"), true],
];

function asks(key: string, operator: string, values?: readonly string[]): MatchSpec {
  return { objectSelector: { matchExpressions: [{ key, operator, values }] } };
}

describe("which policies speak of whom another speaks of", () => {
  for (const [outer, inner, expected] of COVERS) {
    it(`${JSON.stringify(outer)} covers ${JSON.stringify(inner)}: ${expected}`, () => {
      assert.equal(scopeCovers({ match: outer }, { match: inner }), expected);
    });
  }

  for (const [a, b, expected] of OVERLAP) {
    it(`${JSON.stringify(a)} and ${JSON.stringify(b)} overlap: ${expected}`, () => {
      assert.equal(scopesOverlap({ match: a }, { match: b }), expected);
      assert.equal(scopesOverlap({ match: b }, { match: a }), expected);
    });
  }

  it("exclusions are left out", () => {
    const exclude = { namespaces: ["sandbox"] };
    assert.equal(scopeCovers({ exclude }, {}), false);
    assert.equal(scopeCovers({ exclude }, { exclude }), true);
    assert.equal(scopeCovers({ exclude }, { match: { namespaces: ["team-a"] } }), true);
    assert.equal(scopesOverlap({ exclude }, { match: { namespaces: ["sandbox"] } }), false);
    assert.equal(scopesOverlap({ exclude }, { match: { namespaces: ["sand*"] } }), true);
  });

  it("two globs meet wherever a text fits both, and never are said not to", () => {
    const glob = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 5 });
    const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 5 });
    fc.assert(
      fc.property(glob, glob, text, (a, b, name) => {
        if (compileGlobs([a])(name) && compileGlobs([b])(name)) assert.equal(globsMeet(a, b), true);
      }),
      { numRuns: 20_000 },
    );
    assert.equal(globsMeet("a*b", "*c"), false);
    assert.equal(globsMeet("a?", "a"), false);
    assert.equal(globsMeet("a?*", "*b"), true);
    assert.equal(globsMeet("*a?b*", "**ab*"), true);
    assert.equal(globsMeet("*-x", "a-*-y"), false);
  });
});
