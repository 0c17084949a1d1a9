// What is predicted of the command lines of recorded runs, against the Pods that those runs really made.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { scenarios, type Scenario } from "../e2e/recording/scenarios.ts";
import { shapes } from "../e2e/recording/shapes.ts";
import { submissionArguments } from "../e2e/spark-submit.ts";
import { normalized } from "../e2e/submissions/normalize.ts";
import { predicted } from "../e2e/submissions/predicted.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What the recordings have in place of the real address. */
const SERVER = "https://127.0.0.1:6443";

const VERSIONS = { "3.5": "3.5", "4.1": "4.1", "4": "4.3" } as const;

/** Their executors are Pods of another object, or there are none. */
const WITHOUT_EXECUTORS = /statefulset|deployment|local-master/;

const runs = [...scenarios, ...shapes].filter(
  ({ submission, kind, file }) =>
    submission.deployMode !== "client" && (kind ?? "Pod") === "Pod" && file === undefined,
);

describe("predicted Pods of recorded runs", () => {
  for (const run of runs) {
    describe(run.name, () => {
      const prediction = predictedOf(run);

      it("the driver", () => {
        assert.deepEqual(normalized(prediction.driver), normalized(recorded(run, "driver")));
      });

      it("the first executor", () => {
        const executor = prediction.executor(prediction.driver, prediction.conf);
        if (WITHOUT_EXECUTORS.test(run.name)) {
          assert.equal(executor.kind, "none");
        } else if (existsSync(pathOf(run, "executor-1"))) {
          assert.ok(executor.kind === "predicted");
          assert.deepEqual(normalized(executor.pod), normalized(recorded(run, "executor-1")));
        }
      });
    });
  }
});

function predictedOf({ submission, templates = {}, line }: Scenario) {
  const files = Object.entries(templates).map(
    ([role, template]) => [role, `${role}.yaml`, template] as const,
  );
  const conf = {
    ...submission.conf,
    ...Object.fromEntries(
      files.map(([role, file]) => [`spark.kubernetes.${role}.podTemplateFile`, file]),
    ),
  };
  const prediction = predicted(submissionArguments(SERVER, { ...submission, conf }), {
    version: VERSIONS[line],
    templates: Object.fromEntries(files.map(([, file, template]) => [file, template])),
  });
  assert.ok(prediction.kind === "predicted");
  return prediction;
}

function pathOf({ directory }: Scenario, name: string): string {
  return join(ROOT, directory, `${name}.json`);
}

function recorded(run: Scenario, name: string): unknown {
  const review = JSON.parse(readFileSync(pathOf(run, name), "utf8")) as {
    readonly request: { readonly object: unknown };
  };
  return review.request.object;
}
