import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfDraft } from "../../../src/engine/conf-draft.ts";
import { SparkConf } from "../../../src/spark/spark-conf.ts";

const team = { role: "driver", field: "labels", key: "team" } as const;
const change = { text: "risk", replaces: false };

describe("the draft of a conf", () => {
  it("keeps what was foreseen for a role, of the first that speaks", () => {
    const draft = new ConfDraft(new SparkConf(new Map()));
    assert.equal(draft.foresee(team, change), true);
    assert.equal(draft.foresee(team, { ...change, text: "other" }), false);
    assert.deepEqual(draft.foreseen(team), change);
    assert.equal(draft.foreseen({ ...team, role: "executor" }), undefined);
    assert.equal(draft.foreseen({ ...team, field: "annotations" }), undefined);
  });

  it("forgets what a policy said that is undone", () => {
    const draft = new ConfDraft(new SparkConf(new Map()));
    const mark = draft.mark();
    draft.foresee(team, change);
    draft.set("spark.a", "1");
    draft.rollBack(mark);
    assert.deepEqual([draft.foreseen(team), draft.added, draft.conf.keys()], [undefined, [], []]);
    assert.equal(draft.foresee(team, { ...change, text: "other" }), true);
  });
});
