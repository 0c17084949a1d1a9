// Operators' objects with any JSON at any place: an answer by the API server's rules, without a patch, and one only.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { admit } from "../../src/admission/admit.ts";
import { loadPolicySet } from "../../src/commands/policy-options.ts";
import { admittedApplication, application, EVERY_KIND } from "../fixtures/applications.ts";
import { NO_FACTS } from "../fixtures/facts.ts";
import { anyJson } from "../fixtures/fuzz.ts";
import { changedAt, placesOf } from "../fixtures/hostile/places.ts";
import { policyText } from "../fixtures/policies.ts";
import { assertValidAnswer } from "../fixtures/valid-answer.ts";
import { file } from "../integration/cli/run-sparkgate.ts";

const everything = policyText("everything", {
  sparkConf: {
    presets: ["ShuffleSafeDynamicAllocation", "GracefulDecommission"],
    set: { "spark.a": "1" },
    required: ["spark.b"],
    forbidden: ["spark.hadoop.*"],
    limits: { "spark.executor.memory": { max: "4g" } },
    unknownKeys: "Deny",
  },
});
const shows = policyText("shows", {
  match: {
    surfaces: ["application"],
    objectSelector: { matchExpressions: [{ key: "a", operator: "DoesNotExist" }] },
  },
  deny: {
    when: "has(object.spec.image)",
    message: "{{object.spec.image}} {{app.name}} {{spark.role}}",
  },
});

const set = loadPolicySet({
  policies: [
    "strict",
    join(import.meta.dirname, "../fixtures/hostile/policies.yaml"),
    ...[everything, shows].map((text, index) => file(`applications-${index}.yaml`, text)),
  ],
  platform: "karpenter",
  mode: "Enforce",
});

const container = {
  name: "spark-kubernetes-driver",
  image: "reg/a:1",
  env: [{ name: "A", value: "b" }],
};
const template = {
  metadata: { labels: { a: "b" } },
  spec: {
    containers: [container],
    initContainers: [container],
    volumes: [{ image: { reference: "a" } }],
  },
};
const role = {
  ...{ image: "reg/a:1", cores: 1, memory: "1g", labels: { a: "b" }, envVars: { A: "b" } },
  ...{ sidecars: [container], initContainers: [container], secrets: [{ name: "s", path: "/s" }] },
  ...{ envSecretKeyRefs: { A: { name: "a", key: "b" } }, podTemplateSpec: template, template },
  statefulSetSpec: { template },
};
const shared = {
  ...{ image: "reg/spark:latest", mode: "cluster", deps: { jars: ["a"] }, volumes: [] },
  ...{ sparkConf: { "spark.a": "1" }, hadoopConf: { a: "b" }, nodeSelector: { a: "b" } },
  ...{ driver: role, executor: role, server: role, driverSpec: role, masterSpec: role },
  dynamicAllocation: { enabled: true, maxExecutors: 10 },
};
const objects = EVERY_KIND.map((kind) =>
  application(kind, { ...shared, template: shared }, { labels: { a: "b" } }),
);

const changed = fc
  .tuple(fc.constantFrom(...objects), fc.array(fc.tuple(fc.nat(), anyJson), { maxLength: 4 }))
  .map(([object, changes]) => {
    const { apiVersion, kind } = object;
    const found = changes.reduce<unknown>((one, [which, value]) => {
      const places = placesOf(one);
      const place = places[which % places.length];
      return place === undefined ? one : changedAt(one, place, value);
    }, object);
    return { apiVersion, kind, object: found, before: object };
  });

describe("an answer by the rules of the API server", () => {
  it("is given to any application, the same each time", () => {
    const counts = new Map<boolean, number>();
    fc.assert(
      fc.property(
        changed,
        fc.constantFrom("CREATE", "UPDATE"),
        ({ object, before, ...type }, operation) => {
          const { group, version, kind } = admittedApplication({ ...type });
          const request = {
            ...{ uid: "u", kind: { group, version, kind }, operation, object, oldObject: before },
            namespace: "team-a",
          };
          const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
          const body = Buffer.from(JSON.stringify(review));
          const answers = [1, 2].map(() => {
            const admission = admit(set, body, NO_FACTS, "validating");
            assert.equal(admission.kind, "answered");
            return admission.answer;
          });
          assert.equal(answers[0], answers[1]);
          const { allowed, patch } = assertValidAnswer(answers[0] ?? "", "u", object);
          assert.equal(patch, undefined);
          counts.set(allowed, (counts.get(allowed) ?? 0) + 1);
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(
      (counts.get(true) ?? 0) > 20 && (counts.get(false) ?? 0) > 500,
      JSON.stringify([...counts]),
    );
  });
});
