// What dates, exceptions, messages and documentation of policies look like to who creates a Pod.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admit } from "../../../src/admission/admit.ts";
import type { AdmissionResponse, AdmissionReviewAnswer } from "../../../src/admission/answer.ts";
import { driverPod, executorPod, reviewBody } from "../../fixtures/pods.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

const at = Date.UTC(2027, 0, 10);

function answer(texts: readonly string[], pod = driverPod()): AdmissionResponse {
  const set = policySet(texts, { mode: undefined });
  const admission = admit(set, reviewBody(pod), { at });
  assert.equal(admission.kind, "answered");
  return (JSON.parse(admission.answer) as AdmissionReviewAnswer).response;
}

const deny = {
  when: "spark.role == 'driver'",
  field: "metadata.namespace",
  message: "'{{request.namespace}}' has no ResourceQuota",
};

const leave = (expiresAt: string) =>
  JSON.stringify({
    apiVersion: "sparkgate.io/v1alpha1",
    kind: "SparkPolicyException",
    metadata: { name: "leave" },
    spec: {
      subjects: [{ namespaces: ["team-a"] }],
      policies: ["needs-quota"],
      reason: "r",
      owner: "o",
      expiresAt,
    },
  });

describe("answers: a policy that is enforced from a day on", () => {
  it("warns of a refusal, and of a change, with the date", () => {
    const dated = { mode: "Enforce", enforceFrom: "2027-01-15" };
    const { allowed, warnings, auditAnnotations } = answer([
      policyText("needs-quota", { ...dated, deny }),
      policyText("team", { ...dated, metadata: { labels: { team: "risk" } } }),
    ]);
    assert.equal(allowed, true);
    assert.deepEqual(warnings, [
      "[sparkgate:needs-quota] denied from 2027-01-15: metadata.namespace: 'team-a' has no ResourceQuota",
      "[sparkgate:team] changes from 2027-01-15: added team",
    ]);
    assert.equal(auditAnnotations?.["would-be-refused-by"], "needs-quota");
    assert.equal(auditAnnotations["would-be-changed-by"], "team");
  });

  it("warns of what it would take away, and of what it would add", () => {
    const metadata = { labels: { team: "risk", tier: "batch" }, onUserChoice: "Replace" };
    const pod = driverPod({ labels: { team: "mine" } });
    const { warnings } = answer([policyText("team", { mode: "Warn", metadata })], pod);
    assert.deepEqual(warnings, [
      "[sparkgate:team] would change: metadata.labels[team] replaced: 'risk'",
      "[sparkgate:team] would change: added tier",
    ]);
    const enforced = answer([policyText("team", { mode: "Enforce", metadata })], pod);
    assert.deepEqual(enforced.warnings, [
      "[sparkgate:team] metadata.labels[team] replaced: 'risk'",
      "[sparkgate:team] added tier",
    ]);
  });

  it("says nothing to who is out of its rollout, but to the audit log", () => {
    const { warnings, auditAnnotations } = answer([
      policyText("needs-quota", { mode: "Enforce", rollout: { percent: 0 }, deny }),
    ]);
    assert.equal(warnings, undefined);
    assert.equal(auditAnnotations?.["would-be-refused-by"], "needs-quota");
  });
});

describe("answers: a denial by deny", () => {
  const refusal = (more: object, spec: object = {}) =>
    answer([policyText("needs-quota", { mode: "Enforce", ...spec, deny: { ...deny, ...more } })])
      .status?.details.causes[0]?.message;

  it("says what to do, or whom to ask, or neither", () => {
    const start = "[sparkgate:needs-quota] 'team-a' has no ResourceQuota";
    assert.equal(refusal({}), start);
    assert.equal(refusal({ fix: "make one" }), `${start}. Fix: make one`);
    assert.equal(
      refusal({ ask: "#spark-platform" }),
      `${start}. You cannot fix this in the job: ask #spark-platform`,
    );
  });

  it("says where to read more", () => {
    const documentation = "https://wiki.example.com/quotas";
    assert.match(
      refusal({}, { documentation }) ?? "",
      /ResourceQuota\. See https:\/\/wiki\.example\.com\/quotas$/,
    );
  });

  it("is one line without quotes, whatever the message makes of an object", () => {
    const pod = driverPod({ labels: { "spark-app-name": 'a"\u001b[31m\nb' } });
    const { status } = answer(
      [policyText("p", { mode: "Enforce", deny: { when: "true", message: "{{app.name}}" } })],
      pod,
    );
    assert.equal(status?.details.causes[0]?.message, "[sparkgate:p] a'?[31m b");
  });
});

describe("answers: exceptions", () => {
  const policy = policyText("needs-quota", {
    mode: "Enforce",
    denyExecutors: true,
    deny: { ...deny, when: "true" },
  });

  it("admit, and say so in the audit log", () => {
    const { allowed, auditAnnotations } = answer([policy, leave("2027-01-11")]);
    assert.equal(allowed, true);
    assert.equal(auditAnnotations?.["excepted-from"], "needs-quota");
    assert.equal(auditAnnotations["refused-by"], undefined);
  });

  it("that have ended refuse drivers, and warn executors", () => {
    assert.equal(answer([policy, leave("2027-01-10")]).allowed, false);
    const executor = answer([policy, leave("2027-01-10")], executorPod(1));
    assert.equal(executor.allowed, true);
    assert.equal(executor.auditAnnotations?.["not-refused"], "needs-quota");
    assert.equal(answer([policy], executorPod(1)).allowed, false);
  });
});
