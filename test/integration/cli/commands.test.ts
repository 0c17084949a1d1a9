import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { emptyFolder, file, ROOT, sparkgate } from "./run-sparkgate.ts";

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

  it("reads a folder that kubectl apply -k reads too", () => {
    const folder = emptyFolder("with-kustomization");
    const policy = readFileSync(join(ROOT, "policies/baseline/pin-images.yaml"));
    writeFileSync(join(folder, "pin-images.yaml"), policy);
    writeFileSync(join(folder, "kustomization.yaml"), "kind: Kustomization\n");
    const { status, stderr } = sparkgate(["validate", folder, "--platform", "karpenter"]);
    assert.equal(status, 0, stderr);
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

describe("sparkgate webhooks", () => {
  it("prints what is in manifests/", () => {
    const { status, stdout } = sparkgate(["webhooks"]);
    assert.equal(status, 0);
    const path = join(ROOT, "manifests/webhook-configurations.yaml");
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, stdout);
    assert.equal(stdout, readFileSync(path, "utf8"), "run the tests with UPDATE_GOLDEN=1");
  });

  it("puts in an address, the CA and the failure policy", () => {
    const pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    const ca = file("ca.crt", pem);
    const args = ["--url", "https://10.0.0.5:8443", "--failure-policy", "Ignore"];
    const { status, stdout } = sparkgate(["webhooks", "--ca-file", ca, ...args]);
    assert.equal(status, 0);
    assert.match(stdout, /url: https:\/\/10\.0\.0\.5:8443\/validate$/m);
    assert.doesNotMatch(stdout, /failurePolicy: Fail|service:/);
    const [, bundle = ""] = /caBundle: (?:>-\n\s+)?(\S+)/.exec(stdout) ?? [];
    assert.equal(Buffer.from(bundle, "base64").toString(), pem);
  });

  it("exits with 2 for what the API server would not take", () => {
    for (const url of ["http://a", "https://a/path", "https://u:p@a", "a:8443"]) {
      const { status, stderr } = sparkgate(["webhooks", "--url", url]);
      assert.equal(status, 2);
      assert.match(stderr, /must be https:\/\/HOST/);
    }
    assert.equal(sparkgate(["webhooks", "--service", "sparkgate"]).status, 2);
    const { status, stderr } = sparkgate(["webhooks", "--ca-file", file("no.crt", "x")]);
    assert.equal(status, 2);
    assert.match(stderr, /no\.crt: holds no PEM certificate/);
  });
});

describe("sparkgate sweep", () => {
  const kubeconfig = file("unreachable.kubeconfig", unreachable());
  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["no cluster", ["-A"], /say --kubeconfig FILE or --in-cluster/],
    ["a context of nothing", ["-A", "--context", "prod"], /--context needs --kubeconfig FILE/],
    ["no namespace", ["--kubeconfig", kubeconfig], /say --namespace NAME or --all-namespaces/],
    ["all and one", ["--kubeconfig", kubeconfig, "-A", "-n", "a"], /cannot be used with option/],
    [
      "what no namespace is called",
      ["--kubeconfig", kubeconfig, "-n", "a/b"],
      /no namespace can be/,
    ],
    ["an age without unit", ["--kubeconfig", kubeconfig, "-A", "--older-than", "7"], /such as 7d/],
    ["an age of weeks", ["--kubeconfig", kubeconfig, "-A", "--older-than", "1w"], /such as 7d/],
    ["an empty age", ["--kubeconfig", kubeconfig, "-A", "--older-than", ""], /such as 7d/],
    [
      "a deletion by a time to come",
      ["--kubeconfig", kubeconfig, "-A", "--delete", "--at", "2999-01-01"],
      /would delete what is still within its time to live/,
    ],
  ];
  for (const [what, args, message] of wrong) {
    it(`exits with 2 for ${what}`, () => {
      const { status, stdout, stderr } = sparkgate(["sweep", ...args]);
      assert.equal(status, 2);
      assert.match(stderr, message);
      assert.equal(stdout, "");
    });
  }

  it("exits with 3 for a cluster that it cannot look at", () => {
    const unreadable = sparkgate(["sweep", "-A", "--kubeconfig", "no-such.kubeconfig"]);
    assert.equal(unreadable.status, 3);
    assert.match(unreadable.stderr, /^--kubeconfig no-such\.kubeconfig: cannot be read/);
    const { status, stderr } = sparkgate(["sweep", "-n", "a", "--kubeconfig", kubeconfig]);
    assert.equal(status, 3);
    assert.match(stderr, /^cannot list driver Pods of namespace a: connect ECONNREFUSED/m);
    assert.match(stderr, /^cannot look for claims of namespace a: /m);
  });

  /** Of a cluster on a port on which nobody listens. */
  function unreachable(): string {
    return JSON.stringify({
      ...{ apiVersion: "v1", kind: "Config", "current-context": "a" },
      clusters: [{ name: "a", cluster: { server: "https://127.0.0.1:65535" } }],
      users: [{ name: "a", user: { token: "none" } }],
      contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
    });
  }
});

describe("sparkgate", () => {
  it("has a version and help with examples for every command", () => {
    assert.match(sparkgate(["version"]).stdout, /^sparkgate \d+\.\d+\.\d+\n$/);
    assert.equal(sparkgate(["--version"]).status, 0);
    const help = sparkgate(["--help"]);
    assert.equal(help.status, 0);
    const commands = ["serve", "check", "review", "validate", "webhooks", "certs", "sweep"];
    for (const command of [...commands, "demo", "version"]) {
      assert.match(help.stdout, new RegExp(`^ {2}${command} `, "m"));
    }
    for (const command of commands) {
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
    assert.match(
      stdout,
      /spark-local-dir-1: emptyDir -> hostPath \/mnt\/k8s-disks\/0, still at \/var\/data\/spark-/,
    );
    assert.match(stdout, /spark-local-dir-2: none -> hostPath \/mnt\/k8s-disks\/1, at /);
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
