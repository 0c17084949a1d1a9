import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { compileExpression } from "../../../src/cel/expression.ts";
import { CelFailure } from "../../../src/cel/failure.ts";

const TRUE = [
  "int('-7') == -7 && int('+7') == 7 && int(7.9) == 7 && uint('7') == 7u",
  "double('1e3') == 1000.0 && double('-.5') == -0.5 && double('inf') > 1e300 && uint(7) == uint(7.5)",
  "duration('1h30m') == duration('5400s') && duration('-1.5s') < duration('0') && duration('1.5ms') > duration('1ms')",
  "timestamp('2026-03-29T02:30:00+01:00') == timestamp(1774747800) && timestamp('2026-01-01T00:00:00.5Z').getMilliseconds('02:00') == 500",
  "timestamp('2026-12-31T23:30:00Z').getDayOfYear() == 364 && timestamp('2026-12-31T23:30:00Z').getDayOfYear('Europe/Berlin') == 0",
  "timestamp('2026-03-29T01:30:00Z').getHours('Europe/Berlin') == 3 && timestamp('2026-03-29T02:30:00Z').getHours('America/New_York') == 22",
  "timestamp('2026-03-01T00:30:00Z').getMonth('-01:00') == 1 && timestamp('2026-03-01T00:30:00Z').getDate('-01:00') == 28",
  "timestamp('2026-03-01T00:30:00Z').getDayOfMonth('UTC') == 0 && timestamp('2026-03-01T00:30:00Z').getDayOfWeek('UTC') == 0",
  "timestamp('0050-03-01T00:30:07Z').getFullYear('UTC') == 50 && timestamp('0050-03-01T00:30:07Z').getSeconds('UTC') == 7 && timestamp('2026-01-01T00:59:00Z').getMinutes('+05:30') == 29",
];

const FAILURES: readonly (readonly [string, RegExp])[] = [
  ...["''", "'0b11'", "'0x10'", "'1_0'", "' 1'", "'9223372036854775808'", "1e30"].map(
    (text) => [`int(${text}) == 1`, /^int conversion error$/] as const,
  ),
  ...["''", "'-1'", "'+1'", "'18446744073709551616'", "-1", "-1.0", "1e30"].map(
    (text) => [`uint(${text}) == 1u`, /^uint conversion error$/] as const,
  ),
  ...["''", "'0x10'", "'1e999'", "'1.2.3'", "'0b1'", "'1 '"].map(
    (text) => [`double(${text}) == 1.0`, /^double conversion error$/] as const,
  ),
  ...["''", "'1'", "'1s '", "'1d'", "'--1s'", "'.s'", "'999999999999h'"].map(
    (text) => [`duration(${text}) == duration('1s')`, /^invalid duration$/] as const,
  ),
  ...[
    "'2026-01-01T00:00:00.000'",
    "'2026-01-01 00:00:00+00:00'",
    "'2026-02-30T00:00:00Z'",
    "'1 January 2026 00:00:00'",
    "253402300800",
  ].map((text) => [`timestamp(${text}) > timestamp(0)`, /^invalid timestamp$/] as const),
  ["timestamp(0).getHours('Mars/Olympus') == 1", /^unknown time zone$/],
];

describe("conversions", () => {
  for (const text of TRUE) {
    it(text, () => {
      assert.equal(compileExpression(text, "bool").evaluate({}), true);
    });
  }

  for (const [text, message] of FAILURES) {
    it(`${text} has no value`, () => {
      assert.throws(
        () => compileExpression(text, "bool").evaluate({}),
        (error) => error instanceof CelFailure && message.test(error.message),
      );
    });
  }
});

describe("times", () => {
  const zone = process.env["TZ"];
  afterEach(() => {
    process.env["TZ"] = zone ?? "UTC";
  });
  it("are the same whatever zone this process is in", () => {
    for (const [text, value] of [
      ["timestamp('2026-03-08T02:30:00Z').getHours('UTC')", 2n],
      ["timestamp('2026-03-29T01:30:00Z').getHours('Europe/Berlin')", 3n],
      ["timestamp('2026-12-31T23:30:00Z').getDayOfYear()", 364n],
      ["timestamp('2026-06-30T23:30:00Z').getDayOfYear('UTC')", 180n],
    ] as const) {
      for (const own of ["UTC", "America/New_York", "Asia/Tokyo"]) {
        process.env["TZ"] = own;
        assert.equal(compileExpression(text, "any").evaluate({}), value, `${text} in ${own}`);
      }
    }
  });
});
