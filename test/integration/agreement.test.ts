// The webhook over HTTPS, `review`, `check` and `explain`, each a process of its own, on the same objects: recorded Pods
// under policies with every mode, a date, a rollout, an exception and every kind of rule.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import jsonpatch, { type Operation } from "fast-json-patch";
import type { AdmissionReviewAnswer } from "../../src/admission/answer.ts";
import { loadPolicySet } from "../../src/commands/policy-options.ts";
import type { Pod } from "../../src/kubernetes/pod.ts";
import { redactChange } from "../../src/spark/redact.ts";
import { policyText } from "../fixtures/policies.ts";
import { recordedReviews, type RecordedReview } from "../fixtures/recorded-reviews.ts";
import { file, sparkgate } from "./cli/run-sparkgate.ts";
import { send, startTestServer } from "./server/test-server.ts";

const AT = "2027-01-10T12:00:00Z";

const POLICIES = [
  policyText("spot", {
    mode: "Enforce",
    match: { roles: ["executor"] },
    placement: { capacity: "spot", onDemand: { percent: 50 } },
  }),
  policyText("drivers", {
    mode: "Enforce",
    rollout: { percent: 50 },
    match: { roles: ["driver"] },
    placement: { capacity: "on-demand" },
  }),
  policyText("team", { mode: "Enforce", metadata: { labels: { team: "{{app.name}}" } } }),
  policyText("disks", { mode: "Warn", localDirs: { diskNodes: "Preferred" } }),
  policyText("digests", { mode: "Audit", images: { pin: "Digest" } }),
  policyText("latest", {
    mode: "Enforce",
    documentation: "https://wiki.example.com/images",
    images: {},
  }),
  policyText("dated", {
    mode: "Enforce",
    enforceFrom: "2027-01-15",
    deny: { when: "spark.role == 'driver'", message: "{{app.name}} is a driver" },
  }),
  policyText("ended", {
    mode: "Enforce",
    deny: {
      when: "spark.role == 'driver' && object.spec.restartPolicy == 'Never'",
      message: "{{request.name}} may not",
      ask: "#spark",
    },
  }),
  policyText("fails", { onError: "Allow", deny: { when: "quotas.size() == 0", message: "no" } }),
  JSON.stringify({
    apiVersion: "sparkgate.io/v1alpha1",
    kind: "SparkPolicyException",
    metadata: { name: "leave" },
    spec: {
      subjects: [
        { matchConditions: [{ name: "half", expression: 'has(app.id) && app.id < "spark-8"' }] },
      ],
      policies: ["ended"],
      reason: "r",
      owner: "o",
      expiresAt: "2027-01-11",
    },
  }),
].join("\n---\n");

const policies = file("policies.yaml", POLICIES);
const options = [
  "--policies",
  policies,
  "--platform",
  "karpenter",
  "--mode",
  "AsWritten",
  "--at",
  AT,
];

/** One driver and one executor of every third scenario: each is five processes. */
const reviews = recordedReviews().filter(
  ({ file: name }, index) => index % 5 === 0 || name.includes("latest"),
);

interface Finding {
  readonly policy: string;
  readonly action: string;
  readonly field: string;
  readonly text: string;
}

interface Judged {
  readonly verdict: string;
  readonly findings: readonly Finding[];
  readonly after?: Pod;
}

/** What a command says of the objects, in their order. */
function judged(command: "check" | "explain", objects: string): readonly Judged[] {
  const { stdout, stderr } = sparkgate([command, objects, ...options, "-o", "json"]);
  assert.equal(stderr, "");
  return (JSON.parse(stdout) as { objects: readonly Judged[] }).objects;
}

/** The findings by which an answer refuses, as kubectl shows them. */
function causesOf({ response }: AdmissionReviewAnswer): readonly string[] {
  return (response.status?.details.causes ?? []).map(
    ({ field, message }) => `${field}: ${message}`,
  );
}

function patched({ response }: AdmissionReviewAnswer, object: Pod): Pod {
  const patch = Buffer.from(response.patch ?? "W10=", "base64").toString("utf8");
  const operations = JSON.parse(patch) as Operation[];
  return jsonpatch.applyPatch(structuredClone(object), operations, true).newDocument;
}

describe("webhook, review, check and explain", () => {
  it("agree on every object", async (t) => {
    const server = await startTestServer(t, {
      loadPolicySet: () =>
        loadPolicySet({ policies: [policies], platform: "karpenter", mode: "AsWritten" }),
      now: () => Date.parse(AT),
    });
    const objects = file(
      "objects.yaml",
      reviews.map(({ request }) => JSON.stringify(inNamespace(request))).join("\n---\n"),
    );
    const [checked, explained] = [judged("check", objects), judged("explain", objects)];
    assert.equal(checked.length, reviews.length);
    const verdicts = new Set<string>();
    const actions = new Set<string>();
    for (const [index, review] of reviews.entries()) {
      const body = JSON.stringify({
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        request: { ...review.request, userInfo: undefined, object: inNamespace(review.request) },
      });
      const { text } = await send(server, body);
      const { stdout } = sparkgate(["review", "-", ...options], body);
      const webhook = JSON.parse(text) as AdmissionReviewAnswer;
      assert.deepEqual(JSON.parse(stdout), webhook, `review: ${review.file}`);

      const check = checked[index];
      const explain = explained[index];
      assert.ok(check !== undefined && explain !== undefined);
      assert.deepEqual(explain.findings, check.findings, `explain: ${review.file}`);
      assert.equal(explain.verdict, check.verdict);
      assert.equal(check.verdict === "denied", !webhook.response.allowed, review.file);
      const denials = check.findings.filter(({ action }) => action === "deny");
      assert.deepEqual(
        denials.map((found) => `${found.field}: [sparkgate:${found.policy}] ${found.text}`),
        causesOf(webhook),
      );
      if (webhook.response.allowed) {
        const before = inNamespace(review.request);
        const { after } = redactChange({ before, after: patched(webhook, before) });
        const unchanged = redactChange({ before, after: before }).after;
        assert.deepEqual(check.after ?? unchanged, after, review.file);
        assert.deepEqual(explain.after, check.after);
      }
      verdicts.add(check.verdict);
      for (const { action } of check.findings) actions.add(action);
    }
    assert.deepEqual([...verdicts].sort(), ["changed", "denied"]);
    for (const action of ["deny", "change", "would-deny", "would-change", "except", "error"]) {
      assert.ok(actions.has(action), `no finding is ${action}: ${[...actions].join(", ")}`);
    }
  });
});

/** The API server fills in the namespace before it asks; in a recording it may be in the request alone. */
function inNamespace({ object, namespace }: RecordedReview["request"]): Pod {
  return { ...object, metadata: { ...object.metadata, namespace } };
}
