import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { valueAt } from "../../src/kubernetes/json.ts";
import { judgeDriver } from "../../src/spark/finished-driver.ts";
import { TTL_ANNOTATION } from "../../src/spark/time-to-live.ts";
import { finishedDriver } from "../fixtures/finished-drivers.ts";
import { anyJson } from "../fixtures/fuzz.ts";
import { changedAt, placesOf } from "../fixtures/hostile/places.ts";

const NOW = Date.parse("2026-11-26T00:00:00Z");
const moment = fc
  .integer({ min: Date.parse("2026-11-01T00:00:00Z"), max: NOW + 86_400_000 })
  .map((at) => new Date(Math.floor(at / 1000) * 1000).toISOString());

/** A finished driver whose time to live has passed, with any JSON at up to four places of it. */
const mutated = fc
  .array(fc.tuple(fc.nat(), fc.oneof(anyJson, moment)), { maxLength: 4 })
  .map((changes) =>
    changes.reduce<unknown>(
      (pod, [which, value]) => {
        const places = placesOf(pod);
        const place = places[which % places.length];
        return place === undefined ? pod : changedAt(pod, place, value);
      },
      finishedDriver({ annotations: { [TTL_ANNOTATION]: "86400" } }),
    ),
  );

describe("whatever a Pod looks like", () => {
  it("only a finished driver with an identity is ever to be deleted, and never before its time", () => {
    let due = 0;
    fc.assert(
      fc.property(mutated, fc.option(fc.nat({ max: 10 ** 6 })), (pod, olderThan) => {
        const terms = { at: NOW, olderThan: olderThan ?? undefined, keepFailed: false };
        const verdict = judgeDriver(pod, terms);
        if (verdict.kind === "left") return;
        due++;
        const { driver } = verdict;
        assert.equal(valueAt(pod, "metadata", "labels", "spark-role"), "driver");
        assert.ok(["Succeeded", "Failed"].includes(String(valueAt(pod, "status", "phase"))));
        assert.equal(valueAt(pod, "metadata", "deletionTimestamp") ?? undefined, undefined);
        for (const key of ["uid", "resourceVersion", "name", "namespace"] as const) {
          assert.equal(driver[key], valueAt(pod, "metadata", key));
          assert.notEqual(driver[key], "");
        }
        assert.ok(driver.endedAt + driver.timeToLive * 1000 <= NOW);
      }),
      { numRuns: 5000 },
    );
    assert.ok(due > 500, `${due} were to be deleted`);
  });
});
