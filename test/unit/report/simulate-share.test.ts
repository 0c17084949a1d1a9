import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { shareText, simulateShare } from "../../../src/report/simulate-share.ts";

/** One in five on demand, as `percent: 20` has it. */
const oneInFive = (id: number): string => (id % 5 === 0 ? "on-demand" : "spot");

describe("simulateShare", () => {
  const CASES: readonly (readonly [lost: number, live: string])[] = [
    [0, "20 on-demand (20%), 80 spot (80%)"],
    [20, "24 on-demand (24%), 76 spot (76%)"],
    [100, "40 on-demand (40%), 60 spot (60%)"],
    [1000, "100 on-demand (100%)"],
  ];
  for (const [lost, live] of CASES) {
    it(`after ${lost} losses of 100: ${live}`, () => {
      const simulation = simulateShare(100, lost, oneInFive);
      assert.equal(shareText(simulation.created), "20 on-demand (20%), 80 spot (80%)");
      assert.equal(shareText(simulation.live), live);
    });
  }

  it("ends where nothing is left to lose", () => {
    assert.equal(simulateShare(10, 50, () => "on-demand").lost, 0);
    assert.equal(simulateShare(3, 50, oneInFive).lost < 50, true);
  });
});
