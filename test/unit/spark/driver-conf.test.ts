import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { recognize } from "../../../src/spark/recognize.ts";
import { admittedConf, confText, driverConf } from "../../fixtures/driver-conf.ts";

const recognized = (object: unknown, overrides = {}) => recognize(admittedConf(object, overrides));

describe("a driver's conf", () => {
  it("has a facet for drivers and one for executors, each with its labels", () => {
    const text = confText({
      "spark.app.name": "Nightly  ETL (v2)!",
      "spark.kubernetes.driver.label.team": "risk",
      "spark.kubernetes.executor.label.team": "ads",
      "spark.kubernetes.driver.label.sparkoperator.k8s.io/app-name": "nightly",
    });
    const recognition = recognized(driverConf(text));
    assert.equal(recognition.kind, "conf");
    const [driver, executor] = recognition.facets;
    const application = { id: "spark-7f3a", name: "nightly-etl-v2", operatorApp: "nightly" };
    for (const facet of recognition.facets) {
      assert.deepEqual(facet.application, application);
      assert.equal(facet.surface, "driver-conf");
      assert.equal(facet.namespace, "team-a");
    }
    const own = { "spark-app-selector": "spark-7f3a", "spark-app-name": "nightly-etl-v2" };
    assert.deepEqual(driver.labels, {
      ...own,
      team: "risk",
      "sparkoperator.k8s.io/app-name": "nightly",
      "spark-role": "driver",
    });
    assert.deepEqual(executor.labels, { ...own, team: "ads", "spark-role": "executor" });
  });

  for (const name of ["spark-drv-0a-conf-map", "etl-attempt-0-spark-drv-conf-map"]) {
    it(`is known by the name ${name}`, () => {
      assert.equal(recognized(driverConf(confText(), name)).kind, "conf");
    });
  }

  const { metadata, data } = driverConf(confText());
  const others: readonly (readonly [string, string, unknown, object?])[] = [
    ["one with another name", "not-a-conf", driverConf(confText(), "my-spark-drv-map")],
    ["an executor's", "not-a-conf", driverConf(confText(), "spark-exec-0a-conf-map")],
    ["one without spark.properties", "not-a-conf", { metadata, data: { other: "" } }],
    ["one without data", "not-a-conf", { metadata }],
    ["one whose data are null", "not-a-conf", { metadata, data: null }],
    ["one with binary data alone", "not-a-conf", { metadata, binaryData: data }],
    ["one with data of another type", "not-a-conf", { metadata, data: { ...data, other: 1 } }],
    ["no object", "not-a-conf", null],
    ["one that no JVM reads", "unreadable-conf", driverConf("spark.a=\\u12")],
    [
      "asked of a validating webhook",
      "operation",
      driverConf(confText()),
      { admission: "validating" },
    ],
    ["an update", "operation", driverConf(confText()), { operation: "UPDATE" }],
  ];
  for (const [what, reason, object, overrides] of others) {
    it(`is not ${what}`, () => {
      assert.deepEqual(recognized(object, overrides), { kind: "skipped", reason });
    });
  }

  const padded: readonly (readonly [string, string, RegExp])[] = [
    ["more than a MiB", `spark.a=${"x".repeat(2 ** 20)}`, /more than 1 MiB/],
    ["too many lines", "spark.a=1\n".repeat(10_001), /has 10001 lines, at most 10000/],
    ["too many lines of an old Mac", "a\r".repeat(10_001), /has 10001 lines/],
    ["one line continued too often", `spark.a=${"\\\n".repeat(10_001)}`, /has 10001 lines/],
  ];
  for (const [what, text, message] of padded) {
    it(`of ${what} is refused, not let go`, () => {
      const recognition = recognized(driverConf(text));
      assert.equal(recognition.kind, "malformed");
      assert.match(recognition.errors[0]?.message ?? "", message);
      assert.equal(recognition.errors[0]?.path, "data[spark.properties]");
    });
  }

  it("of 10,000 lines is read", () => {
    assert.equal(recognized(driverConf("spark.a=1\n".repeat(10_000))).kind, "conf");
  });

  it("may have keys by which JavaScript would stumble", () => {
    const text = confText({ "spark.kubernetes.driver.label.__proto__": "x", constructor: "y" });
    const recognition = recognized(driverConf(text));
    assert.equal(recognition.kind, "conf");
    assert.equal(Object.hasOwn(recognition.facets[0].labels, "__proto__"), true);
  });
});
