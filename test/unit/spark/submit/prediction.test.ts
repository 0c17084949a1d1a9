import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Container } from "../../../../src/kubernetes/pod.ts";
import type { PredictedApplication } from "../../../../src/spark/submit/prediction.ts";
import { predicted } from "../../../e2e/submissions/predicted.ts";

const BASE = ["--master", "k8s://https://cluster", "--deploy-mode", "cluster"];
const IMAGE = "spark.kubernetes.container.image=spark:1";

type Settings = Readonly<Record<string, string>>;

const confs = (conf: Settings) =>
  Object.entries(conf).flatMap(([key, value]) => ["--conf", `${key}=${value}`]);

function submit(conf: Settings = {}, words = ["local:///etl.py"], version = "3.5") {
  const args = [...BASE, "--conf", IMAGE, ...confs(conf), ...words];
  const prediction = predicted(args, { version });
  assert.ok(prediction.kind === "predicted", JSON.stringify(prediction));
  return prediction;
}

function executorOf(application: PredictedApplication, more: Settings = {}) {
  const conf = new Map([...application.conf, ...Object.entries(more)]);
  const executor = application.executor(application.driver, conf);
  assert.ok(executor.kind === "predicted", JSON.stringify(executor));
  return executor.pod;
}

const containerOf = (pod: PredictedApplication["driver"]): Container => {
  const container = pod.spec?.containers?.at(-1);
  assert.ok(container !== undefined);
  return container;
};

const memoryOf = (pod: PredictedApplication["driver"]) =>
  containerOf(pod).resources?.requests?.["memory"];

const envOf = (pod: PredictedApplication["driver"]) =>
  Object.fromEntries((containerOf(pod).env ?? []).map(({ name, value }) => [name, value]));

describe("the memory of a predicted Pod", () => {
  const JVM = ["--class", "a.B", "local:///etl.jar"];
  const cases: readonly (readonly [string, Settings, readonly string[], string, string])[] = [
    ["python, by default", {}, ["local:///etl.py"], "1433Mi", "1433Mi"],
    ["R, whose executors take the driver's factor", {}, ["local:///a.R"], "1433Mi", "1433Mi"],
    ["the JVM, by default", {}, JVM, "1408Mi", "1408Mi"],
    [
      "a large heap",
      { "spark.driver.memory": "10g", "spark.executor.memory": "20g" },
      JVM,
      "11Gi",
      "22Gi",
    ],
    [
      "an overhead for each",
      { "spark.driver.memoryOverhead": "1g", "spark.executor.memoryOverhead": "2g" },
      JVM,
      "2Gi",
      "3Gi",
    ],
    [
      "a factor for each, against the least",
      {
        "spark.driver.memory": "4g",
        "spark.driver.memoryOverheadFactor": "0.5",
        "spark.executor.memoryOverheadFactor": "0.2",
      },
      JVM,
      "6Gi",
      "1408Mi",
    ],
    [
      "off-heap memory, in executors alone",
      { "spark.memory.offHeap.enabled": "true", "spark.memory.offHeap.size": "1073741824" },
      JVM,
      "1408Mi",
      "2432Mi",
    ],
    [
      "memory for Python's workers, in Python's executors alone",
      { "spark.executor.pyspark.memory": "1g" },
      ["local:///etl.py"],
      "1433Mi",
      "2457Mi",
    ],
    ["the same in the JVM", { "spark.executor.pyspark.memory": "1g" }, JVM, "1408Mi", "1408Mi"],
  ];
  for (const [what, conf, words, driver, executor] of cases) {
    it(`is that of ${what}`, () => {
      const application = submit(conf, [...words]);
      assert.equal(memoryOf(application.driver), driver);
      assert.equal(memoryOf(executorOf(application)), executor);
    });
  }
});

describe("the least overhead of a predicted Pod", () => {
  it("is 384 MiB, and since 4.0 what the conf says", () => {
    const key = (role: string) => `spark.${role}.minMemoryOverhead`;
    const conf = { [key("driver")]: "1g", [key("executor")]: "2g" };
    const of = (version: string) => {
      const application = submit(conf, ["--class", "a.B", "local:///etl.jar"], version);
      return [memoryOf(application.driver), memoryOf(executorOf(application))];
    };
    assert.deepEqual(of("3.5"), ["1408Mi", "1408Mi"]);
    assert.deepEqual(of("4.0"), ["2Gi", "3Gi"]);
  });
});

