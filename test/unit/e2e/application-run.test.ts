// What the interruption suite and npm run bench:spot count in Spark's event log.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { applicationRun } from "../../e2e/application-run.ts";
import { eventsOf } from "../../e2e/event-log.ts";

const runOf = (text: string) => applicationRun(eventsOf(text));

const event = (name: string, fields: object = {}) =>
  `${JSON.stringify({ Event: `SparkListener${name}`, ...fields })}\n`;

const task = (name: "TaskStart" | "TaskEnd", stage: string, partition: number, reason = "") => {
  const [id, attempt] = stage.split(".").map(Number);
  return event(name, {
    "Stage ID": id,
    "Stage Attempt ID": attempt,
    "Task Info": { "Partition ID": partition, Index: 0 },
    ...(name === "TaskEnd" && { "Task End Reason": { Reason: reason } }),
  });
};

const ran = (stage: string, partition: number, reason = "Success") =>
  task("TaskStart", stage, partition) + task("TaskEnd", stage, partition, reason);

const moved = (block: string, size: number) =>
  event("BlockUpdated", { "Block Updated Info": { "Block ID": block, "Disk Size": size } });

describe("the event log of an application", () => {
  it("that nothing happened to has nothing that was run again", () => {
    const text =
      event("ApplicationStart", { Timestamp: 0 }) +
      event("JobStart", { "Submission Time": 1000 }) +
      ran("0.0", 0) +
      ran("0.0", 1) +
      event("StageCompleted") +
      ran("1.0", 0) +
      event("ApplicationEnd", { Timestamp: 3500 });
    assert.deepEqual(runOf(text), {
      ...{ stagesCompleted: 1, stagesRunAgain: 0, tasksRunAgain: 0, stagesTriedAgain: 0 },
      ...{ fetchFailures: 0, executorsLost: 0, blocksMoved: 0, bytesMoved: 0 },
      seconds: 2.5,
    });
  });

  it("tells what was computed again from what was only tried again", () => {
    const text =
      ran("0.0", 0) +
      ran("0.0", 1) +
      ran("1.0", 0) +
      ran("1.0", 1, "FetchFailed") +
      // The output of one partition was lost; the other stage finishes what it had not.
      ran("0.1", 1) +
      ran("1.1", 1);
    const run = runOf(text);
    assert.deepEqual([run.stagesRunAgain, run.tasksRunAgain], [1, 1]);
    assert.deepEqual([run.stagesTriedAgain, run.fetchFailures], [2, 1]);
  });

  it("counts what is run again within an attempt, when its executor is lost before the stage ends", () => {
    const run = runOf(ran("0.0", 0) + ran("0.0", 0, "Resubmitted") + ran("0.0", 0));
    assert.deepEqual([run.stagesRunAgain, run.tasksRunAgain, run.stagesTriedAgain], [1, 1, 0]);
  });

  it("counts a block that moves once, with the bytes of its index, and an executor that goes once", () => {
    const text =
      moved("shuffle_0_5_0.data", 900) +
      moved("shuffle_0_5_0.index", 100) +
      moved("rdd_3_1", 5000) +
      event("ExecutorRemoved", { "Executor ID": "3" }) +
      event("ExecutorRemoved", { "Executor ID": "3" });
    const run = runOf(text);
    assert.deepEqual([run.blocksMoved, run.bytesMoved, run.executorsLost], [1, 1000, 1]);
  });

  it("of an application that runs has no end, and may be cut off in a line", () => {
    const text = event("JobStart", { "Submission Time": 1 }) + event("StageCompleted") + '{"Eve';
    const run = runOf(text);
    assert.deepEqual([run.stagesCompleted, run.seconds], [1, undefined]);
  });
});
