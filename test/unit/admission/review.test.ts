import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeReview } from "../../../src/admission/review.ts";
import { driverPod, reviewBody } from "../../fixtures/pods.ts";

function reason(body: string | Buffer): string | undefined {
  const decoded = decodeReview(Buffer.from(body), "mutating");
  return decoded.kind === "not-understood" ? decoded.reason : undefined;
}

const head = '"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"';

describe("decodeReview: what is no review", () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["an empty body", "", /the body is empty/],
    ["no JSON", "kind: AdmissionReview", /is not JSON/],
    ["half a review", `{${head},"request":{"uid":"1"`, /is not JSON/],
    ["null", "null", /is not an AdmissionReview/],
    ["a list", `[{${head}}]`, /is not an AdmissionReview/],
    ["another kind", '{"apiVersion":"v1","kind":"Pod"}', /is not an AdmissionReview/],
    [
      "v1beta1",
      `{${head.replace("/v1", "/v1beta1")},"request":{"uid":"1"}}`,
      /set admissionReviewVersions to \[v1\]/,
    ],
    ["no request", `{${head}}`, /has no request/],
    ["a response only", `{${head},"response":{"uid":"1"}}`, /has no request/],
    ["a request that is a list", `{${head},"request":["1"]}`, /has no request/],
    ["no uid", `{${head},"request":{}}`, /has no uid/],
    ["an empty uid", `{${head},"request":{"uid":""}}`, /has no uid/],
    ["a uid that is a number", `{${head},"request":{"uid":1}}`, /has no uid/],
    [
      "a uid that only an inherited key gives",
      `{${head},"request":{"__proto__":{"uid":"1"}}}`,
      /has no uid/,
    ],
    [
      "a kind that only an inherited key gives",
      `{"__proto__":{${head},"request":{"uid":"1"}}}`,
      /is not an AdmissionReview/,
    ],
  ];
  for (const [what, body, expected] of cases) {
    it(`tells ${what} in one line`, () => {
      const told = reason(body) ?? "";
      assert.match(told, expected);
      assert.doesNotMatch(told, /\n/);
    });
  }
});

describe("decodeReview: depth", () => {
  const nested = (depth: number, open: string, close: string) =>
    reviewBody("HERE")
      .toString()
      .replace('"HERE"', open.repeat(depth) + close.repeat(depth));

  it("refuses 20,000 lists before a parser sees them", () => {
    assert.match(reason(nested(20_000, "[", "]")) ?? "", /nested more than 200 levels/);
  });

  it("refuses 20,000 objects, and a million brackets that never close", () => {
    assert.match(reason(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`) ?? "", /nested more/);
    assert.match(reason("[".repeat(1_000_000)) ?? "", /nested more/);
  });

  it("reads 190 levels, and refuses 205", () => {
    assert.equal(reason(nested(190, "[", "]")), undefined);
    assert.match(reason(nested(205, "[", "]")) ?? "", /nested more than 200 levels/);
  });

  it("does not count neighbours", () => {
    assert.equal(reason(reviewBody(Array.from({ length: 10_000 }, () => [{}]))), undefined);
  });

  for (const text of [
    "[".repeat(1000),
    `\\"${"{".repeat(1000)}`,
    `"${"[".repeat(1000)}`,
    `\\\\"${"[".repeat(500)}`,
  ]) {
    it(`does not count brackets inside a text: ${text.slice(0, 6)}…`, () => {
      assert.equal(reason(reviewBody({ text, [text]: 1 })), undefined);
    });
  }

  it("counts brackets behind a text that ends in a backslash", () => {
    const body = reviewBody({ a: "ends in \\", b: "HERE" })
      .toString()
      .replace('"HERE"', "[".repeat(300) + "]".repeat(300));
    assert.match(reason(body) ?? "", /nested more/);
  });
});

describe("decodeReview: a review", () => {
  it("is read into what a decision needs", () => {
    const decoded = decodeReview(
      reviewBody(driverPod(), {
        ...{ name: "etl", dryRun: true, subResource: "status" },
        oldObject: { kind: "Pod" },
      }),
      "validating",
    );
    assert.equal(decoded.kind, "review");
    assert.deepEqual(decoded.request, {
      uid: "11111111-2222-3333-4444-555555555555",
      group: "",
      version: "v1",
      kind: "Pod",
      subResource: "status",
      operation: "CREATE",
      namespace: "team-a",
      name: "etl",
      dryRun: true,
      object: driverPod(),
      oldObject: { kind: "Pod" },
      user: { username: "system:serviceaccount:team-a:spark", groups: [] },
      admission: "validating",
    });
  });

  it("may lack everything but its uid", () => {
    const decoded = decodeReview(
      Buffer.from(`{${head},"request":{"uid":"1","kind":"Pod","dryRun":"x"}}`),
      "mutating",
    );
    assert.equal(decoded.kind, "review");
    const { uid, kind, operation, dryRun } = decoded.request;
    assert.deepEqual([uid, kind, operation, dryRun], ["1", "", "", false]);
  });
});
