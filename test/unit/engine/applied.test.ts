import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  APPLIED_ANNOTATION,
  readApplied,
  recordApplied,
  type Applied,
} from "../../../src/engine/applied.ts";
import type { PolicyOutcome } from "../../../src/engine/decision.ts";
import { Draft, type FieldChange } from "../../../src/engine/draft.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";

/** The annotation on a Pod after policies changed it, given what it was before. */
function record(
  changes: Readonly<Record<string, readonly FieldChange[]>>,
  before?: string,
  loaded: readonly string[] = Object.keys(changes),
): string | undefined {
  const annotations = before === undefined ? {} : { [APPLIED_ANNOTATION]: before };
  const draft = new Draft(deepFreeze({ metadata: { annotations } }));
  const outcomes = Object.entries(changes).map(([policy, fields]): PolicyOutcome => ({
    policy,
    rule: "test",
    mode: "Enforce",
    modeFrom: "spec.mode",
    enforceFrom: undefined,
    documentation: undefined,
    change: undefined,
    exception: undefined,
    effect: undefined,
    changes: fields,
    violations: [],
    error: undefined,
    shadowedBy: undefined,
    refuses: false,
  }));
  recordApplied(draft, outcomes, new Set(loaded));
  return draft.pod.metadata?.annotations?.[APPLIED_ANNOTATION];
}

function applied(policies: Applied["policies"]): string {
  return JSON.stringify({ v: 1, policies });
}

function parsed(text: string | undefined): Applied["policies"] | undefined {
  return readApplied(text)?.policies;
}

const spot: FieldChange = { path: "/spec/nodeSelector/pool", was: "spot" };

describe("recordApplied", () => {
  it("writes per policy what was changed and what was there before, in order of names", () => {
    const text = record({ b: [{ path: "/spec/affinity" }], a: [spot] });
    assert.equal(text, applied({ a: [spot], b: [{ path: "/spec/affinity" }] }));
  });

  it("writes nothing where nothing was changed", () => {
    assert.equal(record({ a: [] }), undefined);
  });

  it("keeps the first former value when called again: only it is the user's", () => {
    const again = record(
      { a: [{ path: "/spec/nodeSelector/pool", was: "what we set" }] },
      applied({ a: [spot] }),
    );
    assert.deepEqual(parsed(again), { a: [spot] });
  });

  it("takes a change below a field that was recorded whole as covered", () => {
    const whole = { a: [{ path: "/spec/affinity" }] };
    const deeper = record(
      { a: [{ path: "/spec/affinity/nodeAffinity/x", was: 1 }] },
      applied(whole),
    );
    assert.deepEqual(parsed(deeper), whole);
  });

  it("does not take a neighbour with a longer name as covered", () => {
    const first = { a: [{ path: "/metadata/labels/team" }] };
    const next = { path: "/metadata/labels/team2", was: "x" };
    assert.deepEqual(parsed(record({ a: [next] }, applied(first))), {
      a: [...first.a, next],
    });
  });

  it("adds another list element behind those known, and the same one not twice", () => {
    const one = { path: "/spec/tolerations", added: [{ key: "a" }] };
    const two = { path: "/spec/tolerations", added: [{ key: "b" }] };
    assert.deepEqual(parsed(record({ a: [one, two] }, applied({ a: [one] }))), { a: [one, two] });
  });

  it("keeps what another policy did in an earlier round", () => {
    const before = applied({ b: [spot] });
    assert.deepEqual(parsed(record({ a: [spot] }, before, ["a", "b"])), { a: [spot], b: [spot] });
  });

  it("drops entries of policies that are not loaded, since a user may have brought them", () => {
    assert.equal(record({}, applied({ "not-ours": [spot] }), ["a"]), undefined);
    assert.deepEqual(parsed(record({ a: [spot] }, applied({ "not-ours": [spot] }))), { a: [spot] });
  });

  it("keeps values of environment variables out", () => {
    const text = record({
      a: [
        { path: "/spec/containers/0/env/2/value", was: "hunter2" },
        { path: "/spec/containers/0/env", added: [{ name: "PASSWORD", value: "hunter2" }] },
        { path: "/spec/initContainers/1/env", was: [{ name: "PASSWORD", value: "hunter2" }] },
      ],
    });
    assert.ok(text !== undefined && !text.includes("hunter2"), text);
    assert.equal(parsed(text)?.["a"]?.length, 3);
  });

  for (const change of [
    { path: "/spec/containers/0", was: { name: "x", env: [{ name: "P", value: "hunter2" }] } },
    { path: "/spec/containers", added: [{ name: "x", env: [{ name: "P", value: "hunter2" }] }] },
  ]) {
    it(`keeps them out where ${change.path} was changed as a whole`, () => {
      const text = record({ a: [change] });
      assert.ok(text?.includes(change.path) === true && !text.includes("hunter2"), text);
    });
  }

  it("leaves former values out that are too long for an annotation", () => {
    const long = "x".repeat(300_000);
    const text = record({
      a: [
        { path: "/metadata/annotations/big", was: long },
        { path: "/spec/tolerations", added: [{ key: long }] },
      ],
    });
    assert.ok(text !== undefined && text.length < 1000, `${String(text?.length)} characters`);
  });

  const garbage = [
    "",
    "hello",
    "null",
    "[]",
    "{",
    '{"v":2,"policies":{}}',
    '{"v":1}',
    '{"v":1,"policies":[]}',
    '{"v":1,"policies":{"a":{}}}',
    '{"v":1,"policies":{"a":[null]}}',
    '{"v":1,"policies":{"a":[{"path":1}]}}',
    '{"v":1,"policies":{"a":[{"path":"/x","added":"y"}]}}',
    "[".repeat(100_000),
  ];
  for (const text of garbage) {
    it(`is not disturbed by ${text.slice(0, 60) || "an empty text"} that a user brought`, () => {
      assert.equal(readApplied(text), undefined);
      assert.equal(record({}, text, ["a"]), undefined);
      assert.deepEqual(parsed(record({ a: [spot] }, text)), { a: [spot] });
    });
  }

  it("works for policies with names that objects have by nature", () => {
    const text = record({ constructor: [spot] }, applied({ constructor: [] }));
    assert.deepEqual(parsed(text), { constructor: [spot] });
    assert.equal(record({}, applied({}), ["a"]), undefined);
  });

  it("is not polluted by keys that a user brought", () => {
    const brought =
      '{"v":1,"policies":{"__proto__":[{"path":"/x"}],"a":[{"path":"/y","was":{"__proto__":{"polluted":true}}}]}}';
    const text = record({ a: [spot] }, brought);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
    assert.deepEqual(Object.keys(parsed(text) ?? {}), ["a"]);
  });
});
