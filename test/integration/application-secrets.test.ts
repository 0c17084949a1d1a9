// The secrets of operators' objects are in nothing that Sparkgate writes. Each place of each kind has one of its own.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { stringify } from "yaml";
import type { AdmissionReviewAnswer } from "../../src/admission/answer.ts";
import { seededApplications } from "../fixtures/hostile/application-secrets.ts";
import { leaksOf } from "../fixtures/hostile/secrets.ts";
import { file, ROOT, sparkgate } from "./cli/run-sparkgate.ts";
import { startChildServer } from "./server/child-server.ts";
import { get, send } from "./server/test-server.ts";

const POLICIES = [
  ...["--policies", "strict", "--platform", "karpenter", "--policies"],
  join(ROOT, "test/fixtures/hostile/application-policies.yaml"),
];

const applications = seededApplications();
const before = seededApplications();
const secrets = new Map([...applications, ...before].flatMap((one) => [...one.secrets]));

function assertNoLeak(text: string, what: string): void {
  assert.notEqual(text, "", what);
  assert.deepEqual(leaksOf(text, secrets), [], what);
}

function reviewOf(index: number, request: object): string {
  const { kind, object } = applications[index] ?? {};
  const [group = "", version = ""] = kind?.[0].split("/") ?? [];
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      ...{ uid: "u", operation: "CREATE", namespace: "team-a", name: "nightly", object },
      kind: { group, version, kind: kind?.[1] },
      ...request,
    },
  });
}

/** What a job has with something of another type in place of each text that is a secret, or around it. */
const malformed = (object: object): readonly object[] => {
  const text = JSON.stringify(object);
  return [
    JSON.parse(text.replaceAll(/"(s3cr3t\w+)"/g, '["$1"]')) as object,
    JSON.parse(text.replaceAll(/"(s3cr3t\w+)"/g, '{"$1":"$1"}')) as object,
    { ...object, spec: text },
    { ...object, spec: [object] },
  ];
};

const reviews = applications.flatMap(({ object }, index) => [
  ...[false, true].map((dryRun) => reviewOf(index, { dryRun })),
  reviewOf(index, { operation: "UPDATE", oldObject: before[index]?.object }),
  ...malformed(object).map((changed) => reviewOf(index, { object: changed })),
]);

describe("secrets of operators' objects are not in", () => {
  for (const mode of ["Enforce", "Warn", "Audit"]) {
    it(`answers, log and metrics: mode ${mode}`, { timeout: 120_000 }, async () => {
      const server = await startChildServer([...POLICIES, "--mode", mode]);
      const told: string[] = [];
      for (const text of reviews) {
        for (const path of ["/validate", "/mutate"]) {
          const answer = await send(server, text, { path });
          assert.equal(answer.status, 200);
          told.push(answer.text);
          const { response } = JSON.parse(answer.text) as AdmissionReviewAnswer;
          assert.equal(response.patch, undefined);
        }
        const broken = await send(server, text.slice(0, -10), { path: "/validate" });
        assert.equal(broken.status, 400);
        assertNoLeak(broken.text, "HTTP 400");
      }
      const answers = told.join("\n");
      assertNoLeak(answers, "the answers");
      // Policies did print them, and stumble over them.
      if (mode !== "Audit") {
        assert.match(answers, /\(hidden\)/);
        assert.match(answers, /could not be evaluated/);
      }
      assertNoLeak(server.output(), "the log");
      assert.match(server.output(), /a policy could not be evaluated/);
      assertNoLeak((await get(server, "/metrics")).text, "the metrics");
    });
  }

  const files = applications.map(({ object }, index) =>
    file(`application-${index}.json`, JSON.stringify(object)),
  );
  const changed = applications.flatMap(({ object }, index) =>
    malformed(object).map((one, which) =>
      file(`application-${index}-${which}.json`, JSON.stringify(one)),
    ),
  );
  const reviewFiles = reviews.slice(0, 3).map((text, index) => file(`review-${index}.json`, text));
  const commands: readonly (readonly string[])[] = [
    ...["table", "json", "diff"].flatMap((format) =>
      ["Enforce", "Warn", "Audit"].map((mode) => [
        ...["check", ...files, "-o", format, "--mode", mode],
      ]),
    ),
    ...["table", "json"].map((format) => ["check", ...changed, "-o", format]),
    ["explain", ...files],
    ["explain", ...files, "-o", "json"],
    ["explain", ...changed],
    ...reviewFiles.flatMap((one) => [
      ["review", one, "--validating"],
      ["review", one, "--validating", "--mode", "Warn"],
    ]),
    ["review", file("broken-review.json", reviews[0]?.slice(0, -10) ?? "")],
  ];
  for (const [index, command] of commands.entries()) {
    const shown = command.filter((word) => !word.startsWith("/")).join(" ");
    it(`the output of ${shown} (${index})`, () => {
      const { stdout, stderr } = sparkgate([...command, ...POLICIES]);
      assertNoLeak(stdout + stderr, shown);
      assert.doesNotMatch(stderr, /application-policies/);
    });
  }

  it("what is told of a file that is no YAML", () => {
    const [secret = ""] = secrets.keys();
    const text = stringify({ ...applications[0]?.object, spec: {} });
    const slip = file("slip.yaml", `${text}password: !${secret} x\n`);
    const { stderr } = sparkgate(["check", slip, ...POLICIES]);
    assertNoLeak(stderr, "a tag");
    assert.match(stderr, /is a tag to YAML/);
  });
});
