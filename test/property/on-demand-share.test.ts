import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isOnDemand } from "../../src/rules/on-demand-share.ts";
import { executorIdOf } from "../../src/spark/executor-id.ts";

describe("isOnDemand", () => {
  it("is exact among the first n executors for every base, percentage and n", () => {
    for (let base = 0; base <= 5; base++) {
      for (let percent = 0; percent <= 100; percent++) {
        let count = 0;
        for (let n = 1; n <= 300; n++) {
          if (isOnDemand(n, { base, percent })) count++;
          const wanted = Math.min(n, base) + Math.floor((Math.max(0, n - base) * percent) / 100);
          assert.equal(count, wanted, `base ${base}, ${percent}%, first ${n}`);
        }
      }
    }
  });

  it("stays exact for every id that is read from a Pod, however large", () => {
    const share = { base: 0, percent: 100 };
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 16n), (id) => {
        const read = executorIdOf({ metadata: { labels: { "spark-exec-id": String(id) } } });
        assert.ok(read === undefined || isOnDemand(read, share), String(id));
      }),
    );
  });
});

describe("lost executors", () => {
  it("shift the share by one each at most", () => {
    const ids = Array.from({ length: 200 }, (_none, index) => index + 1);
    const shares = fc.record(
      { base: fc.integer({ min: 0, max: 20 }), percent: fc.integer({ min: 0, max: 100 }) },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(shares, fc.uniqueArray(fc.integer({ min: 1, max: 200 })), (share, lost) => {
        const left = ids.filter((id) => !lost.includes(id));
        const { base, percent } = share;
        const exact =
          Math.min(left.length, base) + (Math.max(0, left.length - base) * percent) / 100;
        const distance = Math.abs(exact - left.filter((id) => isOnDemand(id, share)).length);
        assert.ok(distance <= lost.length + 1, `${distance} with ${lost.length} lost`);
      }),
    );
  });
});
