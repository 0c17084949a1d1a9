import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseMoment } from "../../../src/policy/moment.ts";

describe("parseMoment", () => {
  const MOMENTS: readonly (readonly [string, string])[] = [
    ["2027-01-15", "2027-01-15T00:00:00.000Z"],
    ["2028-02-29", "2028-02-29T00:00:00.000Z"],
    ["2027-01-15T06:00:00Z", "2027-01-15T06:00:00.000Z"],
    ["2027-01-15T06:00Z", "2027-01-15T06:00:00.000Z"],
    ["2027-01-15T06:00:00+01:00", "2027-01-15T05:00:00.000Z"],
    ["2027-01-15T06:00:00.5Z", "2027-01-15T06:00:00.500Z"],
  ];
  for (const [text, moment] of MOMENTS) {
    it(text, () => {
      assert.equal(new Date(parseMoment(text) ?? NaN).toISOString(), moment);
    });
  }

  for (const text of [
    ...["", "2027", "2027-1-5", "2027-02-29", "2027-02-30", "2027-13-01", "2027-00-01"],
    ...[
      "15.01.2027",
      "tomorrow",
      "2027-01-15 06:00:00Z",
      "2027-01-15T06:00:00",
      "2027-01-15T24:00Z",
    ],
    ...["2027-01-15T06:60Z", "2027-01-15T06:00:00+25:00", "0000-01-01T", "2027-01-15Z"],
  ]) {
    it(`'${text}' is none`, () => {
      assert.equal(parseMoment(text), undefined);
    });
  }
});
