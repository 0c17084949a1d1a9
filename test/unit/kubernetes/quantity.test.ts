import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseQuantity, quantityToMiB } from "../../../src/kubernetes/quantity.ts";

describe("parseQuantity", () => {
  const amounts: readonly (readonly [string | number, number])[] = [
    ["0", 0],
    ["4", 4],
    [4, 4],
    [1.5, 1.5],
    [1e21, 1e21],
    ["1500m", 1.5],
    ["100m", 0.1],
    ["3n", 3e-9],
    ["250u", 0.00025],
    ["1k", 1000],
    ["1M", 1e6],
    ["1G", 1e9],
    ["1T", 1e12],
    ["1P", 1e15],
    ["1E", 1e18],
    ["1E3", 1000],
    ["1e3", 1000],
    ["1e-3", 0.001],
    ["1E+3", 1000],
    ["1Ki", 1024],
    ["1Mi", 2 ** 20],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["1Ti", 2 ** 40],
    ["1Pi", 2 ** 50],
    ["1Ei", 2 ** 60],
    ["-1Gi", -(2 ** 30)],
    ["+2", 2],
    [".5Gi", 2 ** 29],
    ["1.G", 1e9],
  ];
  for (const [text, amount] of amounts) {
    it(`reads ${String(text)} as ${amount}`, () => {
      assert.equal(parseQuantity(text), amount);
    });
  }

  const refused: readonly (string | number)[] = [
    ...["", ".", "K", "1K", "1g", "1Gb", "1GB", "1i", "1mi", "1KI", "1e", "1e3.5", "1e3Gi", "1Gi1"],
    ...["1 Gi", " 1", "1 ", "1\n", "1,5", "0x10", "--1", "Gi", "NaN", "Infinity", "1e400", NaN],
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(parseQuantity(text), undefined);
    });
  }

  it("takes no more than linear time for a megabyte of digits", () => {
    assert.equal(parseQuantity("1".repeat(1_000_000) + "x"), undefined);
    assert.equal(parseQuantity("1e" + "9".repeat(1_000_000)), undefined);
  });
});

describe("quantityToMiB", () => {
  it("tells MiB from MB", () => {
    assert.equal(quantityToMiB("1Gi"), 1024);
    assert.equal(quantityToMiB("1G"), 1e9 / 2 ** 20);
    assert.equal(quantityToMiB(1048576), 1);
    assert.equal(quantityToMiB("4g"), undefined);
  });
});
