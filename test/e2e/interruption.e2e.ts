// What it costs a real job that spot capacity with its executors and their shuffle blocks is taken: without Sparkgate what was
// computed is computed again, with the shipped policies it is not. Counts of Spark's event log; npm run bench:spot has times.
// Runs Pods as processes: needs root and mount namespaces.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { cannotRunPods } from "./process-kubelet.ts";
import { type SpotCluster, type SpotJob, startSpotCluster } from "./spot-cluster.ts";

const JOB: Omit<SpotJob, "policies"> = {
  application: "shuffle.py",
  applicationArguments: ["1000000"],
  // While the JVM of an executor ends that was told to go and does not decommission, it refuses each task that it is given, and
  // after four such refusals of one task Spark gives the job up: npm run bench:spot counts the jobs that end so.
  conf: { "spark.task.maxFailures": "100" },
  // Both tables and the first repartition are written; the join has begun, which needs all of it.
  interruption: { afterStages: 3, executors: 2 },
};

for (const line of ["3.5", "4.1"] as const) {
  describe(`half of the executors of Spark ${line} lost to spot`, { skip: cannotRunPods }, () => {
    let spot: SpotCluster;
    let result = "";

    before(async () => {
      spot = await startSpotCluster(line);
    });

    afterEach((test) => {
      spot.cluster.keepIfFailed(test);
    });

    after(async () => {
      await spot.stop();
    });

    it("cost the stages whose output lay on them, without Sparkgate", async () => {
      const { application, taken, ...run } = await spot.run({ ...JOB, policies: undefined });
      assert.equal(taken.length, 2);
      assert.ok(application.stagesRunAgain > 0, JSON.stringify(application));
      assert.ok(application.tasksRunAgain > 0);
      assert.equal(application.blocksMoved, 0);
      assert.match(run.result, /^\[\('0', \d+, \d+\), /);
      ({ result } = run);
    });

    it("cost no stage with baseline: their blocks are moved within the notice", async () => {
      const { application, taken, ...run } = await spot.run({ ...JOB, policies: "baseline" });
      assert.equal(taken.length, 2);
      assert.equal(application.stagesRunAgain, 0, JSON.stringify(application));
      assert.equal(application.tasksRunAgain, 0);
      assert.ok(application.blocksMoved > 0 && application.bytesMoved > 0);
      assert.equal(run.result, result);
    });
  });
}
