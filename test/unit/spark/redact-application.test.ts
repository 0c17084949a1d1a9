import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { redactApplication } from "../../../src/spark/redact-application.ts";
import { APACHE, application, KUBEFLOW } from "../../fixtures/applications.ts";
import { seededApplications } from "../../fixtures/hostile/application-secrets.ts";
import { leaksOf } from "../../fixtures/hostile/secrets.ts";

describe("redactApplication", () => {
  for (const { kind, object, secrets } of seededApplications()) {
    it(`shows no secret of a ${kind.join(" ")}`, () => {
      const text = JSON.stringify(object);
      assert.deepEqual(
        [...secrets.keys()].filter((secret) => !text.includes(secret)),
        [],
      );
      assert.ok(secrets.size > 20);
      assert.deepEqual(leaksOf(JSON.stringify(redactApplication(object)), secrets), []);
    });
  }

  it("shows what policies speak of", () => {
    const spec = {
      ...{ image: "reg/spark:1", mode: "cluster", sparkConf: { "spark.a": "1", "spark.b": 2 } },
      driver: { cores: 2, memory: "4g", labels: { team: "risk" }, tolerations: [{ key: "a" }] },
      executor: { instances: 10, nodeSelector: { disk: "ssd" } },
      dynamicAllocation: { enabled: true, maxExecutors: 200 },
    };
    const shown = redactApplication(application(KUBEFLOW, spec, { labels: { team: "risk" } }));
    assert.deepEqual(shown, {
      ...{ apiVersion: KUBEFLOW[0], kind: KUBEFLOW[1] },
      metadata: { name: "nightly", namespace: "team-a", labels: { team: "risk" } },
      spec: {
        ...spec,
        sparkConf: { "spark.a": "(hidden)", "spark.b": "(hidden)" },
        driver: { ...spec.driver, tolerations: [{ key: "(hidden)" }] },
      },
    });
  });

  it("hides passwords of digits alone, which a file may say without quotes", () => {
    const spec = {
      ...{ driverArgs: ["--pin", 4711], sparkConf: { "spark.pin": 4711 } },
      driver: { env: [{ name: "PIN", value: 4711 }], javaOptions: 4711 },
      arguments: [[4711], { value: true }],
    };
    const text = JSON.stringify(redactApplication(application(APACHE, spec)));
    assert.ok(!text.includes("4711") && !text.includes("true"), text);
  });
});
