import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import jsonpatch from "fast-json-patch";
import { Draft, type Path } from "../../src/engine/draft.ts";
import { deepFreeze } from "../fixtures/deep-freeze.ts";

// fast-json-patch refuses __proto__ in paths; the unit tests have it.
const key = fc.constantFrom("a", "b", "a/b", "a~b", "~1", "constructor", "toString", "", "0", "1");
const leaf = fc.constantFrom<unknown>(null, "x", "y", 0, 1, true, "0");
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const root = fc.dictionary(key, value, { minKeys: 1, maxKeys: 5, noNullPrototype: true });
const path: fc.Arbitrary<Path> = fc.array(fc.oneof(key, fc.nat(2)), { minLength: 1, maxLength: 4 });

type Step =
  | { readonly do: "set"; readonly path: Path; readonly value: unknown }
  | { readonly do: "remove"; readonly path: Path }
  | { readonly do: "append"; readonly path: Path; readonly values: readonly unknown[] };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("set" as const), path, value }),
  fc.record({ do: fc.constant("remove" as const), path }),
  fc.record({
    do: fc.constant("append" as const),
    path,
    values: fc.array(value, { maxLength: 3 }),
  }),
);

/** Does a step as a policy would: one that cannot be done throws a TypeError and is rolled back. */
function apply(draft: Draft, each: Step): void {
  const mark = draft.mark();
  try {
    if (each.do === "set") draft.set(each.path, each.value);
    else if (each.do === "remove") draft.remove(each.path);
    else draft.append(each.path, each.values);
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
    assert.deepEqual(draft.mark(), mark, "what cannot be done leaves nothing behind");
  }
}

describe("Draft", () => {
  it("records a patch that turns the admitted object into its own copy, whatever was asked of it", () => {
    let operations = 0;
    fc.assert(
      fc.property(root, fc.array(step, { maxLength: 8 }), (object, steps) => {
        const before = structuredClone(object);
        const draft = new Draft(deepFreeze(object));
        for (const each of steps) apply(draft, each);
        operations += draft.operations.length;
        const patch = structuredClone(draft.operations) as jsonpatch.Operation[];
        const patched = jsonpatch.applyPatch(before, patch, true).newDocument;
        assert.deepEqual(patched, draft.pod);
      }),
      { numRuns: 5000 },
    );
    assert.ok(operations > 5000, `only ${operations} operations were tried`);
  });

  it("rolls back to exactly what it was at the mark", () => {
    fc.assert(
      fc.property(root, fc.array(step), fc.array(step), (object, earlier, later) => {
        const draft = new Draft(deepFreeze(object));
        for (const each of earlier) apply(draft, each);
        const mark = draft.mark();
        const operations = [...draft.operations];
        for (const each of later) apply(draft, each);
        draft.rollBack(mark);
        assert.equal(draft.pod, mark.pod);
        assert.deepEqual(draft.operations, operations);
      }),
      { numRuns: 1000 },
    );
  });
});
