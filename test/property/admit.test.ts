import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { admit } from "../../src/admission/admit.ts";
import type { AdmissionReviewAnswer } from "../../src/admission/answer.ts";
import { driverPod, reviewBody } from "../fixtures/pods.ts";
import { policySet, policyText, shippedSet } from "../fixtures/policies.ts";
import { NO_FACTS } from "../fixtures/facts.ts";

const set = shippedSet("strict");
/** Rules whose meaning is in expressions and templates. */
const expressions = policySet([
  policyText("team", {
    metadata: {
      labels: { team: "{{app.name}}" },
      onUserChoice: "Replace",
      required: { annotations: [{ key: "a" }] },
    },
  }),
  policyText("hosts", {
    match: {
      matchConditions: [{ name: "a", expression: "request.name.size() > 0 || has(app.id)" }],
    },
    deny: {
      when: "object.spec.containers.exists(c, c.image.matches('^x') || c.name in object.spec.nodeSelector)",
      message:
        "{{object.spec.containers.map(c, c.image)}} {{object.metadata.labels}} {{request.userInfo.groups}}",
    },
  }),
]);
const sets = fc.constantFrom(set, expressions);
const uid = fc.string({ minLength: 1, unit: "binary" });

/** Any JSON in any place of an ordinary Pod. */
const mutilated = fc
  .tuple(
    fc.constantFrom(
      ["metadata"],
      ["metadata", "labels"],
      ["metadata", "annotations"],
      ["metadata", "annotations", "sparkgate.io/applied"],
      ["spec"],
      ["spec", "containers"],
      ["spec", "containers", "0"],
      ["spec", "containers", "0", "image"],
      ["spec", "containers", "0", "args"],
      ["spec", "nodeSelector"],
      ["spec", "affinity"],
      ["spec", "affinity", "nodeAffinity"],
      ["spec", "tolerations"],
      ["spec", "volumes"],
      ["spec", "nodeName"],
    ),
    fc.jsonValue(),
  )
  .map(([path, value]) => put(driverPod(), path, value));

function put(target: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const inner: unknown =
    typeof target === "object" && target !== null ? Reflect.get(target, key) : undefined;
  const changed = put(inner, rest, value);
  if (Array.isArray(target)) return target.with(Number(key), changed) as unknown;
  return { ...(target as object | undefined), [key]: changed };
}

describe("admit", () => {
  it("answers whatever stands in the place of the object, and keeps the uid", () => {
    fc.assert(
      fc.property(sets, uid, fc.oneof(fc.jsonValue(), mutilated), (policies, id, object) => {
        const admission = admit(policies, reviewBody(object, { uid: id }), NO_FACTS);
        assert.equal(admission.kind, "answered");
        const { response } = JSON.parse(admission.answer) as AdmissionReviewAnswer;
        assert.equal(response.uid, Buffer.from(id).toString());
        assert.equal(response.patch === undefined, response.patchType === undefined);
        assert.ok(response.allowed || response.patch === undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it("answers whatever stands in the place of the request's other fields", () => {
    const fields = ["kind", "operation", "namespace", "name", "subResource", "dryRun", "userInfo"];
    const request = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue());
    fc.assert(
      fc.property(sets, request, (policies, broken) => {
        assert.equal(admit(policies, reviewBody(driverPod(), broken), NO_FACTS).kind, "answered");
      }),
      { numRuns: 500 },
    );
  });

  it("does not throw at any bytes, nor at half a review", () => {
    const body = reviewBody(driverPod());
    const half = fc.nat(body.length - 1).map((length) => body.subarray(0, length));
    const flipped = fc.tuple(fc.nat(body.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = Buffer.from(body);
      copy[at] = byte;
      return copy;
    });
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(half, flipped, noise), (bytes) => {
        const admission = admit(set, bytes, NO_FACTS);
        if (admission.kind === "not-understood") assert.doesNotMatch(admission.reason, /\n/);
      }),
      { numRuns: 2000 },
    );
  });
});
