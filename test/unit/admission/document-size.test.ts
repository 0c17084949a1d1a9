import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasMoreParts, MOST_PARTS } from "../../../src/admission/document-size.ts";
import { decodeReview } from "../../../src/admission/review.ts";
import { reviewBody } from "../../fixtures/pods.ts";

const parts = (text: string, limit: number) => hasMoreParts(Buffer.from(text), limit);

describe("hasMoreParts", () => {
  it("counts commas and opening brackets", () => {
    assert.equal(parts('{"a":[1,2,{}]}', 5), false);
    assert.equal(parts('{"a":[1,2,{}]}', 4), true);
  });

  it("does not count what stands in texts, whatever is escaped there", () => {
    assert.equal(parts('["[[[[,,,,\\"[[[[,,,,\\\\",""]', 2), false);
    assert.equal(parts('["[[[[,,,,\\"[[[[,,,,\\\\",[]]', 2), true);
  });
});

describe("decodeReview: parts", () => {
  const many = (count: number) => reviewBody(Array.from({ length: count }, () => 1));

  it("reads a body with as many as there may be, and refuses one with more", () => {
    const others = 30; // of the review around it
    assert.equal(decodeReview(many(MOST_PARTS - others), "mutating").kind, "review");
    const refused = decodeReview(many(MOST_PARTS + 1), "mutating");
    assert.equal(refused.kind, "not-understood");
    assert.equal(refused.reason, "the body has more than 100000 fields and entries of lists");
  });
});
