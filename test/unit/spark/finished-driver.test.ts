import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  judgeDriver,
  type LeftReason,
  type SweepTerms,
} from "../../../src/spark/finished-driver.ts";
import { TTL_ANNOTATION } from "../../../src/spark/time-to-live.ts";
import { ENDED, finishedDriver, type FinishedDetails } from "../../fixtures/finished-drivers.ts";
import { executorPod } from "../../fixtures/pods.ts";

const DAY = 86_400;
const NOW = Date.parse(ENDED) + 3 * DAY * 1000;
const TERMS: SweepTerms = { at: NOW, olderThan: undefined, keepFailed: false };
const annotated = (seconds: string) => ({ annotations: { [TTL_ANNOTATION]: seconds } });

const due: readonly (readonly [string, FinishedDetails, Partial<SweepTerms>])[] = [
  ["its annotation's time has passed", annotated("86400"), {}],
  ["its time ends now, to the second", annotated(String(3 * DAY)), {}],
  ["its annotation leaves it no time", annotated("0"), {}],
  ["it has failed", { ...annotated("60"), phase: "Failed" }, {}],
  ["it has no annotation and the default's time has passed", {}, { olderThan: 2 * DAY }],
  ["its annotation says less than the default", annotated("60"), { olderThan: 30 * DAY }],
  ["it has succeeded, and failed ones are kept", annotated("60"), { keepFailed: true }],
  [
    "an owner that is no controller is there: the garbage collector goes by that one",
    {
      ...annotated("60"),
      metadata: {
        ownerReferences: [
          { kind: "Pod", name: "launcher", uid: "u" },
          { kind: "Workflow", name: "nightly", uid: "v", controller: false },
        ],
      },
    },
    {},
  ],
  [
    "a label of no operator looks like one",
    { ...annotated("60"), labels: { constructor: "x" } },
    {},
  ],
];

const owned = { ownerReferences: [{ kind: "Job", name: "j", uid: "u", controller: true }] };
const evictedAtUnknownTime = { phase: "Failed", startTime: "2026-11-01T00:00:00Z" };

const left: readonly (readonly [LeftReason, string, FinishedDetails, Partial<SweepTerms>])[] = [
  ["not-finished", "it runs", { ...annotated("0"), phase: "Running" }, {}],
  ["not-finished", "it waits", { ...annotated("0"), phase: "Pending" }, {}],
  ["not-finished", "its node is lost", { ...annotated("0"), phase: "Unknown" }, {}],
  ["not-finished", "it has no phase", { ...annotated("0"), status: {} }, {}],
  [
    "being-deleted",
    "somebody deletes it",
    { ...annotated("0"), metadata: { deletionTimestamp: ENDED } },
    {},
  ],
  ["no-time-to-live", "neither it nor the default says a time", {}, {}],
  ["not-yet", "a second is left", annotated(String(3 * DAY + 1)), {}],
  ["not-yet", "the default leaves it a second", {}, { olderThan: 3 * DAY + 1 }],
  [
    "not-yet",
    "its annotation leaves it more than the default",
    annotated("9999999999"),
    { olderThan: 0 },
  ],
  [
    "not-yet",
    "it ends in the future, by a clock that is ahead",
    { ...annotated("0"), endedAt: "2026-12-01T00:00:00Z" },
    {},
  ],
  [
    "keep-failed",
    "failed ones are kept, whatever it says",
    { ...annotated("0"), phase: "Failed" },
    { keepFailed: true },
  ],
  [
    "operator",
    "Kubeflow's operator made it",
    { ...annotated("0"), labels: { "sparkoperator.k8s.io/app-name": "etl" } },
    {},
  ],
  [
    "operator",
    "Apache's operator made it",
    { ...annotated("0"), labels: { "spark.operator/spark-app-name": "etl" } },
    {},
  ],
  ["controller", "a Job made it", { ...annotated("0"), metadata: owned }, {}],
  [
    "end-unknown",
    "nothing says when it was evicted",
    { ...annotated("0"), status: evictedAtUnknownTime },
    {},
  ],
  ["bad-time-to-live", "its annotation has a unit", annotated("7d"), { olderThan: 0 }],
  ["bad-time-to-live", "its annotation is negative", annotated("-1"), { olderThan: 0 }],
  ["bad-time-to-live", "its annotation is empty", annotated(""), { olderThan: 0 }],
  ["bad-time-to-live", "its annotation is a fraction", annotated("1.5"), { olderThan: 0 }],
  ["unreadable", "it has no uid", { ...annotated("0"), metadata: { uid: "" } }, {}],
  [
    "unreadable",
    "it has no version",
    { ...annotated("0"), metadata: { resourceVersion: null } },
    {},
  ],
  [
    "unreadable",
    "its labels are none",
    { ...annotated("0"), metadata: { labels: { "spark-role": "driver", x: 1 } } },
    {},
  ],
  [
    "not-a-driver",
    "its label is another",
    { ...annotated("0"), labels: { "spark-role": "connect-server" } },
    {},
  ],
  ["not-a-driver", "it has no label", { ...annotated("0"), metadata: { labels: {} } }, {}],
  [
    "not-a-driver",
    "a kubelet mirrors it",
    { annotations: { [TTL_ANNOTATION]: "0", "kubernetes.io/config.mirror": "x" } },
    {},
  ],
  [
    "not-a-driver",
    "it holds YuniKorn's place",
    { annotations: { [TTL_ANNOTATION]: "0", "yunikorn.apache.org/placeholder": "true" } },
    {},
  ],
];

describe("a finished driver", () => {
  for (const [what, details, terms] of due) {
    it(`is to be deleted where ${what}`, () => {
      assert.equal(judgeDriver(finishedDriver(details), { ...TERMS, ...terms }).kind, "due");
    });
  }

  it("is named as it was seen, with the time to live and where that is from", () => {
    const seen = {
      ...{ namespace: "team-a", name: "etl-driver", uid: "uid-of-etl-driver" },
      ...{ resourceVersion: "7", phase: "Succeeded", endedAt: Date.parse(ENDED) },
    };
    assert.deepEqual(judgeDriver(finishedDriver(annotated("60")), { ...TERMS, olderThan: 1 }), {
      kind: "due",
      driver: { ...seen, timeToLive: 60, timeToLiveFrom: "annotation" },
    });
    assert.deepEqual(judgeDriver(finishedDriver(), { ...TERMS, olderThan: 1 }), {
      kind: "due",
      driver: { ...seen, timeToLive: 1, timeToLiveFrom: "option" },
    });
  });

  for (const [reason, what, details, terms] of left) {
    it(`stays where ${what}`, () => {
      const verdict = judgeDriver(finishedDriver(details), { ...TERMS, ...terms });
      assert.equal(verdict.kind === "left" && verdict.reason, reason);
    });
  }

  it("stays with a word to whoever can mend it", () => {
    const verdict = judgeDriver(finishedDriver(annotated("7d")), TERMS);
    assert.deepEqual(verdict, {
      kind: "left",
      reason: "bad-time-to-live",
      text: `metadata.annotations[${TTL_ANNOTATION}]: must be a whole number of seconds, such as 86400`,
    });
  });

  it("is no executor, and nothing that is no Pod", () => {
    for (const object of [executorPod(1), {}, null, undefined, [], 1, "Pod"]) {
      assert.equal(judgeDriver(object, { ...TERMS, olderThan: 0 }).kind, "left");
    }
  });
});
