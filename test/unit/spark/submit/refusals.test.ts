import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { predicted } from "../../../e2e/submissions/predicted.ts";

const BASE = ["--master", "k8s://https://cluster", "--deploy-mode", "cluster"];
const IMAGE = "spark.kubernetes.container.image=spark:1";

type Settings = Readonly<Record<string, string>>;

const confs = (conf: Settings) =>
  Object.entries(conf).flatMap(([key, value]) => ["--conf", `${key}=${value}`]);

function problemOf(conf: Settings, words: readonly string[] = ["local:///etl.py"]): string {
  const prediction = predicted([...BASE, "--conf", IMAGE, ...confs(conf), ...words]);
  assert.ok(prediction.kind === "refused", "it is not refused");
  return prediction.problem;
}

describe("what spark-submit refuses", () => {
  const cases: readonly (readonly [Settings, RegExp])[] = [
    [{ "spark.driver.memory": "lots" }, /^spark\.driver\.memory: must be a positive number$/],
    [{ "spark.executor.instances": "0" }, /^spark\.executor\.instances: /],
    [{ "spark.executor.cores": "1.5" }, /^spark\.executor\.cores: /],
    [{ "spark.driver.host": "me" }, /^spark\.driver\.host: /],
    [{ "spark.kubernetes.driver.label.spark-role": "x" }, /label\.spark-role: .*own/],
    [{ "spark.kubernetes.driver.secretKeyRef.A": "b" }, /secretKeyRef\.A: must be NAME:KEY/],
    [
      { "spark.kubernetes.driver.volumes.hostPath.a.mount.path": "/a" },
      /options\.path: is missing/,
    ],
    [{ "spark.kubernetes.driver.volumes.csi.a.mount.path": "/a" }, /no volumes of type csi/],
    [{ "spark.driver.resource.gpu.amount": "1" }, /gpu\.vendor: is missing/],
    [
      { "spark.kubernetes.memoryOverheadFactor": "-1" },
      /memoryOverheadFactor: must not be negative/,
    ],
    [{ "spark.kubernetes.driver.container.image": "a:${env:TAG}" }, /known only where Spark runs/],
  ];
  for (const [conf, problem] of cases) {
    it(Object.keys(conf).join(), () => {
      assert.match(problemOf(conf), problem);
    });
  }

  it("two volumes at one path", () => {
    const volume = (name: string) => `spark.kubernetes.driver.volumes.emptyDir.${name}.mount.path`;
    assert.match(problemOf({ [volume("a")]: "/x", [volume("b")]: "/x" }), /the same/);
  });

  it("an image that is nowhere, a jar without class, a file that cannot be uploaded", () => {
    const none = predicted([...BASE, "local:///etl.py"]);
    assert.ok(none.kind === "refused");
    assert.match(none.problem, /^spark\.kubernetes\.container\.image: must be set/);
    assert.match(problemOf({}, ["local:///a.jar"]), /^--class: /);
    assert.match(problemOf({}, ["/home/me/etl.py"]), /^spark\.kubernetes\.file\.upload\.path: /);
  });

  it("never with a value in its words", () => {
    const secret = "hunter2";
    const keys = [
      "spark.driver.memory",
      "spark.executor.memory",
      "spark.driver.cores",
      "spark.kubernetes.driver.secretKeyRef.A",
      "spark.kubernetes.memoryOverheadFactor",
      "spark.driver.port",
    ];
    for (const key of keys) assert.doesNotMatch(problemOf({ [key]: secret }), /hunter2/, key);
  });
});

describe("what makes no driver Pod", () => {
  const why = (...args: readonly string[]) => {
    const prediction = predicted([...args, "local:///etl.py"]);
    assert.ok(prediction.kind === "elsewhere");
    return prediction.why;
  };

  it("client mode, which is also what nobody says", () => {
    assert.match(why("--master", "k8s://https://a"), /client mode/);
    assert.match(why("--master", "k8s://https://a", "--deploy-mode", "client"), /client mode/);
  });

  it("other masters, and none", () => {
    assert.match(why("--master", "yarn", "--deploy-mode", "cluster"), /^--master: /);
    assert.match(why("--deploy-mode", "cluster"), /^no --master: /);
  });

  it("unless a properties file says what the options do not", () => {
    const properties = `spark.master=k8s://cluster:6443\nspark.submit.deployMode=cluster\n${IMAGE}\n`;
    const prediction = predicted(["local:///etl.py"], { properties });
    assert.ok(prediction.kind === "predicted");
    assert.equal(prediction.conf.get("spark.master"), "k8s://https://cluster:6443");
  });
});
