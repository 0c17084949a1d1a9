import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { file, sparkgate } from "./run-sparkgate.ts";

const DRIVER = `apiVersion: v1
kind: Pod
metadata:
  name: etl-driver
  namespace: risk
  labels: { spark-role: driver }
spec:
  containers:
    - name: spark-kubernetes-driver
      image: reg.acme.com:5000/spark:3.5.9
      args: [driver, --password, hunter2]
      env: [{ name: PASSWORD, value: hunter2 }]
`;

describe("sparkgate check", () => {
  it("exits with 0 and says what would be changed", () => {
    const { status, stdout } = sparkgate(["check", "-", "--platform", "karpenter"], DRIVER);
    assert.equal(status, 0);
    assert.match(stdout, /CHANGED {2}driver {2}Pod risk\/etl-driver {2}-:1/);
    assert.match(stdout, /\+ \[sparkgate:driver-on-demand\] runs on on-demand nodes/);
  });

  it("exits with 1 at a denial, and at a change where --fail-on says so", () => {
    const latest = DRIVER.replace("spark:3.5.9", "spark");
    const args = ["check", "-", "--platform", "karpenter"];
    const denied = sparkgate(args, latest);
    assert.equal(denied.status, 1);
    assert.match(denied.stdout, /spec\.containers\[0\]\.image: \[sparkgate:pin-images\]/);
    assert.equal(sparkgate([...args, "--fail-on", "never"], latest).status, 0);
    assert.equal(sparkgate([...args, "--fail-on", "change"], DRIVER).status, 1);
    assert.equal(sparkgate([...args, "--mode", "Audit"], latest).status, 0);
  });

  it("knows the quotas of a namespace that is among the files, and of no other", () => {
    const policy = file(
      "quota.yaml",
      `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata: { name: needs-quota }
spec: { deny: { when: "quotas.size() == 0", message: no quota, ask: us } }
`,
    );
    const namespace = `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: risk }\n`;
    const quota = `---\napiVersion: v1\nkind: ResourceQuota\nmetadata: { name: q, namespace: risk }\nspec: { hard: { pods: 9 } }\n`;
    const check = (more: string) =>
      sparkgate(["check", "-", "--policies", policy, "--platform", "eks"], DRIVER + more);
    assert.match(check("").stdout, /the quotas of the namespace are not known/);
    assert.match(check(namespace).stdout, /no quota\. You cannot fix this in the job: ask us/);
    assert.equal(check(namespace + quota).status, 0);
    assert.equal(check(quota).status, 0);
  });

  it("never shows what may be a secret", () => {
    for (const format of ["table", "json", "diff"]) {
      const { stdout } = sparkgate(["check", "-", "--platform", "karpenter", "-o", format], DRIVER);
      assert.ok(stdout.includes("etl-driver"), format);
      assert.ok(!stdout.includes("hunter2"), format);
    }
  });

  it("writes a diff that shows what is added, and JSON that programs can read", () => {
    const args = ["check", "-", "--platform", "node-pool", "-o"];
    assert.match(sparkgate([...args, "diff"], DRIVER).stdout, /^\+ {14}- key: node-pool$/m);
    const report = JSON.parse(sparkgate([...args, "json"], DRIVER).stdout) as {
      objects: { verdict: string; line: number }[];
    };
    assert.deepEqual(
      report.objects.map(({ verdict, line }) => ({ verdict, line })),
      [{ verdict: "changed", line: 1 }],
    );
  });

  it("says before a diff what a diff cannot show, so that exit code 1 has its reason", () => {
    const latest = DRIVER.replace("spark:3.5.9", "spark");
    const { status, stdout } = sparkgate(
      ["check", "-", "--platform", "karpenter", "-o", "diff"],
      latest,
    );
    assert.equal(status, 1);
    assert.match(
      stdout,
      /^# -:1 \* spec\.containers\[0\]\.image: \[sparkgate:pin-images\] .* has no tag/m,
    );
  });

  it("asks for a role where a template does not say one, and takes it", () => {
    const template = `---
apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly }
spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: main, image: spark }] } } } } }
`;
    const path = file("cronjob.yaml", `# a comment\n${template}`);
    const skipped = sparkgate(["check", path, "--platform", "karpenter"]);
    assert.equal(skipped.status, 0);
    assert.match(skipped.stdout, /SKIPPED .*CronJob default\/nightly/);
    assert.match(skipped.stdout, /--role driver\|executor/);
    const judged = sparkgate(["check", path, "--platform", "karpenter", "--role", "driver"]);
    assert.equal(judged.status, 1);
    assert.match(
      judged.stdout,
      /spec\.jobTemplate\.spec\.template\.spec\.containers\[0\]\.image: /,
    );
  });

  it("reads Lists, as kubectl get prints them, and several documents a file", () => {
    const pod = (name: string) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels: { "spark-role": "driver" } },
      spec: { containers: [{ name: "a", image: "a:1" }] },
    });
    const list = JSON.stringify({
      apiVersion: "v1",
      kind: "List",
      items: [pod("one"), pod("two")],
    });
    const { stdout } = sparkgate(["check", "-", "--platform", "karpenter"], list);
    assert.match(stdout, /default\/one/);
    assert.match(stdout, /default\/two/);
    const twice = sparkgate(["check", "-", "--platform", "karpenter"], `${DRIVER}---\n${DRIVER}`);
    assert.match(twice.stdout, /-:14$/m);
  });

  it("does not blame a Pod of a cluster for the node that the scheduler chose", () => {
    const bound = DRIVER.replace("spec:\n", "spec:\n  nodeName: node-7\n");
    const args = ["check", "-", "--platform", "karpenter"];
    assert.equal(sparkgate(args, bound).status, 1);
    const stored = bound.replace("namespace: risk", "namespace: risk\n  uid: 7b0a6c1e");
    assert.equal(sparkgate(args, stored).status, 0);
  });

  it("exits with 2 for what is no object or no Pod, and says where, all at once", () => {
    const list = "kind: List\nitems:\n  - null\n  - 3\n  - {metadata: {name: a}}\n";
    const broken = DRIVER.replace("value: hunter2", "value: 7").replace(
      "namespace: risk",
      "name2: x",
    );
    const { status, stderr } = sparkgate(
      ["check", "-", "--platform", "karpenter"],
      `${list}---\n${broken}`,
    );
    assert.equal(status, 2);
    assert.deepEqual(stderr.trimEnd().split("\n"), [
      "-:3:5: is not a Kubernetes object",
      "-:4:5: is not a Kubernetes object",
      "-:5:5: is not a Kubernetes object: it has no kind",
      "-:18:38: spec.containers[0].env[0].value: must be string, is number",
    ]);
  });

  it("exits with 2 for what it cannot read, and says where", () => {
    const broken = file("broken.yaml", "apiVersion: v1\nkind: [Pod\n");
    const { status, stderr } = sparkgate(["check", broken, "--platform", "karpenter"]);
    assert.equal(status, 2);
    assert.ok(stderr.includes(`${broken}:3:1: is not YAML`), stderr);
    const missing = sparkgate(["check", "no-such.yaml", "--platform", "karpenter"]);
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /^no-such\.yaml: no such file or folder$/m);
    assert.equal(sparkgate(["check", "-", "--platform", "karpenter"], "# nothing\n").status, 2);
    const noPlatform = sparkgate(["check", "-"], DRIVER);
    assert.equal(noPlatform.status, 2);
    assert.match(noPlatform.stderr, /--platform NAME/);
  });

  it("learns the labels of namespaces from Namespace objects, and says where it needs them", () => {
    const policy = file(
      "gold.json",
      JSON.stringify({
        ...{ apiVersion: "sparkgate.io/v1alpha1", kind: "SparkPolicy", metadata: { name: "gold" } },
        spec: { match: { namespaceSelector: { matchLabels: { tier: "gold" } } }, images: {} },
      }),
    );
    const metadata = { name: "d", namespace: "a", labels: { "spark-role": "driver" } };
    const spec = { containers: [{ name: "spark", image: "spark:latest" }] };
    const pod = file("pod.json", JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec }));
    const namespace = (tier: string) =>
      file(
        `${tier}-namespace.json`,
        JSON.stringify({
          ...{ apiVersion: "v1", kind: "Namespace", metadata: { name: "a", labels: { tier } } },
        }),
      );
    const args = ["check", pod, "--policies", policy, "--platform", "eks"];
    const gold = sparkgate([...args, namespace("gold")]);
    assert.equal(gold.status, 1);
    assert.match(gold.stdout, /mutable tag/);
    assert.equal(sparkgate([...args, namespace("lead")]).status, 0);
    const unknown = sparkgate(args);
    assert.equal(unknown.status, 1);
    assert.match(
      unknown.stdout,
      /could not be evaluated: the labels of the namespace are not known/,
    );
  });
});

