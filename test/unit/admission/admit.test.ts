import assert from "node:assert/strict";
import { describe, it } from "node:test";
import jsonpatch from "fast-json-patch";
import { admit } from "../../../src/admission/admit.ts";
import type { AdmissionResponse, AdmissionReviewAnswer } from "../../../src/admission/answer.ts";
import type { PolicySet } from "../../../src/engine/policy-set.ts";
import { createPolicySet } from "../../../src/engine/policy-set.ts";
import type { Mode } from "../../../src/engine/policy.ts";
import type { Container, Pod } from "../../../src/kubernetes/pod.ts";
import { driverPod, executorPod, reviewBody, type PodOverrides } from "../../fixtures/pods.ts";
import { fakePolicy, policySet, policyText, nodesAndImages } from "../../fixtures/policies.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";

const KEY = "karpenter.sh/capacity-type";
const strict = nodesAndImages("strict");
const baseline = nodesAndImages("baseline");

function answer(set: PolicySet, object: unknown, request = {}): AdmissionResponse {
  const admission = admit(set, reviewBody(object, request), NO_FACTS);
  assert.equal(admission.kind, "answered");
  const review = JSON.parse(admission.answer) as AdmissionReviewAnswer;
  assert.deepEqual([review.apiVersion, review.kind], ["admission.k8s.io/v1", "AdmissionReview"]);
  assert.equal(review.response.uid, "11111111-2222-3333-4444-555555555555");
  assertKeepsTheContract(review.response);
  return review.response;
}

