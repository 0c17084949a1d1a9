// The CLI as its users start it: a process, its output and its exit code.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "sparkgate-cli-"));

after(() => {
  rmSync(folder, { recursive: true });
});

function sparkgate(args: readonly string[], input = "") {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/cli.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
    input,
  });
  return { status, stdout, stderr };
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

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
});

describe("sparkgate review", () => {
  const review = (object: unknown) =>
    JSON.stringify({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: {
        uid: "u-1",
        kind: { group: "", version: "v1", kind: "Pod" },
        operation: "CREATE",
        object,
      },
    });

  it("prints the answer, and exits with 1 for a refusal", () => {
    const object = {
      metadata: { name: "d", labels: { "spark-role": "driver" } },
      spec: { containers: [{ name: "a", image: "spark:latest" }] },
    };
    const { status, stdout } = sparkgate(
      ["review", "-", "--platform", "karpenter"],
      review(object),
    );
    assert.equal(status, 1);
    const { response } = JSON.parse(stdout) as {
      response: { uid: string; status: { code: number } };
    };
    assert.equal(response.uid, "u-1");
    assert.equal(response.status.code, 422);
  });

  it("exits with 2 for what is no review", () => {
    const { status, stderr } = sparkgate(["review", "-", "--platform", "karpenter"], "{}");
    assert.equal(status, 2);
    assert.match(stderr, /^-: the body is not an AdmissionReview/);
  });
});

describe("sparkgate validate", () => {
  it("lists policies where nothing is wrong", () => {
    const { status, stdout } = sparkgate(["validate", "baseline", "--platform", "karpenter"]);
    assert.equal(status, 0);
    assert.match(stdout, /^pin-images +images +Audit +0 +driver,executor,connect-server$/m);
  });

  it("tells all that is wrong at once, and exits with 2", () => {
    const policy = `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata: { name: mine }
spec:
  mode: enforce
  placement: { capcity: spot, onDemand: { percent: 140 } }
`;
    const path = file("mine.yaml", policy);
    const { status, stderr } = sparkgate(["validate", path, "--platform", "karpenter"]);
    assert.equal(status, 2);
    assert.ok(stderr.includes(`${path}:5:9: spec.mode: found "enforce"`), stderr);
    assert.ok(stderr.includes("did you mean 'Enforce'?"), stderr);
    assert.ok(stderr.includes("did you mean 'capacity'?"), stderr);
    assert.match(stderr, /percent: found 140/);
  });
});

describe("sparkgate", () => {
  it("has a version and help with examples for every command", () => {
    assert.match(sparkgate(["version"]).stdout, /^sparkgate \d+\.\d+\.\d+\n$/);
    assert.equal(sparkgate(["--version"]).status, 0);
    const help = sparkgate(["--help"]);
    assert.equal(help.status, 0);
    for (const command of ["serve", "check", "review", "validate", "demo", "version"]) {
      assert.match(help.stdout, new RegExp(`^ {2}${command} `, "m"));
    }
    for (const command of ["serve", "check", "review", "validate"]) {
      assert.match(sparkgate([command, "--help"]).stdout, /Examples:\n {2}sparkgate /);
    }
  });

  it("exits with 2 for an unknown command or option, and suggests one", () => {
    const command = sparkgate(["chek", "x.yaml"]);
    assert.equal(command.status, 2);
    assert.match(command.stderr, /Did you mean check\?/);
    const option = sparkgate(["check", "x.yaml", "--polices", "baseline"]);
    assert.equal(option.status, 2);
    assert.match(option.stderr, /Did you mean --policies\?/);
    assert.equal(sparkgate(["serve", "--port", "99999"]).status, 2);
    assert.equal(sparkgate(["serve", "--platform", "karpenter"]).status, 2);
  });

  it("exits with 3 where a certificate cannot be had", () => {
    const tls = ["--tls-cert", "no-such.crt", "--tls-key", "no-such.key"];
    const ports = ["--port", "0", "--metrics-port", "0", "--host", "127.0.0.1"];
    const { status, stderr } = sparkgate(["serve", "--platform", "karpenter", ...ports, ...tls]);
    assert.equal(status, 3);
    assert.match(stderr, /no-such\.crt/);
  });

  it("prints help and exits with 2 when it is told nothing to do", () => {
    const { status, stderr } = sparkgate([]);
    assert.equal(status, 2);
    assert.match(stderr, /Usage: sparkgate/);
  });
});

describe("the examples of the README", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const examples = [...readme.matchAll(/^ {4}npm run -s sparkgate -- (check .*)$/gm)];
  it("are there", () => {
    assert.equal(examples.length, 2);
  });
  for (const [line, args = ""] of examples) {
    it(line.trim(), () => {
      const { status, stdout, stderr } = sparkgate(args.split(" "));
      assert.equal(stderr, "");
      assert.ok(stdout.length > 100);
      assert.equal(status, args.includes("driver.yaml") ? 1 : 0);
    });
  }
});

describe("sparkgate demo", () => {
  it("shows what it promises, without colour when piped", () => {
    const { status, stdout, stderr } = sparkgate(["demo"]);
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /DENIED 2\n {4}The Pod ".*" is invalid:\n {4}\* spec\./);
    assert.match(stdout, /on-demand 5 10 \| spot 1 2 3 4 6 7 8 9\n {4}same after .*: yes/);
    assert.match(stdout, /ADMITTED unchanged, would deny 2/);
    const proof =
      /patches apply (\d+)\/(\d+) · second pass changes 0\/\d+ · webhook = check (\d+)\/(\d+)/.exec(
        stdout,
      );
    assert.ok(proof !== null && Number(proof[2]) > 0);
    assert.equal(proof[1], proof[2]);
    assert.equal(proof[3], proof[4]);
    assert.ok(!stdout.includes("\u001b"));
  });
});
