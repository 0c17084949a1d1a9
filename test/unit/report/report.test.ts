import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { redactPod } from "../../../src/spark/redact.ts";
import { decide } from "../../../src/engine/decide.ts";
import { createPolicySet, type PolicySet } from "../../../src/engine/policy-set.ts";
import type { Container } from "../../../src/kubernetes/pod.ts";
import { formatReport, REPORT_FORMATS } from "../../../src/report/format.ts";
import { reportEntry, skippedEntry, type Origin, type Report } from "../../../src/report/report.ts";
import { alignColumns } from "../../../src/report/table.ts";
import { reachesThreshold, THRESHOLDS } from "../../../src/report/threshold.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";
import { admitted, driverPod, executorPod } from "../../fixtures/pods.ts";
import { fakePolicy, nodesAndImages } from "../../fixtures/policies.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";

const KEY = "karpenter.sh/capacity-type";
const baseline = nodesAndImages("baseline");
const origin: Origin = {
  file: "pods.yaml",
  line: 3,
  kind: "Pod",
  namespace: "team-a",
  name: "etl",
  prefix: "",
};

function report(set: PolicySet, object: unknown, from: Partial<Origin> = {}): Report {
  const decision = decide(set, admitted(object), NO_FACTS);
  return { policySet: "0123456789ab", entries: [reportEntry({ ...origin, ...from }, decision)] };
}

const plain = (_verdict: string, text: string) => text;
const table = (of: Report) => formatReport(of, "table", plain);

const bad = driverPod({
  spec: {
    containers: [{ name: "spark-kubernetes-driver", image: "spark" }],
    nodeSelector: { [KEY]: "spot" },
  },
});

describe("report: table", () => {
  it("has a line for the object, a bullet for each finding as kubectl shows it, and a sum", () => {
    assert.equal(
      table(report(baseline, bad)),
      `VERDICT  ROLE    OBJECT          FILE
DENIED   driver  Pod team-a/etl  pods.yaml:3
  + [sparkgate:driver-on-demand] spec.nodeSelector[${KEY}] 'spot' replaced: 'on-demand'
  * spec.containers[0].image: [sparkgate:pin-images] 'spark' has no tag. Fix: --conf spark.kubernetes.container.image=spark:TAG (or @sha256:DIGEST)

1 object: 1 denied, 0 changed, 0 ok, 0 skipped (policy set 0123456789ab)`,
    );
  });

  it("says why an object was skipped", () => {
    const entries = [skippedEntry(origin, "a ConfigMap holds no Pod")];
    const text = table({ policySet: "0", entries });
    assert.match(text, /^SKIPPED {2}- .*\n {2}- a ConfigMap holds no Pod$/m);
    assert.match(text, /0 denied, 0 changed, 0 ok, 1 skipped/);
  });

  it("marks what would only happen if it were enforced", () => {
    const text = table(report(nodesAndImages("strict", { mode: "Audit" }), bad));
    assert.match(text, /^OK /m);
    assert.match(
      text,
      /^ {2}! spec\.nodeSelector\[.*\]: \[sparkgate:driver-on-demand\] would-deny: 'spot', needs/m,
    );
  });

  it("puts the place of the Pod in front of the fields of a template", () => {
    const text = table(report(baseline, bad, { prefix: "spec.template." }));
    assert.match(text, /^ {2}\* spec\.template\.spec\.containers\[0\]\.image: /m);
  });

  it("lets nothing in a file write to the terminal but text", () => {
    const hostile = "x\u001b[2J\nDENIED\r\u0007";
    const pod = { ...bad, spec: { ...bad.spec, nodeSelector: { [hostile]: 1 } } };
    for (const object of [pod, bad]) {
      const text = table(
        report(baseline, object, { name: hostile, namespace: hostile, kind: hostile }),
      );
      assert.doesNotMatch(text.replaceAll("\n", ""), /\p{Cc}/u);
      assert.doesNotMatch(text, /^DENIED\r/m);
      assert.equal(text.split("\n").filter((line) => line.startsWith("DENIED")).length, 1);
    }
  });

  it("paints the line of the object and nothing else", () => {
    const text = formatReport(
      report(baseline, bad),
      "table",
      (verdict, line) => `<${verdict}>${line}`,
    );
    assert.equal(text.split("\n").filter((line) => line.startsWith("<denied>")).length, 1);
  });

  it("sets columns flush, whatever the number of cells", () => {
    assert.deepEqual(alignColumns([["a", "bbb", "c"], ["aaaa", "b"], []]), [
      "a     bbb  c",
      "aaaa  b",
      "",
    ]);
  });
});

describe("report: JSON", () => {
  it("has the findings, and the Pod before and after", () => {
    const value: unknown = JSON.parse(formatReport(report(baseline, bad), "json", plain));
    const { apiVersion, kind, objects } = value as Record<string, unknown> & {
      objects: Record<string, unknown>[];
    };
    assert.deepEqual([apiVersion, kind, objects.length], ["sparkgate.io/v1alpha1", "Report", 1]);
    const [entry] = objects;
    assert.equal(entry?.["verdict"], "denied");
    assert.equal(entry["line"], 3);
    const findings = entry["findings"] as Record<string, unknown>[];
    assert.deepEqual(
      findings.map(({ policy, action }) => [policy, action]),
      [
        ["driver-on-demand", "change"],
        ["pin-images", "deny"],
      ],
    );
    assert.match(JSON.stringify(entry["before"]), /"spot"/);
    assert.doesNotMatch(JSON.stringify((entry["after"] as { spec: unknown }).spec), /"spot"/);
  });
});