/** What the API server and its clients demand of every answer (facts: A2 to A4). */
function assertKeepsTheContract(response: AdmissionResponse): void {
  assert.equal(response.patch === undefined, response.patchType === undefined);
  assert.ok(response.allowed || response.patch === undefined, "a refusal has no patch");
  assert.equal(response.allowed, response.status === undefined);
  for (const warning of response.warnings ?? []) {
    assert.ok(warning.length <= 120, warning);
    assert.doesNotMatch(warning, /\p{Cc}/u);
  }
  for (const key of Object.keys(response.auditAnnotations ?? {})) {
    assert.match(key, /^[A-Za-z0-9._-]{1,63}$/);
  }
  if (response.status === undefined) return;
  const { code, reason, status, message, details } = response.status;
  assert.deepEqual([code, reason, status], [422, "Invalid", "Failure"]);
  assert.ok(message.length <= 1000, `${message.length} characters`);
  assert.ok(details.causes.length > 0);
  const texts = [
    message,
    details.name,
    ...details.causes.flatMap((each) => [each.field, each.message]),
  ];
  for (const text of texts) assert.doesNotMatch(text, /["\\\p{Cc}\p{Cs}]/u);
}

function withImages(...images: readonly string[]): PodOverrides {
  const containers: readonly Container[] = images.map((image, index) => ({
    name: index === 0 ? "spark-kubernetes-driver" : `sidecar-${index}`,
    image,
  }));
  return { spec: { containers } };
}

const badDriver = driverPod({
  spec: { ...withImages("reg:5000/spark").spec, nodeSelector: { [KEY]: "spot" } },
});

describe("admit: a refusal", () => {
  it("gives kubectl a line for each violation, with field, policy, value and fix", () => {
    assert.deepEqual(answer(strict, badDriver).status?.details, {
      kind: "Pod",
      name: "etl-7f3a-driver",
      causes: [
        {
          reason: "FieldValueInvalid",
          field: `spec.nodeSelector[${KEY}]`,
          message:
            "[sparkgate:driver-on-demand] 'spot', needs 'on-demand'. Fix: use spark.kubernetes.executor.node.selector.*; spark.kubernetes.node.selector.* also hits the driver",
        },
        {
          reason: "FieldValueInvalid",
          field: "spec.containers[0].image",
          message:
            "[sparkgate:pin-images] 'reg:5000/spark' has no tag. Fix: --conf spark.kubernetes.container.image=reg:5000/spark:TAG (or @sha256:DIGEST)",
        },
      ],
    });
  });

  it("tells the same in one line for spark-submit and Airflow", () => {
    const message = answer(strict, badDriver).status?.message ?? "";
    assert.ok(
      message.startsWith(
        "Sparkgate refused driver Pod etl-7f3a-driver: 2 problems (policy, not RBAC). (1) [driver-on-demand] ",
      ),
      message,
    );
    assert.match(
      message,
      / \(2\) \[pin-images\] spec\.containers\[0\]\.image: 'reg:5000\/spark' has no tag\./,
    );
  });

  it("speaks of one problem in the singular", () => {
    const message = answer(strict, driverPod(withImages("spark"))).status?.message ?? "";
    assert.match(message, /: 1 problem \(policy, not RBAC\)\. \(1\) \[pin-images\] /);
  });

  it("names a Pod without a name by its prefix", () => {
    const metadata = { generateName: "etl-", labels: { "spark-role": "driver" } };
    const response = answer(
      strict,
      driverPod({ ...withImages("spark"), metadata: { ...metadata, name: "" } }),
    );
    assert.equal(response.status?.details.name, "etl-*");
    assert.match(response.status.message, /driver Pod etl-\*: 1 problem/);
  });

  it("counts what does not fit into the message, and keeps all of it in the causes", () => {
    const images = Array.from(
      { length: 40 },
      (_, index) => `registry.acme.com/team/spark-${index}`,
    );
    const response = answer(strict, driverPod(withImages(...images)));
    assert.equal(response.status?.details.causes.length, 40);
    const [, shown, rest] =
      /\((\d+)\) (?!.*\(\d+\) \[).* \+(\d+) more: /.exec(response.status.message) ?? [];
    assert.equal(Number(shown) + Number(rest), 40, response.status.message);
  });

  it("gives no violation more than 220 characters of the message", () => {
    const images = ["a", "b"].map((letter) => `registry.acme.com/${letter.repeat(200)}`);
    const message = answer(strict, driverPod(withImages(...images))).status?.message ?? "";
    const parts = message.split(/(?= \(\d+\) \[)/).slice(1);
    assert.equal(parts.length, 2);
    for (const part of parts) assert.ok(part.length <= 220, `${part.length}: ${part}`);
  });

  it("says how many problems there are, however long the Pod's name", () => {
    const metadata = { name: `${"long-".repeat(50)}x`, labels: { "spark-role": "driver" } };
    const message = answer(strict, driverPod({ ...withImages("spark"), metadata })).status?.message;
    assert.match(message ?? "", /: 1 problem \(policy, not RBAC\)\. \(1\)/);
  });

  it("says of a failure of ours that it is not the job's fault, with the reference", () => {
    const failing = fakePolicy("broken", {
      judge: () => {
        throw new Error("no such key 'team'\nat x");
      },
    });
    const response = answer(createPolicySet([failing], "0"), driverPod());
    assert.match(
      response.status?.message ?? "",
      /\[broken\].*could not be evaluated \(no such key 'team' at x\); refused because onError=Deny\. Not your job's fault\. Ref 11111111-/,
    );
  });

  const hostile = [
    'x"; drop',
    "a\nb\r\nc\td",
    "back\\slash",
    "\u001b[2J\u0000",
    "\ud800",
    "z".repeat(3 * 2 ** 20),
    "\u{1f600}".repeat(300),
  ];
  for (const text of hostile) {
    it(`stays clean whatever the Pod says: ${JSON.stringify(text.slice(0, 20))}`, () => {
      const pod: Pod = {
        ...driverPod({
          metadata: { name: text, labels: { "spark-role": "driver", "spark-app-name": text } },
          spec: {
            ...withImages(text, text).spec,
            nodeName: text,
            nodeSelector: { [KEY]: text },
          },
        }),
      };
      const response = answer(strict, pod, { name: text });
      assert.equal(response.allowed, false);
      assert.ok(JSON.stringify(response).length < 20_000);
    });
  }
});

describe("admit: a change", () => {
  it("is a patch that applies and says what was done", () => {
    const pod = driverPod();
    const response = answer(baseline, pod);
    assert.equal(response.allowed, true);
    assert.equal(response.patchType, "JSONPatch");
    const patch = JSON.parse(
      Buffer.from(response.patch ?? "", "base64").toString(),
    ) as jsonpatch.Operation[];
    const after = jsonpatch.applyPatch(structuredClone(pod), patch, true).newDocument;
    assert.match(JSON.stringify(after.spec?.affinity), /on-demand/);
    assert.match(after.metadata?.annotations?.["sparkgate.io/applied"] ?? "", /"driver-on-demand"/);
    assert.deepEqual(response.warnings, ["[sparkgate:driver-on-demand] runs on on-demand nodes"]);
    assert.equal(response.auditAnnotations?.["policy-set"], baseline.digest);
    assert.match(response.auditAnnotations["applied"] ?? "", /driver-on-demand/);
  });

  it("of an executor is told only where it took something away", () => {
    assert.equal(answer(baseline, executorPod(1)).warnings, undefined);
    const chose = executorPod(1, { spec: { nodeSelector: { [KEY]: "on-demand" } } });
    assert.equal(answer(baseline, chose).warnings?.length, 1);
  });

  it("is none where all is well: neither patch nor warnings", () => {
    const pod = driverPod({ spec: { nodeSelector: { [KEY]: "on-demand" } } });
    const response = answer(baseline, pod);
    assert.deepEqual(
      [response.allowed, response.patch, response.warnings],
      [true, undefined, undefined],
    );
  });
});

describe("admit: modes", () => {
  const inMode = (mode: Mode) => nodesAndImages("strict", { mode });

  it("does not touch a Pod in Audit, not even one with an annotation that is not ours", () => {
    const annotations = { "sparkgate.io/applied": '{"v":1,"policies":{"gone":[]}}' };
    const pod = driverPod({ metadata: { name: "etl", annotations } });
    assert.equal(answer(inMode("Audit"), pod).patch, undefined);
    assert.notEqual(answer(inMode("Enforce"), pod).patch, undefined);
  });

  it("gives in Audit neither a patch, nor a warning, nor a refusal, but a note for the audit log", () => {
    const response = answer(inMode("Audit"), badDriver);
    assert.deepEqual(
      [response.allowed, response.patch, response.warnings],
      [true, undefined, undefined],
    );
    assert.equal(response.auditAnnotations?.["would-be-refused-by"], "driver-on-demand,pin-images");
  });

  it("gives in Warn warnings and nothing else", () => {
    const response = answer(inMode("Warn"), badDriver);
    assert.deepEqual([response.allowed, response.patch], [true, undefined]);
    assert.equal(response.warnings?.length, 2);
    assert.match(response.warnings[0] ?? "", /^\[sparkgate:driver-on-demand\] would be refused: /);
    assert.deepEqual(answer(inMode("Warn"), driverPod()).warnings, [
      "[sparkgate:driver-on-demand] would change: runs on on-demand nodes",
    ]);
  });

  it("says nothing of changes where the object is refused: they never came to be", () => {
    const set = policySet([
      policyText("place", { placement: { capacity: "on-demand" } }),
      policyText("pin", { images: {} }),
    ]);
    assert.equal(answer(set, driverPod(withImages("spark"))).warnings, undefined);
    assert.equal(answer(set, driverPod()).warnings?.length, 1);
  });

  it("tells an executor's violation that does not refuse as a warning and to the audit log", () => {
    const set = policySet(policyText("pin", { images: {} }));
    const response = answer(set, executorPod(1, withImages("spark")));
    assert.equal(response.allowed, true);
    assert.match(
      response.warnings?.[0] ?? "",
      /^\[sparkgate:pin\] spec\.containers\[0\]\.image: 'spark' has no tag/,
    );
    assert.equal(response.auditAnnotations?.["not-refused"], "pin");
  });
});

describe("admit: what is not judged", () => {
  it("is admitted without a word", () => {
    for (const request of [
      { operation: "DELETE", object: null },
      { kind: { kind: "Node" } },
      { subResource: "resize" },
    ]) {
      const { uid, ...rest } = answer(strict, badDriver, request);
      assert.notEqual(uid, "");
      assert.deepEqual(rest, { allowed: true });
    }
  });

  it("is refused where it is a driver that cannot be read, with the field", () => {
    const pod = { ...driverPod(), spec: { containers: "x" } };
    const response = answer(strict, pod, { name: "etl" });
    assert.deepEqual(response.status?.details.causes, [
      {
        reason: "FieldValueInvalid",
        field: "spec.containers",
        message: "[sparkgate:well-formed] must be array, is string",
      },
    ]);
    assert.match(response.status.message, /^Sparkgate refused Pod etl: 1 problem/);
  });

  it("is named by its prefix where it cannot be read and has no name yet", () => {
    const pod = { metadata: { generateName: "etl-", labels: { "spark-role": "driver" } }, spec: 1 };
    assert.equal(answer(strict, pod).status?.details.name, "etl-*");
  });

  it("is admitted with a warning where it is an executor that cannot be read", () => {
    const response = answer(strict, { ...executorPod(1), spec: { containers: "x" } });
    assert.equal(response.allowed, true);
    assert.match(
      response.warnings?.[0] ?? "",
      /^\[sparkgate\] not looked at: spec\.containers must be array/,
    );
  });

  it("stays clean where the key that cannot be read is hostile", () => {
    const pod = { ...driverPod(), spec: { nodeSelector: { 'a\n"b\\': 1 } } };
    assert.equal(answer(strict, pod).allowed, false);
  });
});
