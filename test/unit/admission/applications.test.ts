// What the author of an application is answered, and what is counted of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admit } from "../../../src/admission/admit.ts";
import type { AdmissionResponse, AdmissionReviewAnswer } from "../../../src/admission/answer.ts";
import { countAnswered } from "../../../src/server/count-admission.ts";
import { createMetrics } from "../../../src/server/metrics.ts";
import {
  admittedApplication,
  application,
  EVERY_KIND,
  KUBEFLOW,
} from "../../fixtures/applications.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

const set = policySet(
  [
    policyText("pin", { mode: "Enforce", images: {} }),
    policyText("conf", { mode: "Enforce", sparkConf: { set: { "spark.a": "1" } } }),
    policyText("memory", {
      mode: "Warn",
      sparkConf: { limits: { "spark.driver.memory": { max: "4g" } } },
    }),
  ],
  { mode: undefined },
);

async function answered(object: Parameters<typeof admittedApplication>[0], overrides = {}) {
  const { group, version, kind, ...request } = admittedApplication(object, overrides);
  const review = {
    ...{ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" },
    request: { uid: "u", kind: { group, version, kind }, ...request },
  };
  const body = Buffer.from(JSON.stringify(review));
  const admission = admit(set, body, NO_FACTS, "validating");
  assert.equal(admission.kind, "answered");
  const { response } = JSON.parse(admission.answer) as AdmissionReviewAnswer;
  const metrics = createMetrics("0");
  countAnswered(metrics, admission);
  const text = await metrics.registry.metrics();
  return { response, counted: text.split("\n").filter((line) => / 1$/.test(line)) };
}

const causes = ({ status }: AdmissionResponse) =>
  status?.details.causes.map(({ field, message }) => `${field}: ${message}`);

describe("the answer for an application", () => {
  it("refuses it by its kind and name, and counts it by its surface", async () => {
    const { response, counted } = await answered(application(KUBEFLOW, { image: "reg/spark" }));
    assert.equal(response.allowed, false);
    assert.equal(
      response.status?.message,
      "Sparkgate refused SparkApplication nightly: 1 problem (policy, not RBAC). (1) [pin] spec.image: 'reg/spark' has no tag. Fix: spec.image: reg/spark:TAG (or @sha256:DIGEST)",
    );
    assert.deepEqual(
      [response.status.details.kind, response.status.details.name],
      ["SparkApplication", "nightly"],
    );
    assert.deepEqual(causes(response), [
      "spec.image: [sparkgate:pin] 'reg/spark' has no tag. Fix: spec.image: reg/spark:TAG (or @sha256:DIGEST)",
    ]);
    assert.equal(response.auditAnnotations?.["refused-by"], "pin");
    assert.ok(
      counted.includes(
        'sparkgate_admission_requests_total{surface="application",role="none",operation="CREATE",admission="validating",verdict="denied",dry_run="false"} 1',
      ),
      counted.join("\n"),
    );
    assert.ok(
      counted.includes(
        'sparkgate_policy_findings_total{policy="pin",mode="Enforce",action="deny"} 1',
      ),
    );
  });

  it("warns of what is only warned of, and of what becomes of the conf", async () => {
    const spec = { driver: { memory: "8g" }, sparkConf: { "spark.a": "2" } };
    const { response, counted } = await answered(application(KUBEFLOW, spec), {
      operation: "UPDATE",
      oldObject: application(KUBEFLOW, {}),
    });
    assert.equal(response.allowed, true);
    assert.equal(response.patch, undefined);
    assert.deepEqual(response.warnings, [
      "[sparkgate:conf] spec.sparkConf[spark.a] becomes 1 in the driver's conf",
      "[sparkgate:memory] would be refused: spec.driver.memory: '8g' is above 4g. Fix: spec.driver.memory: 4g",
    ]);
    assert.equal(response.auditAnnotations?.["would-be-refused-by"], "memory");
    assert.ok(
      counted.includes(
        'sparkgate_policy_findings_total{policy="conf",mode="Enforce",action="keep"} 1',
      ),
      counted.join("\n"),
    );
  });

  it("refuses one of any kind that cannot be read, and says where", async () => {
    for (const kind of EVERY_KIND) {
      const { response } = await answered(application(kind, "x"));
      assert.equal(
        response.status?.message,
        `Sparkgate refused ${kind[1]} (without a name): 1 problem (policy, not RBAC). (1) [well-formed] spec: must be object`,
      );
    }
  });

  it("says nothing where the spec is as it was", async () => {
    const object = application(KUBEFLOW, { image: "reg/spark" });
    const { response, counted } = await answered(object, {
      operation: "UPDATE",
      oldObject: object,
    });
    assert.deepEqual(response, { uid: "u", allowed: true });
    assert.ok(
      counted.includes('sparkgate_admission_skipped_total{reason="spec-unchanged"} 1'),
      counted.join("\n"),
    );
  });
});
