import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { file, sparkgate } from "./run-sparkgate.ts";

const EXECUTOR = `apiVersion: v1
kind: Pod
metadata:
  name: etl-exec-5
  namespace: risk
  labels: { spark-role: executor, spark-exec-id: "5", spark-app-selector: spark-1 }
spec:
  nodeSelector: { node-pool: spot }
  containers:
    - name: spark-kubernetes-executor
      image: reg.acme.com/spark:3.5.9
      args: [executor]
      env: [{ name: PASSWORD, value: hunter2 }]
`;
const DRIVER = EXECUTOR.replace("spark-role: executor", "spark-role: driver");
const PLATFORM = ["--platform", "node-pool"];

describe("sparkgate explain", () => {
  it("tells of every policy why it did or did not", () => {
    const { status, stdout } = sparkgate(["explain", "-", ...PLATFORM], EXECUTOR);
    assert.equal(status, 0);
    assert.match(stdout, /^CHANGED {2}Pod risk\/etl-exec-5 \(-:1\)$/m);
    assert.match(stdout, /^driver-on-demand: .*\n {2}no match: match\.roles/m);
    assert.match(stdout, /^executors-on-spot: placement, priority 0, Enforce \(--mode\)$/m);
    assert.match(stdout, /^ {4}-    node-pool: spot$/m);
    assert.doesNotMatch(stdout, /hunter2/);
  });

  it("tells one policy, in the mode that it says itself", () => {
    const args = ["explain", "-", ...PLATFORM, "--policy", "pin-images", "--mode", "AsWritten"];
    const { status, stdout } = sparkgate(args, DRIVER.replace("spark:3.5.9", "spark"));
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^pin-images: images, priority 0, Audit \(default\)\n {2}would be denied: /m,
    );
    assert.doesNotMatch(stdout, /driver-on-demand/);
  });

  it("exits with 1 at a denial, and with 2 at an unknown policy", () => {
    const latest = DRIVER.replace("spark:3.5.9", "spark");
    assert.equal(sparkgate(["explain", "-", ...PLATFORM], latest).status, 1);
    const unknown = sparkgate(["explain", "-", ...PLATFORM, "--policy", "pin"], DRIVER);
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /there is no policy 'pin', allowed: driver-on-demand, /);
  });

  it("simulates the share of executors, created and live", () => {
    const args = ["explain", "-", ...PLATFORM, "--simulate", "100", "--loss", "0.2"];
    const { stdout } = sparkgate(args, EXECUTOR);
    assert.match(stdout, /^100 executors created: 20 on-demand \(20%\), 80 spot \(80%\)$/m);
    assert.match(
      stdout,
      /^after 20 were lost on spot and replaced, live: 24 on-demand \(24%\), 76 spot \(76%\)$/m,
    );
    const json = sparkgate([...args, "-o", "json"], EXECUTOR).stdout;
    const { objects } = JSON.parse(json) as { objects: readonly { simulation: unknown }[] };
    assert.deepEqual(objects[0]?.simulation, {
      ...{ executors: 100, created: { spot: 80, "on-demand": 20 } },
      ...{ lost: 20, live: { spot: 76, "on-demand": 24 } },
    });
    assert.equal(sparkgate(args, DRIVER).status, 2);
    const lone = sparkgate(["explain", "-", ...PLATFORM, "--loss", "0.2"], EXECUTOR);
    assert.equal(lone.status, 2);
    assert.match(lone.stderr, /--loss says nothing without --simulate N/);
    assert.equal(sparkgate(["explain", "-", ...PLATFORM, "--simulate", "0"], EXECUTOR).status, 2);
  });

  it("simulates nothing that the job keeps for itself", () => {
    const keeps = file(
      "keeps.yaml",
      `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata: { name: keeps }
spec:
  match: { roles: [executor] }
  placement: { capacity: spot, onDemand: { percent: 20 }, onUserChoice: Keep }
`,
    );
    const args = ["explain", "-", "--policies", keeps, ...PLATFORM, "--simulate", "10"];
    const onDemand = EXECUTOR.replace("node-pool: spot", "node-pool: on-demand");
    assert.match(
      sparkgate(args, onDemand).stdout,
      /^10 executors created: 8 as the job chose \(80%\), 2 on-demand \(20%\)$/m,
    );
  });

  it("writes one clean line of whatever stands in a name", () => {
    const hostile = `apiVersion: v1\nkind: "X\\e[31mred\\nDENIED"\nmetadata: { name: "a\\e]0;t\\a" }\n`;
    const { stdout } = sparkgate(["explain", "-", ...PLATFORM], hostile);
    assert.equal(stdout.trim().split("\n").length, 1);
    assert.doesNotMatch(stdout, /\u001b/);
  });

  it("is data with -o json", () => {
    const { stdout } = sparkgate(["explain", "-", ...PLATFORM, "-o", "json"], EXECUTOR);
    const { objects } = JSON.parse(stdout) as {
      objects: readonly { policies: readonly { policy: string; diff: readonly string[] }[] }[];
    };
    const policies = objects[0]?.policies ?? [];
    assert.deepEqual(
      policies.map(({ policy }) => policy),
      [
        "driver-on-demand",
        "executors-on-spot",
        "pass-pod-security",
        "pin-images",
        "shuffle-on-local-disk",
        "shuffle-safe-conf",
      ],
    );
    assert.ok((policies[1]?.diff.length ?? 0) > 5);
  });
});

