// A job's secrets are in nothing that Sparkgate writes. Each place of a Pod has one of its own, and all are looked for.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { AdmissionReviewAnswer } from "../../src/admission/answer.ts";
import { leaksOf, seededPod } from "../fixtures/hostile/secrets.ts";
import { file, ROOT, sparkgate } from "./cli/run-sparkgate.ts";
import { startChildServer } from "./server/child-server.ts";
import { get, send } from "./server/test-server.ts";

const FIXTURES = join(ROOT, "test/fixtures/hostile");
const POLICIES = [
  ...["--policies", "strict", "--policies", join(FIXTURES, "policies.yaml")],
  ...["--policies", join(FIXTURES, "failing-policies.yaml"), "--platform", "karpenter"],
];
/** Without those that refuse, so that there are patches and diffs. */
const HARMLESS = [
  ...["--policies", "strict", "--policies", join(FIXTURES, "policies.yaml")],
  ...["--platform", "karpenter"],
];

const pods = (["driver", "executor"] as const).flatMap((role) => [
  seededPod(role, "reg.acme.com/spark:4.0.1"),
  seededPod(role, "reg.acme.com/spark:latest"),
]);
const secrets = new Map(pods.flatMap((seeded) => [...seeded.secrets]));

/** What cannot be read as a Pod, by a fault beside secrets or in the place of one. */
const malformed = pods.flatMap(({ pod }) => [
  { ...pod, spec: 1 },
  JSON.parse(JSON.stringify(pod).replace('"name":"AWS_SECRET_ACCESS_KEY",', "")) as object,
  JSON.parse(JSON.stringify(pod).replaceAll(/"value":"(s3cr3t\w+)"/g, '"value":["$1"]')) as object,
  JSON.parse(JSON.stringify(pod).replaceAll(/"(s3cr3t\w+)"\]/g, '{"$1":"$1"}]')) as object,
]);

const reviews = [...pods.map(({ pod }) => pod), ...malformed].flatMap((object) =>
  [false, true].map((dryRun) => ({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "u",
      kind: { group: "", version: "v1", kind: "Pod" },
      operation: "CREATE",
      namespace: "team-a",
      name: "etl",
      dryRun,
      object,
    },
  })),
);

function assertNoLeak(text: string, what: string): void {
  assert.notEqual(text, "", what);
  assert.deepEqual(leaksOf(text, secrets), [], what);
}

/** An answer with its patch readable. */
function readable(text: string): string {
  const { response } = JSON.parse(text) as AdmissionReviewAnswer;
  return `${text}\n${Buffer.from(response.patch ?? "", "base64").toString()}`;
}

describe("secrets are not in", () => {
  for (const policies of [POLICIES, HARMLESS]) {
    for (const mode of ["Enforce", "Warn", "Audit"]) {
      const set = policies === POLICIES ? "policies that fail" : "policies that change";
      it(`answers, log and metrics: ${set}, mode ${mode}`, { timeout: 60_000 }, async () => {
        const server = await startChildServer([...policies, "--mode", mode]);
        const seen = { patched: 0, denied: 0, warned: 0 };
        for (const review of reviews) {
          const text = JSON.stringify(review);
          for (const path of ["/mutate", "/validate"]) {
            const answer = await send(server, text, { path });
            assert.equal(answer.status, 200);
            assertNoLeak(readable(answer.text), "an answer");
            const { response } = JSON.parse(answer.text) as AdmissionReviewAnswer;
            if (response.patch !== undefined) seen.patched++;
            if (!response.allowed) seen.denied++;
            if (response.warnings !== undefined) seen.warned++;
          }
          const broken = await send(server, text.slice(0, -10));
          assert.equal(broken.status, 400);
          assertNoLeak(broken.text, "HTTP 400");
        }
        assert.ok(seen.denied > 0 && (mode === "Audit" || seen.warned > 0), JSON.stringify(seen));
        if (mode === "Enforce") assert.ok(seen.patched > 0, JSON.stringify(seen));
        assertNoLeak(server.output(), "the log");
        assertNoLeak((await get(server, "/metrics")).text, "the metrics");
      });
    }
  }

  const podFiles = pods.map(({ pod }, index) => file(`pod-${index}.json`, JSON.stringify(pod)));
  const reviewFile = file("review.json", JSON.stringify(reviews[0]));
  const badFiles = malformed.map((pod, index) => file(`bad-${index}.json`, JSON.stringify(pod)));
  const badReview = file("bad-review.json", JSON.stringify(reviews[0]).slice(0, -10));
  const cases = pods.map(({ pod }, index) => ({
    name: `case ${index}`,
    object: pod,
    expect: { verdict: "skipped", findings: [], object: { metadata: { name: "other" } } },
  }));
  const testFile = file(
    "test.yaml",
    JSON.stringify({
      apiVersion: "sparkgate.io/v1alpha1",
      kind: "SparkPolicyTest",
      metadata: { name: "pin-images" },
      spec: { cases },
    }),
  );

  for (const policies of [POLICIES, HARMLESS]) {
    const set = policies === POLICIES ? "policies that fail" : "policies that change";
    const commands: readonly (readonly string[])[] = [
      ...["table", "json", "diff"].flatMap((format) =>
        ["Enforce", "Warn", "Audit"].map((mode) => [
          ...["check", ...podFiles, "-o", format, "--mode", mode],
        ]),
      ),
      ["explain", ...podFiles],
      ["explain", ...podFiles, "-o", "json"],
      ["review", reviewFile],
      ["review", reviewFile, "--mode", "Warn"],
      ["review", badReview],
      ...["check", "explain"].map((command) => [command, ...badFiles]),
      ["test", testFile],
      ["test", testFile, "-o", "json"],
    ];
    for (const command of commands) {
      const shown = command.filter((word) => !word.startsWith("/")).join(" ");
      it(`the output of ${shown}: ${set}`, () => {
        const { stdout, stderr } = sparkgate([...command, ...policies]);
        const review = command[0] === "review" && stdout !== "";
        assertNoLeak((review ? readable(stdout) : stdout) + stderr, shown);
      });
    }
  }
});
