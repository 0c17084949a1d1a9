// What a file says does not write to the terminal of who checks it, nor turn a line around.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { escapeUnseen } from "../../../src/engine/text.ts";
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

/** Escaped, since a file with such characters as they are is refused. */
const jsonFile = (name: string, value: unknown) => file(name, escapeUnseen(JSON.stringify(value)));

const pod = uncleanPod();
const podFile = jsonFile("unclean.json", pod);
const malformed = jsonFile("malformed.json", {
  ...(pod as object),
  spec: { [UNCLEAN]: 1, containers: UNCLEAN },
});
const otherKind = jsonFile("other.json", { kind: UNCLEAN, metadata: { name: UNCLEAN } });
const review = jsonFile("review.json", {
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: { ...recorded?.request, uid: UNCLEAN, namespace: UNCLEAN, object: pod },
});
const testFile = jsonFile("test.yaml", {
  apiVersion: "sparkgate.io/v1alpha1",
  kind: "SparkPolicyTest",
  metadata: { name: "pin-images" },
  spec: {
    platform: "karpenter",
    cases: [
      {
        name: UNCLEAN,
        object: pod,
        expect: { verdict: "skipped", object: { metadata: { name: `${UNCLEAN}?` } } },
      },
    ],
  },
});

const policies = ["--policies", "strict", "--policies", POLICIES, "--platform", "karpenter"];
const commands: readonly (readonly [status: number, ...words: readonly string[]])[] = [
  ...["table", "json", "diff"].map(
    (format) => [1, "check", podFile, "-o", format, ...policies] as const,
  ),
  ...["Warn", "Audit"].map((mode) => [0, "check", podFile, "--mode", mode, ...policies] as const),
  [2, "check", malformed, ...policies],
  [0, "check", otherKind, ...policies],
  [1, "explain", podFile, ...policies],
  [1, "explain", podFile, "-o", "json", ...policies],
  [1, "review", review, ...policies],
  [1, "test", testFile, "--policies", "strict"],
  [1, "test", testFile, "--policies", "strict", "-o", "json"],
];

describe("output of the CLI on a Pod of unclean texts", () => {
  for (const [expected, ...command] of commands) {
    const shown = command.map((word) => word.replace(/^.*\//, "")).join(" ");
    it(`is clean lines: ${shown}`, () => {
      const { status, stdout, stderr } = sparkgate(command);
      assert.ok(status === expected, stderr);
      assert.notEqual(stdout + stderr, "");
      // A tab is the diff's own, between a file and what it shows of it.
      const text = `${stdout}\n${stderr}`.replaceAll(/\t(?=as (?:sent|admitted)$)/gm, " ");
      for (const line of text.split("\n")) assertCleanLine(line, 20_000);
    });
  }
});
