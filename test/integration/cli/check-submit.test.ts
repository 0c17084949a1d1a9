import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { file, sparkgate } from "./run-sparkgate.ts";

const OPTIONS = ["check", "--policies", "strict", "--platform", "karpenter"];
const LINE = [
  ...["--", "/opt/spark/bin/spark-submit", "--master", "k8s://https://cluster"],
  ...["--deploy-mode", "cluster", "--conf", "spark.kubernetes.namespace=risk"],
];
const GOOD = [...LINE, "--conf", "spark.kubernetes.container.image=reg.acme.com/spark:3.5.9-r1"];

const check = (...words: readonly string[]) => sparkgate([...OPTIONS, ...words]);

describe("sparkgate check -- spark-submit", () => {
  it("judges the driver's Pod, its conf and the first executor's Pod", () => {
    const { status, stdout, stderr } = check(...GOOD, "local:///etl.py", "--date", "2026-01-01");
    assert.equal(status, 0, stderr);
    assert.match(stdout, /CHANGED {2}driver +Pod risk\/etl-py-0{16}-driver +spark-submit/);
    assert.match(stdout, /CHANGED {2}- +ConfigMap risk\/spark-drv-0{16}-conf-map/);
    assert.match(stdout, /CHANGED {2}executor +Pod risk\/etl-py-0{16}-exec-1/);
    assert.match(stdout, /3 objects: 0 denied, 3 changed/);
  });

  it("exits with 1 at a denial, and says which --conf to change", () => {
    const image = "spark.kubernetes.container.image=reg.acme.com/spark:latest";
    const { status, stdout } = check(...LINE, "--conf", image, "local:///etl.py");
    assert.equal(status, 1);
    assert.match(
      stdout,
      /Fix: --conf spark\.kubernetes\.container\.image=reg\.acme\.com\/spark:TAG/,
    );
  });

  it("prints no value of the command line in any format, nor of its arguments", () => {
    const secrets = [
      ...["--conf", "spark.hadoop.fs.s3a.secret.key=hunter2"],
      ...["--conf", "spark.kubernetes.driverEnv.PASSWORD=hunter2"],
      ...["--conf", "spark.executorEnv.PASSWORD=hunter2"],
      ...["--conf", "spark.kubernetes.authenticate.driver.oauthToken=hunter2"],
      ...["--conf", "spark.executor.extraJavaOptions=-Dpassword=hunter2"],
      ...["--conf", "spark.authenticate.secret=hunter2"],
      ...["--conf", "spark.kubernetes.driver.annotation.a=hunter2"],
    ];
    for (const format of ["table", "json", "diff"]) {
      const args = ["-o", format, ...GOOD, ...secrets, "local:///etl.py", "--password", "hunter2"];
      const { status, stdout, stderr } = check(...args);
      assert.equal(status, 1, stderr);
      assert.doesNotMatch(stdout + stderr, /hunter2/, format);
    }
    const wrong = check(...GOOD, ...secrets, "--conf", "hunter2", "--hunter=hunter2", "a.py");
    assert.equal(wrong.status, 2);
    assert.doesNotMatch(wrong.stdout + wrong.stderr, /hunter2/);
  });

  it("reads the properties file, and pod templates, as Spark does", () => {
    const template = file(
      "template.yaml",
      "spec:\n  containers:\n    - { name: sidecar, image: 'reg.acme.com/sidecar:latest' }\n    - { name: spark }\n",
    );
    const properties = file(
      "job.conf",
      [
        "spark.kubernetes.container.image reg.acme.com/spark:latest",
        `spark.kubernetes.driver.podTemplateFile=${template}`,
        "spark.kubernetes.driver.podTemplateContainerName=spark",
      ].join("\n"),
    );
    const { status, stdout } = check(...GOOD, "--properties-file", properties, "local:///etl.py");
    assert.equal(status, 1);
    // --conf goes before the file; the side-car comes first in the Pod.
    assert.match(stdout, /\* spec\.containers\[0\]\.image: .*'reg\.acme\.com\/sidecar:latest'/);
    assert.doesNotMatch(stdout, /reg\.acme\.com\/spark:latest/);
  });

  it("knows the namespace that is among the files", () => {
    const policy = file(
      "labelled.yaml",
      `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata: { name: labelled }
spec:
  match: { roles: [driver], namespaceSelector: { matchLabels: { tier: batch } } }
  deny: { when: 'true', message: not here }
`,
    );
    const namespace = (tier: string) =>
      file(
        `${tier}.yaml`,
        `{ apiVersion: v1, kind: Namespace, metadata: { name: risk, labels: { tier: ${tier} } } }`,
      );
    const judged = (tier: string) =>
      sparkgate(["check", "--policies", policy, namespace(tier), ...GOOD, "local:///etl.py"]);
    assert.equal(judged("batch").status, 1, judged("batch").stderr);
    assert.equal(judged("live").status, 0, judged("live").stderr);
  });

  it("says of which keys it predicts nothing", () => {
    const { status, stdout } = check(...GOOD, "--packages", "com.example:a:1", "local:///etl.py");
    assert.equal(status, 0);
    assert.match(stdout, /SKIPPED +- +Conf risk\/spark\.jars\.packages[^]*not predicted/);
  });

  it("skips what makes no driver Pod, and says why", () => {
    const client = check("--", "spark-submit", "--master", "k8s://https://a", "etl.py");
    assert.equal(client.status, 0);
    assert.match(client.stdout, /SKIPPED[^]*client mode/);
    const yarn = check("--", "spark-submit", "--master", "yarn", "etl.py");
    assert.match(yarn.stdout, /SKIPPED[^]*--master: /);
  });

  it("exits with 2 for another program, a wrong argument, a missing file", () => {
    const failures: readonly (readonly [readonly string[], RegExp])[] = [
      [["--", "pyspark"], /^--: .*spark-submit must follow; pyspark makes no driver Pod$/m],
      [["--"], /spark-submit must follow|missing required argument/],
      [[...GOOD, "--conff", "a=b", "x.py"], /^spark-submit: --conff: /m],
      [[...LINE, "local:///etl.py"], /^spark-submit: spark\.kubernetes\.container\.image: /m],
      [
        [...GOOD, "--properties-file", "/nowhere.conf", "local:///x.py"],
        /^\/nowhere\.conf: no such/m,
      ],
      [["--spark-version", "2.4", ...GOOD, "local:///x.py"], /write 3\.5/],
    ];
    for (const [words, message] of failures) {
      const { status, stderr } = check(...words);
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
    }
  });
});

describe("sparkgate check of a properties file", () => {
  it("judges it as a driver's conf, by its name's end", () => {
    for (const name of ["spark-defaults.conf", "job.properties"]) {
      const path = file(name, "spark.hadoop.fs.s3a.secret.key hunter2\nspark.master=k8s://a\n");
      const { status, stdout } = check(path);
      assert.equal(status, 1);
      assert.match(stdout, new RegExp(`DENIED {2,}- {2,}Properties default/${name}`));
      assert.match(
        stdout,
        /spark\.hadoop\.fs\.s3a\.secret\.key: \[sparkgate:no-credentials-in-conf\]/,
      );
      assert.doesNotMatch(stdout, /hunter2/);
    }
  });

  it("exits with 2 where Spark cannot read it", () => {
    const { status, stderr } = check(file("broken.conf", "spark.a=1\nspark.b=\\u12\n"));
    assert.equal(status, 2);
    assert.match(stderr, /broken\.conf:2:1: /);
  });
});
