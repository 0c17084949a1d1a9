import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { file, sparkgate } from "./run-sparkgate.ts";

const POLICY = `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata: { name: team }
spec:
  mode: Enforce
  enforceFrom: 2027-01-15
  match: { roles: [driver] }
  deny:
    when: '!has(object.metadata.labels.team)'
    message: "{{request.namespace}} wants to know the team"
    fix: --conf spark.kubernetes.driver.label.team=TEAM
---
apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicy
metadata: { name: marks-everything }
spec:
  metadata: { labels: { marked: "yes" } }
`;

const TEST = `apiVersion: sparkgate.io/v1alpha1
kind: SparkPolicyTest
metadata: { name: team }
spec:
  alone: true
  namespace: { name: risk }
  objects:
    bare:
      kind: Pod
      metadata: { name: etl, labels: { spark-role: driver } }
      spec: { containers: [{ name: spark-kubernetes-driver, image: "a:1" }] }
  cases:
    - name: without a team
      object: bare
      expect:
        verdict: denied
        findings: [{ action: deny, contains: risk wants to know }]
    - name: before its time
      object: bare
      mode: AsWritten
      at: 2027-01-14T23:59:59Z
      expect: { verdict: ok, findings: [{ action: would-deny }] }
    - name: an executor is none of its
      object:
        kind: Pod
        metadata: { name: etl, labels: { spark-role: executor } }
        spec: { containers: [{ name: c, image: "a:1" }] }
      expect: { verdict: ok }
    - name: at its time
      object: bare
      mode: AsWritten
      at: 2027-01-15
      expect: { verdict: denied }
`;

const run = (test: string, ...args: readonly string[]) =>
  sparkgate(["test", file("team.yaml", `${POLICY}---\n${test}`), ...args]);

describe("sparkgate test", () => {
  it("exits with 0 where all cases hold", () => {
    const { status, stdout } = run(TEST);
    assert.equal(status, 0);
    assert.deepEqual(stdout.trim().split("\n"), [
      "ok   team: without a team",
      "ok   team: before its time",
      "ok   team: an executor is none of its",
      "ok   team: at its time",
      "4 cases: all hold",
    ]);
  });

  it("exits with 1 and tells where and how one does not", () => {
    const { status, stdout } = run(TEST.replace("verdict: ok,", "verdict: changed,"));
    assert.equal(status, 1);
    assert.match(
      stdout,
      /^FAIL team: before its time\n {7}\S*team\.yaml:\d+:\d+: spec\.cases\[1\]\.expect\.verdict: expected changed, is ok: /m,
    );
    assert.match(stdout, /^4 cases: 1 do not hold$/m);
  });

  it("judges by all policies of the folder, unless the test says alone", () => {
    for (const text of ["  alone: false\n", ""]) {
      const { status, stdout } = run(TEST.replace("  alone: true\n", text));
      assert.equal(status, 1, stdout);
      assert.match(stdout, /^FAIL team: an executor is none of its\n.*expected ok, is changed: /m);
      assert.match(stdout, /^4 cases: 1 do not hold$/m);
    }
  });

  const MISTAKES: readonly (readonly [what: string, from: string, to: string, stderr: RegExp])[] = [
    [
      "a policy",
      "kind: SparkPolicyTest\nmetadata: { name: team }",
      "kind: SparkPolicyTest\nmetadata: { name: tem }",
      /there is no policy 'tem': name its folder, or give it by --policies; did you mean 'team'\?/,
    ],
    [
      "a field of the test",
      "verdict: denied }",
      "verdcit: denied }",
      /unknown key; did you mean 'verdict'\?/,
    ],
    [
      "a verdict",
      "verdict: denied }",
      "verdict: refused }",
      /found "refused", allowed: denied, changed, ok, skipped/,
    ],
  ];
  for (const [what, from, to, stderr] of MISTAKES) {
    it(`exits with 2 where ${what} is misspelt`, () => {
      const result = run(TEST.replace(from, to));
      assert.equal(result.status, 2);
      assert.match(result.stderr, stderr);
      assert.match(result.stderr, /team\.yaml:\d+:\d+: /);
    });
  }

  it("fails a case whose object or field does not exist", () => {
    const misspelt = run(TEST.replace("object: bare\n      expect", "object: bear\n      expect"));
    assert.equal(misspelt.status, 1);
    assert.match(misspelt.stdout, /there is no object 'bear', allowed: bare/);
    const field = run(
      TEST.replace("verdict: ok,", "verdict: ok, exactly: { spec.hostNetwrok: true },"),
    );
    assert.equal(field.status, 1);
    assert.match(field.stdout, /expect\.exactly\.spec\.hostNetwrok: there is no such field/);
  });

  it("fails a case whose object the API server would refuse, whatever it expects", () => {
    const label = "labels: { spark-role: executor }";
    const bad = run(TEST.replace(label, "labels: { spark-role: executor, spark-exec-id: 1 }"));
    assert.equal(bad.status, 1);
    assert.match(bad.stdout, /spec\.cases\[2\]\.object: metadata\.labels/);
  });

  it("judges in the namespace that the case says", () => {
    const own = TEST.replace(
      "metadata: { name: etl, labels",
      "metadata: { name: etl, namespace: own, labels",
    );
    assert.equal(run(own).status, 0, "findings contain the namespace of the test");
  });

  it("writes one clean line of whatever stands in a case's name", () => {
    const { stdout } = run(TEST.replace("name: at its time", 'name: "x\\nok   forged \\e[31mred"'));
    assert.doesNotMatch(stdout, /\u001b|^ok {3}forged/m);
  });

  it("exits with 2 where there is no case, also of those asked for", () => {
    const none = sparkgate(["test", file("none.yaml", POLICY)]);
    assert.equal(none.status, 2);
    assert.match(none.stderr, /no SparkPolicyTest/);
    assert.equal(run(TEST, "--only", "nothing like it").status, 2);
    assert.match(run(TEST, "--only", "at its").stdout, /^1 case: all hold$/m);
  });

  it("runs the shipped sets, each by itself", () => {
    const { status, stdout } = sparkgate(["test", "baseline", "strict", "-o", "json"]);
    assert.equal(status, 0);
    const { cases } = JSON.parse(stdout) as { cases: readonly { holds: boolean }[] };
    assert.ok(cases.length > 20 && cases.every(({ holds }) => holds));
  });
});