describe("a predicted executor", () => {
  it("is made of the conf that was stored, and writes where its driver does", () => {
    const application = submit();
    const container = containerOf(application.driver);
    const driver = {
      ...application.driver,
      spec: {
        containers: [{ ...container, env: [{ name: "SPARK_LOCAL_DIRS", value: "/mnt/a,/mnt/b" }] }],
      },
    };
    const key = "spark.kubernetes.executor.annotation.sparkgate.io/app";
    const conf = new Map([...application.conf, [key, "1"]]);
    const executor = application.executor(driver, conf);
    assert.ok(executor.kind === "predicted");
    assert.equal(executor.pod.metadata?.annotations?.["sparkgate.io/app"], "1");
    assert.equal(envOf(executor.pod)["SPARK_LOCAL_DIRS"], "/mnt/a,/mnt/b");
    const paths = containerOf(executor.pod).volumeMounts?.map(({ mountPath }) => mountPath);
    assert.deepEqual(paths, ["/opt/spark/conf", "/mnt/a", "/mnt/b"]);
  });

  it("has its own cores, image, selector, account, secrets, variables and script at its end", () => {
    const pod = executorOf(
      submit({
        "spark.executor.cores": "4",
        "spark.kubernetes.executor.request.cores": "3500m",
        "spark.kubernetes.executor.limit.cores": "5",
        "spark.kubernetes.executor.container.image": "executor:1",
        "spark.kubernetes.node.selector.disk": "ssd",
        "spark.kubernetes.executor.node.selector.disk": "nvme",
        "spark.kubernetes.authenticate.driver.serviceAccountName": "driver",
        "spark.kubernetes.authenticate.executor.serviceAccountName": "executor",
        "spark.kubernetes.executor.secrets.db": "/etc/db",
        "spark.kubernetes.executor.secretKeyRef.PW": "db:pw",
        "spark.executorEnv.A": "b",
        "spark.executor.resource.gpu.amount": "2",
        "spark.executor.resource.gpu.vendor": "nvidia.com",
        "spark.executor.extraJavaOptions": `-Da={{APP_ID}} '-Db=c d'`,
        "spark.decommission.enabled": "true",
      }),
    );
    const container = containerOf(pod);
    assert.equal(container.image, "executor:1");
    assert.deepEqual(container.resources, {
      requests: { cpu: "3500m", memory: "1433Mi" },
      limits: { cpu: "5", memory: "1433Mi", "nvidia.com/gpu": "2" },
    });
    assert.deepEqual(pod.spec?.nodeSelector, { disk: "nvme" });
    const env = envOf(pod);
    assert.equal(env["SPARK_EXECUTOR_CORES"], "4");
    assert.equal(env["A"], "b");
    assert.ok(Object.hasOwn(env, "PW"));
    const options = Object.values(env);
    assert.ok(options.includes(`-Da=spark-${"0".repeat(32)}`));
    assert.ok(options.includes("-Db=c d"));
    assert.deepEqual(container.lifecycle, { preStop: { exec: { command: ["/opt/decom.sh"] } } });
    assert.equal((pod.spec as { serviceAccountName?: string }).serviceAccountName, "executor");
    assert.ok(container.volumeMounts?.some(({ mountPath }) => mountPath === "/etc/db"));
  });

  it("is none where there are none, where another object makes them, where the driver ends", () => {
    const why = (conf: Settings) => {
      const application = submit(conf);
      const executor = application.executor(application.driver, application.conf);
      assert.ok(executor.kind === "none");
      return executor.why;
    };
    assert.match(why({ "spark.kubernetes.driver.master": "local[2]" }), /no executors/);
    const allocator = "spark.kubernetes.allocation.pods.allocator";
    assert.match(why({ [allocator]: "statefulset" }), /another object/);
    assert.match(why({ "spark.executor.memoryOverhead": "x" }), /memoryOverhead/);
  });
});

describe("a predicted driver of a later release", () => {
  it("has ids in labels since 4.0 and a port for Spark Connect since 4.1", () => {
    const conf = { "spark.kubernetes.driver.label.app": "{{APP_ID}}" };
    const of = (version: string) => submit(conf, ["local:///etl.py"], version).driver;
    const app = (version: string) => of(version).metadata?.labels?.["app"];
    const ports = (version: string) => containerOf(of(version)).ports?.length;
    assert.equal(app("3.5"), "{{APP_ID}}");
    assert.equal(app("4.0.1"), `spark-${"0".repeat(32)}`);
    assert.deepEqual([ports("3.5.9"), ports("4.0"), ports("4.1")], [3, 3, 4]);
  });
});
