import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SweepReport, SweptDriver } from "../../../src/report/sweep-report.ts";
import { sweepJson, sweepSummary, sweepTable } from "../../../src/report/sweep-text.ts";
import { LEFT_REASONS } from "../../../src/spark/finished-driver.ts";

const driver = (name: string, rest: Partial<SweptDriver> = {}): SweptDriver => ({
  ...{ namespace: "team-a", name, uid: name, resourceVersion: "7", phase: "Succeeded" },
  ...{ endedAt: Date.parse("2026-11-20T02:00:00Z"), timeToLive: 604_800, timeToLiveFrom: "option" },
  ...{ outcome: "due", ...rest },
});

const NOTHING: SweepReport = {
  ...{ at: Date.parse("2026-11-26T06:00:00Z"), deletes: true },
  ...{ drivers: [], left: [], claims: [], problems: [] },
};

const left = (name: string, reason: SweepReport["left"][number]["reason"], text?: string) => ({
  ...{ namespace: "team-a", name, reason },
  ...(text !== undefined && { text }),
});

const claim = (name: string, storage: string) => ({
  ...{ namespace: "team-a", name, application: "spark-7f3a", storage },
  ...{ owners: [], why: "no owner" as const },
});

describe("the table of a sweep", () => {
  it("has a line for each driver, aligned before any outcome is known", () => {
    const due = [
      driver("etl-driver"),
      driver("nightly-report-driver", {
        ...{ phase: "Failed", timeToLive: 90, timeToLiveFrom: "annotation" },
        ...{ outcome: "failed", text: '403 pods "x" is\nforbidden' },
      }),
    ];
    const { titles, lineOf } = sweepTable(due);
    assert.deepEqual(
      [titles, ...due.map(lineOf)],
      [
        "OUTCOME            NAMESPACE  POD                    PHASE      ENDED                 TIME TO LIVE",
        "would delete       team-a     etl-driver             Succeeded  2026-11-20T02:00:00Z  7d (--older-than)",
        "failed             team-a     nightly-report-driver  Failed     2026-11-20T02:00:00Z  90s (annotation)\n  - 403 pods 'x' is forbidden",
      ],
    );
  });

  it("says times to live as people do, to the second", () => {
    const said = [0, 1, 60, 90, 3600, 5400, 86_400, 90_000].map((timeToLive, index) => {
      const one = driver(String(index), { timeToLive });
      return /(\w+) \(/.exec(sweepTable([one]).lineOf(one))?.[1];
    });
    assert.deepEqual(said, ["0s", "1s", "1m", "90s", "1h", "90m", "1d", "25h"]);
  });
});

describe("the summary of a sweep", () => {
  it("of a dry run says that nothing was deleted, and how to", () => {
    const report = {
      ...NOTHING,
      deletes: false,
      drivers: [driver("a")],
      left: [left("b", "not-yet")],
    };
    assert.equal(
      sweepSummary(report),
      "2 driver Pods: 1 would be deleted; nothing was deleted: say --delete\nleft alone: 1 within their time to live",
    );
  });

  it("counts what became of drivers, and what there was none of not", () => {
    const outcomes = ["deleted", "deleted", "gone", "changed", "failed", "not-tried"] as const;
    const drivers = outcomes.map((outcome) => driver("a", { outcome }));
    assert.equal(
      sweepSummary({ ...NOTHING, drivers }),
      "6 driver Pods: 2 deleted, 1 gone already, 1 changed meanwhile, 1 failed, 1 not tried",
    );
    assert.equal(sweepSummary(NOTHING), "0 driver Pods: 0 deleted");
    assert.equal(
      sweepSummary({ ...NOTHING, problems: ["cannot list"] }),
      "Not all could be looked at: there may be more than this.\n0 driver Pods: 0 deleted",
    );
  });

  it("names Pods that somebody has to mend, and claims", () => {
    const report = {
      ...NOTHING,
      left: [
        left("a", "not-finished"),
        left("b", "bad-time-to-live", "metadata.annotations[x]: is\tbad"),
      ],
      claims: [claim("exec-1-pvc-0", "500Gi"), claim("exec-10-pvc-0", "")],
    };
    assert.equal(
      sweepSummary(report),
      `Left alone, and to be mended by hand:
  team-a/b: metadata.annotations[x]: is bad

Claims that no application needs any more, and that no sweep deletes:
  team-a/exec-1-pvc-0   500Gi  spark-7f3a  no owner
  team-a/exec-10-pvc-0  -      spark-7f3a  no owner

2 driver Pods: 0 deleted
left alone: 1 not finished, 1 with an annotation that is no time to live`,
    );
  });

  it("has words for every reason", () => {
    const all = { ...NOTHING, left: LEFT_REASONS.map((reason) => left("a", reason)) };
    const [, counts = ""] = sweepSummary(all).split("left alone: ");
    assert.equal(counts.split(", 1 ").length, LEFT_REASONS.length);
    assert.doesNotMatch(counts, /undefined/);
  });
});

describe("the JSON of a sweep", () => {
  it("has all of it, with times that people read", () => {
    const report = {
      ...NOTHING,
      drivers: [driver("a", { outcome: "failed", text: "no" })],
      left: [left("b", "operator")],
      claims: [claim("c", "1Gi")],
      problems: ["cannot \u202e list"],
    };
    const json = sweepJson(report);
    assert.doesNotMatch(json, /\u202e/);
    assert.deepEqual(JSON.parse(json), {
      ...{ apiVersion: "sparkgate.io/v1alpha1", kind: "SweepReport" },
      ...{ at: "2026-11-26T06:00:00Z", deletes: true },
      drivers: [
        {
          ...{ namespace: "team-a", name: "a", uid: "a", resourceVersion: "7", phase: "Succeeded" },
          ...{ endedAt: "2026-11-20T02:00:00Z", timeToLiveSeconds: 604_800 },
          ...{ timeToLiveFrom: "--older-than", outcome: "failed", text: "no" },
        },
      ],
      left: report.left,
      claims: report.claims,
      problems: report.problems,
    });
  });
});