describe("report: diff", () => {
  it("shows what is taken away and what comes", () => {
    const text = formatReport(report(baseline, bad), "diff", plain);
    assert.match(text, /^--- Pod team-a\/etl \(pods\.yaml\)\tas sent$/m);
    assert.match(text, /^- +karpenter\.sh\/capacity-type: spot$/m);
    assert.match(text, /^\+ +- on-demand$/m);
  });

  it("is empty where nothing changes", () => {
    const pod = driverPod({ spec: { nodeSelector: { [KEY]: "on-demand" } } });
    assert.equal(formatReport(report(baseline, pod), "diff", plain), "");
  });

  it("keeps its form whatever the object is called", () => {
    const name = 'x\n+++ evil\n"';
    const text = formatReport(report(baseline, bad, { name, kind: "\u001b[2J" }), "diff", plain);
    assert.equal(text.split("\n").filter((line) => line.startsWith("+++")).length, 1);
    assert.doesNotMatch(text, /\u001b/);
  });
});

describe("report: every format", () => {
  const secret = "hunter2";
  const probe = { exec: { command: ["curl", `-H${secret}`] } };
  const container: Container & Record<string, unknown> = {
    name: "spark-kubernetes-driver",
    image: "spark",
    command: ["sh", "-c", secret],
    args: ["driver", "--password", secret, `--x=${secret}`],
    env: [
      { name: "AWS_SECRET_ACCESS_KEY", value: secret },
      { name: "__proto__", value: secret },
    ],
    lifecycle: { postStart: probe },
    livenessProbe: probe,
    readinessProbe: { httpGet: { httpHeaders: [{ name: "Authorization", value: secret }] } },
    startupProbe: probe,
  };
  const pod = driverPod({
    metadata: {
      name: "etl",
      labels: { "spark-role": "driver" },
      annotations: {
        "kubectl.kubernetes.io/last-applied-configuration": `{"env":"${secret}"}`,
      },
    },
    spec: {
      containers: [{ ...container, name: "side" }, container],
      initContainers: [{ ...container, name: "init" }],
      ephemeralContainers: [{ ...container, name: "debug" }],
    },
  });

  for (const format of REPORT_FORMATS) {
    it(`keeps secrets out: ${format}`, () => {
      for (const set of [baseline, nodesAndImages("strict", { mode: "Audit" })]) {
        const text = formatReport(report(set, pod), format, plain);
        assert.doesNotMatch(text, new RegExp(secret));
      }
    });

    it(`gives the same bytes for the same report: ${format}`, () => {
      const once = formatReport(report(baseline, pod), format, plain);
      assert.equal(formatReport(report(baseline, structuredClone(pod)), format, plain), once);
    });
  }

  it("still shows what Spark itself put there, and where secrets come from", () => {
    const env = [
      { name: "SPARK_LOCAL_DIRS", value: "/data" },
      { name: "TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
      { name: "EMPTY" },
    ];
    const shown = redactPod(
      deepFreeze({ spec: { containers: [{ name: "a", args: ["driver", "x"], env }] } }),
    );
    assert.deepEqual(shown.spec?.containers, [{ name: "a", args: ["driver", "(hidden)"], env }]);
  });

  it("copes with null wherever a Pod may have it", () => {
    const nulls = { metadata: null, spec: null };
    assert.deepEqual(redactPod(nulls), nulls);
    const inner = { metadata: { annotations: null }, spec: { containers: null } };
    assert.deepEqual(redactPod(inner), inner);
  });
});

describe("reportEntry", () => {
  it("denies a driver that cannot be read, and only warns of such an executor", () => {
    const broken = { containers: "x" };
    const [driver] = report(baseline, { ...driverPod(), spec: broken }).entries;
    assert.equal(driver?.verdict, "denied");
    assert.deepEqual(
      driver.findings.map(({ action, field }) => [action, field]),
      [["deny", "spec.containers"]],
    );
    const [executor] = report(baseline, { ...executorPod(1), spec: broken }).entries;
    assert.deepEqual([executor?.verdict, executor?.findings[0]?.action], ["ok", "warn"]);
  });

  it("tells shadowed policies and failures by name", () => {
    const one = { combine: "one" as const };
    const fail = () => {
      throw new Error("no such key");
    };
    const set = createPolicySet(
      [
        fakePolicy("first", { ...one, priority: 1 }),
        fakePolicy("second", one),
        fakePolicy("lenient", { onError: "Allow", judge: fail }),
        fakePolicy("strict", { judge: fail }),
      ],
      "0",
    );
    const findings = report(set, driverPod()).entries[0]?.findings ?? [];
    assert.deepEqual(
      findings.map(({ policy, action, text }) => [policy, action, text]),
      [
        ["lenient", "error", "could not be evaluated: no such key"],
        ["second", "shadowed", "shadowed by first"],
        ["strict", "deny", "could not be evaluated: no such key"],
      ],
    );
  });
});

describe("reachesThreshold", () => {
  const audit = nodesAndImages("strict", { mode: "Audit" });
  const executor = executorPod(1, { spec: { nodeName: "n" } });
  const cases: readonly (readonly [string, Report, readonly string[]])[] = [
    ["a denial", report(baseline, bad), ["change", "warn", "deny"]],
    ["what would be a denial", report(audit, bad), ["change", "warn"]],
    ["a violation that does not refuse", report(baseline, executor), ["change", "warn"]],
    ["a change", report(baseline, driverPod()), ["change"]],
    ["a skipped object", report(baseline, { kind: "Pod" }), []],
  ];
  for (const [what, of, expected] of cases) {
    it(`is reached by ${what} at ${expected.join(", ") || "none"}`, () => {
      assert.deepEqual(
        THRESHOLDS.filter((threshold) => reachesThreshold(of, threshold)),
        expected,
      );
    });
  }
});