const LEAVE = (expiresAt: string) => `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicyException
metadata: { name: leave }
spec:
  subjects: [{ namespaces: [risk] }]
  policies: [pin-images]
  reason: frozen
  owner: team-risk
  expiresAt: ${expiresAt}
`;

describe("sparkgate exceptions", () => {
  const list = (expiresAt: string, ...args: readonly string[]) =>
    sparkgate([
      ...["exceptions", "baseline", file("leave.yaml", LEAVE(expiresAt))],
      ...["--at", "2027-01-01", ...args],
    ]);

  it("lists who has leave, and until when", () => {
    const { status, stdout } = list("2027-03-01");
    assert.equal(status, 0);
    assert.match(stdout, /^leave +pin-images +risk +team-risk +2027-03-01 +59 days +frozen$/m);
  });

  it("exits with 1 where one has ended, or is about to", () => {
    assert.equal(list("2027-01-01").status, 1);
    assert.match(list("2027-01-01").stdout, /EXPIRED/);
    assert.equal(list("2027-01-10").status, 0);
    assert.equal(list("2027-01-10", "--fail-on", "expiring").status, 1);
    assert.equal(list("2027-01-10", "--fail-on", "expiring", "--within", "3").status, 0);
    const json = JSON.parse(list("2027-01-10", "-o", "json").stdout) as { exceptions: unknown[] };
    assert.deepEqual(json.exceptions, [
      {
        ...{ name: "leave", state: "expiring", expiresAt: "2027-01-10" },
        ...{ policies: ["pin-images"], owner: "team-risk", reason: "frozen" },
        whom: "risk",
      },
    ]);
  });

  it("is checked: its policies exist, and its date", () => {
    const { status, stderr } = list("2027-02-30");
    assert.equal(status, 2);
    assert.match(stderr, /leave\.yaml:9:\d+: spec\.expiresAt: '2027-02-30' is no moment/);
  });

  it("counts in check by --at", () => {
    const args = [
      "check",
      "-",
      "--policies",
      "baseline",
      "--policies",
      file("l.yaml", LEAVE("2027-03-01")),
    ];
    const latest = DRIVER.replace("spark:3.5.9", "spark");
    const before = sparkgate([...args, ...PLATFORM, "--at", "2027-02-28"], latest);
    assert.equal(before.status, 0, before.stderr);
    assert.match(before.stdout, /excepted by leave until 2027-03-01: frozen \(team-risk\)/);
    assert.equal(sparkgate([...args, ...PLATFORM, "--at", "2027-03-01"], latest).status, 1);
  });
});

describe("sparkgate validate", () => {
  const two = file(
    "two.yaml",
    ["a", "b"]
      .map(
        (name) =>
          `apiVersion: sparkgate.io/v1alpha1\nkind: SparkPolicy\nmetadata: { name: ${name} }\nspec:\n  match: { namespaces: [${name === "a" ? "team-a" : '"team-*"'}] }\n  placement: { capacity: on-demand }\n`,
      )
      .join("---\n"),
  );

  it("tells which policy gives way, on stderr and as data", () => {
    const { status, stdout, stderr } = sparkgate(["validate", two, ...PLATFORM]);
    assert.equal(status, 0);
    assert.match(stdout, /2 policies, .*: nothing wrong/);
    assert.match(
      stderr,
      /^warning: \S*two\.yaml:\d+:\d+: metadata\.name: gives way to a where both match/m,
    );
    const strict = sparkgate(["validate", two, ...PLATFORM, "--fail-on", "warning", "-o", "json"]);
    assert.equal(strict.status, 1);
    const { findings } = JSON.parse(strict.stdout) as {
      findings: readonly Record<string, unknown>[];
    };
    assert.deepEqual(
      findings.map(({ severity, kind, policy, other }) => ({ severity, kind, policy, other })),
      [{ severity: "warning", kind: "shadowed", policy: "b", other: "a" }],
    );
  });
});

describe("sparkgate schema", () => {
  it("prints JSON Schema, and does not mind who reads only its head", () => {
    const { status, stdout } = sparkgate(["schema", "SparkPolicyException"]);
    assert.equal(status, 0);
    assert.equal((JSON.parse(stdout) as { title: string }).title, "SparkPolicyException");
    assert.equal(sparkgate(["schema", "SparkPolciy"]).status, 2);
  });
});
