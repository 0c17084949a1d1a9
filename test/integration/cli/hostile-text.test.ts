// What a file says does not write to the terminal of who checks it, nor turn a line around.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { changedAt, placesOf, UNCLEAN, valueAt } from "../../fixtures/hostile/places.ts";
import { recordedReviews } from "../../fixtures/recorded-reviews.ts";
import { assertCleanLine } from "../../fixtures/valid-answer.ts";
import { file, ROOT, sparkgate } from "./run-sparkgate.ts";

const POLICIES = join(ROOT, "test/fixtures/hostile/policies.yaml");
const recorded = recordedReviews().find(({ file: name }) =>
  name.endsWith("spark-3.5-pod-template/driver.json"),
);

/** The Pod with each of its texts made unclean, but for those without which it is no Pod of Spark's. */
function uncleanPod(): unknown {
  const pod: unknown = recorded?.request.object;
  const kept = /^(?:kind|apiVersion)$|spark-role|creationTimestamp/;
  return placesOf(pod)
    .filter(({ path }) => typeof valueAt(pod, path) === "string" && !kept.test(String(path.at(-1))))
    .filter(({ what }) => what === "value")
    .reduce((made, place) => changedAt(made, place, UNCLEAN), pod);
}

const pod = uncleanPod();
const podFile = file("unclean.json", JSON.stringify(pod));
const malformed = file(
  "malformed.json",
  JSON.stringify({ ...(pod as object), spec: { [UNCLEAN]: 1, containers: UNCLEAN } }),
);
const otherKind = file(
  "other.json",
  JSON.stringify({ kind: UNCLEAN, metadata: { name: UNCLEAN } }),
);
const review = file(
  "review.json",
  JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { ...recorded?.request, uid: UNCLEAN, namespace: UNCLEAN, object: pod },
  }),
);
const testFile = file(
  "test.yaml",
  JSON.stringify({
    apiVersion: "sparkgate.io/v1alpha1",
    kind: "SparkPolicyTest",
    metadata: { name: "unclean" },
    spec: {
      platform: "karpenter",
      cases: [
        { name: UNCLEAN, object: pod, expect: { verdict: "skipped", patched: { a: UNCLEAN } } },
      ],
    },
  }),
);

const policies = ["--policies", "strict", "--policies", POLICIES, "--platform", "karpenter"];
const commands: readonly (readonly string[])[] = [
  ...["table", "json", "diff"].map((format) => ["check", podFile, "-o", format, ...policies]),
  ...["Warn", "Audit"].map((mode) => ["check", podFile, "--mode", mode, ...policies]),
  ["check", malformed, ...policies],
  ["check", otherKind, ...policies],
  ["explain", podFile, ...policies],
  ["explain", podFile, "-o", "json", ...policies],
  ["review", review, ...policies],
  ["test", testFile, "--policies", "strict"],
  ["test", testFile, "--policies", "strict", "-o", "json"],
];

describe("output of the CLI on a Pod of unclean texts", () => {
  for (const command of commands) {
    const shown = command.map((word) => word.replace(/^.*\//, "")).join(" ");
    it(`is clean lines: ${shown}`, () => {
      const { status, stdout, stderr } = sparkgate(command);
      assert.ok(status !== null && status <= 2, stderr);
      assert.notEqual(stdout + stderr, "");
      for (const line of `${stdout}\n${stderr}`.split("\n")) assertCleanLine(line, 20_000);
    });
  }
});
