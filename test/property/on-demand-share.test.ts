import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isOnDemand, type OnDemandShare } from "../../src/rules/on-demand-share.ts";

const share: fc.Arbitrary<OnDemandShare> = fc.record(
  { base: fc.integer({ min: 0, max: 20 }), percent: fc.integer({ min: 0, max: 100 }) },
  { noNullPrototype: true },
);

/** What an exact split of executors 1 to n would have on demand, as a fraction. */
const exact = (n: number, { base, percent }: OnDemandShare) =>
  Math.min(n, base) + (Math.max(0, n - base) * percent) / 100;

const count = (ids: readonly number[], wanted: OnDemandShare) =>
  ids.filter((id) => isOnDemand(id, wanted)).length;

const upTo = (n: number) => Array.from({ length: n }, (_none, index) => index + 1);

describe("the share on demand", () => {
  it("is within one of exact for every number of executors up to 200", () => {
    fc.assert(
      fc.property(share, (wanted) => {
        let onDemand = 0;
        for (const id of upTo(200)) {
          if (isOnDemand(id, wanted)) onDemand++;
          const distance = exact(id, wanted) - onDemand;
          assert.ok(distance >= 0 && distance < 1, `${onDemand} of ${id}`);
        }
      }),
    );
  });

  it("is shifted by each lost number by one at most", () => {
    fc.assert(
      fc.property(share, fc.uniqueArray(fc.integer({ min: 1, max: 200 })), (wanted, lost) => {
        const left = upTo(200).filter((id) => !lost.includes(id));
        const distance = Math.abs(exact(left.length, wanted) - count(left, wanted));
        assert.ok(distance <= lost.length + 1, `${distance} with ${lost.length} lost`);
      }),
    );
  });
});