describe("sparkgate check: of what is no Pod", () => {
  const kubeflow = (more = "") => `apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata: { name: etl, namespace: risk }
spec: { image: "reg.acme.com/spark:3.5.9", sparkConf: { spark.eventLog.enabled: "true" }${more} }
`;
  const conf = (text: string, name = "spark-drv-0a-conf-map") => `apiVersion: v1
kind: ConfigMap
metadata: { name: ${name} }
data: { spark.properties: "${text}" }
`;
  const args = ["check", "-", "--policies", "strict", "--platform", "karpenter"];

  it("judges an operator's application by its fields", () => {
    assert.match(sparkgate(args, kubeflow()).stdout, /OK .* SparkApplication risk\/etl/);
    const { status, stdout } = sparkgate(args, kubeflow(", executor: { image: spark }"));
    assert.equal(status, 1);
    assert.match(stdout, /DENIED .* SparkApplication risk\/etl/);
    assert.match(stdout, /spec\.executor\.image: \[sparkgate:pin-images\] 'spark' has no tag/);
  });

  it("judges a driver's conf, and shows what is added to it", () => {
    const { status, stdout } = sparkgate(args, conf("spark.dynamicAllocation.enabled=true"));
    assert.equal(status, 0, stdout);
    assert.match(stdout, /CHANGED .* ConfigMap default\/spark-drv-0a-conf-map/);
    const key = "spark.hadoop.fs.s3a.secret.key";
    const refused = sparkgate(args, conf(`${key}=hunter2`));
    assert.equal(refused.status, 1);
    assert.doesNotMatch(refused.stdout, /hunter2/);
    assert.match(
      sparkgate(args, conf("a=b", "mine")).stdout,
      /SKIPPED .* ConfigMap default\/mine .*\n.*a ConfigMap holds no Pod that could be judged/,
    );
  });

  it("says where an application cannot be read", () => {
    const { status, stderr } = sparkgate(args, kubeflow().replace(/^spec.*$/m, "spec: x"));
    assert.equal(status, 2);
    assert.match(stderr, /-:4:.*spec: must be object/);
  });

  it("is explained policy by policy", () => {
    const input = kubeflow(", executor: { image: spark }");
    const { stdout } = sparkgate(["explain", ...args.slice(1)], input);
    assert.match(stdout, /^SparkApplication of application etl$/m);
    assert.match(stdout, /denied: spec\.executor\.image: 'spark' has no tag/);
    assert.match(stdout, /no match: speaks of pod, this is an application/);
  });
});
