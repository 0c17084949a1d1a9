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
