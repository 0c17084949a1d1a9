import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { X509Certificate } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { reviewOf, type ReviewOptions } from "./test-reviews.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";
import { get, send, startTestServer, type TestServer } from "./test-server.ts";

/** All series of Sparkgate's without the histogram's buckets, as `name{labels}` to value. */
async function seriesOf(server: TestServer): Promise<ReadonlyMap<string, number>> {
  const { status, text } = await get(server, "/metrics");
  assert.equal(status, 200);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines
      .filter((line) => !line.includes("_bucket{"))
      .map((line) => {
        const end = line.lastIndexOf(" ");
        return [line.slice(0, end), Number(line.slice(end + 1))] as const;
      }),
  );
}

/** The labelled series of one metric after some reviews. */
async function after(
  t: TestContext,
  name: string,
  reviews: readonly ReviewOptions[],
): Promise<Readonly<Record<string, number>>> {
  const server = await startTestServer(t);
  for (const review of reviews) await send(server, reviewOf(review));
  const found = [...(await seriesOf(server))].filter(([series]) => series.startsWith(`${name}{`));
  return Object.fromEntries(
    found.map(([series, value]) => [series.slice(name.length).replaceAll('"', "'"), value]),
  );
}

const ofKubeflow = {
  kind: { group: "sparkoperator.k8s.io", version: "v1beta2", kind: "SparkApplication" },
};

describe("sparkgate_admission_requests_total", () => {
  const cases: readonly (readonly [ReviewOptions, string])[] = [
    [
      {},
      "surface='pod',role='executor',operation='CREATE',admission='mutating',verdict='changed',dry_run='false'",
    ],
    [
      { role: "driver", image: "bad", dryRun: true },
      "surface='pod',role='driver',operation='CREATE',admission='mutating',verdict='denied',dry_run='true'",
    ],
    [
      { role: "connect-server" },
      "surface='pod',role='connect-server',operation='CREATE',admission='mutating',verdict='allowed',dry_run='false'",
    ],
    [
      { request: { operation: "x\n\"'" } },
      "surface='pod',role='none',operation='other',admission='mutating',verdict='skipped',dry_run='false'",
    ],
    [
      { role: "anything" },
      "surface='pod',role='none',operation='CREATE',admission='mutating',verdict='skipped',dry_run='false'",
    ],
    [
      { request: { kind: { group: "", version: "v1", kind: "Secret" } } },
      "surface='none',role='none',operation='CREATE',admission='mutating',verdict='skipped',dry_run='false'",
    ],
    [
      { request: { object: { metadata: { labels: { "spark-role": "driver" } }, spec: 1 } } },
      "surface='pod',role='driver',operation='CREATE',admission='mutating',verdict='denied',dry_run='false'",
    ],
    [
      { request: { object: { metadata: { labels: { "spark-role": "executor" } }, spec: 1 } } },
      "surface='pod',role='executor',operation='CREATE',admission='mutating',verdict='allowed',dry_run='false'",
    ],
    [
      { request: { ...ofKubeflow, object: { spec: {} } } },
      "surface='application',role='none',operation='CREATE',admission='mutating',verdict='skipped',dry_run='false'",
    ],
    [
      { request: { kind: { group: "", version: "v1", kind: "ConfigMap" } } },
      "surface='driver-conf',role='none',operation='CREATE',admission='mutating',verdict='skipped',dry_run='false'",
    ],
    [
      { request: { uid: "" } },
      "surface='none',role='none',operation='other',admission='mutating',verdict='not-understood',dry_run='false'",
    ],
  ];
  for (const [review, labels] of cases) {
    it(`counts {${labels}}`, async (t) => {
      const counted = await after(t, "sparkgate_admission_requests_total", [review, review]);
      assert.deepEqual(counted, { [`{${labels}}`]: 2 });
    });
  }
});

describe("metrics of policies", () => {
  const always = {
    "{policy='shadowed',mode='Enforce',action='shadow'}": 1,
    "{policy='warns',mode='Warn',action='change'}": 1,
  };
  const changed = { ...always, "{policy='marks',mode='Enforce',action='change'}": 1 };

  it("counts changes", async (t) => {
    assert.deepEqual(await after(t, "sparkgate_policy_findings_total", [{}]), changed);
  });

  it("counts a change that replaces a user's choice as such", async (t) => {
    assert.deepEqual(await after(t, "sparkgate_policy_findings_total", [{ image: "replace" }]), {
      ...always,
      "{policy='marks',mode='Enforce',action='replace'}": 1,
    });
  });

  it("counts a denial, and no change of what was denied", async (t) => {
    const review = { role: "driver", image: "bad" };
    assert.deepEqual(await after(t, "sparkgate_policy_findings_total", [review]), {
      ...always,
      "{policy='refuses-bad',mode='Enforce',action='deny'}": 1,
      "{policy='audits',mode='Audit',action='deny'}": 1,
    });
  });

  it("counts an executor that was admitted all the same", async (t) => {
    assert.deepEqual(await after(t, "sparkgate_policy_findings_total", [{ image: "bad" }]), {
      ...changed,
      "{policy='refuses-bad',mode='Enforce',action='admit-executor'}": 1,
      "{policy='audits',mode='Audit',action='admit-executor'}": 1,
    });
  });

  it("counts executors refused", async (t) => {
    const counted = await after(t, "sparkgate_executor_denials_total", [
      { image: "worst" },
      { image: "bad" },
      { image: "worst", role: "driver" },
    ]);
    assert.deepEqual(counted, { "{policy='refuses-executors'}": 1 });
  });

  it("counts policies that fail, and what came of it", async (t) => {
    const image = "broken";
    assert.deepEqual(
      await after(t, "sparkgate_policy_errors_total", [{ image }, { image, role: "driver" }]),
      { "{policy='fails',outcome='allowed'}": 1, "{policy='fails',outcome='denied'}": 1 },
    );
  });

  it("counts nothing of the kind in a dry run", async (t) => {
    const server = await startTestServer(t);
    for (const image of ["bad", "worst", "broken", "replace"]) {
      await send(server, reviewOf({ image, dryRun: true }));
    }
    await send(server, reviewOf({ role: "none", dryRun: true }));
    const names = [...(await seriesOf(server)).keys()].filter((series) =>
      /_(findings|errors|denials|skipped)_total/.test(series),
    );
    assert.deepEqual(names, []);
    assert.equal((await seriesOf(server)).get("sparkgate_admission_duration_seconds_count"), 5);
  });
});

describe("metrics of the server", () => {
  it("times calls in seconds, from 0.5 ms to 10 s", async (t) => {
    const server = await startTestServer(t);
    await send(server, reviewOf());
    const series = await seriesOf(server);
    assert.equal(series.get("sparkgate_admission_duration_seconds_count"), 1);
    const sum = series.get("sparkgate_admission_duration_seconds_sum") ?? 0;
    assert.ok(sum > 0.00001 && sum < 5, String(sum));
    const { text } = await get(server, "/metrics");
    assert.match(text, /_bucket\{le="0\.0005"\}/);
    assert.match(text, /_bucket\{le="10"\} 1\n/);
  });

  it("tells policies, certificate and build", async (t) => {
    const before = Date.now() / 1000;
    const server = await startTestServer(t);
    const { validToDate } = new X509Certificate(
      await readFile(server.certificates.certPath, "utf8"),
    );
    const series = await seriesOf(server);
    assert.equal(series.get('sparkgate_policy_set_info{digest="0123456789ab"}'), 1);
    assert.ok((series.get("sparkgate_policy_set_load_timestamp_seconds") ?? 0) >= before - 1);
    assert.equal(
      series.get('sparkgate_certificate_expiry_timestamp_seconds{certificate="serving"}'),
      validToDate.getTime() / 1000,
    );
    const node = process.versions.node;
    assert.equal(series.get(`sparkgate_build_info{version="1.2.3-test",node="${node}"}`), 1);
    assert.equal(series.get("sparkgate_admission_inflight_requests"), 0);
    assert.equal(series.get("sparkgate_tls_reload_failures_total"), 0);
  });

  it("tells conflicts of policies, when exceptions end, and what they kept away", async (t) => {
    const spec = { mode: "Enforce", placement: { capacity: "spot" } };
    const leave = {
      ...{ subjects: [{ namespaces: ["*"] }], policies: ["pin"] },
      ...{ reason: "r", owner: "o", expiresAt: "2999-01-01" },
    };
    const set = policySet(
      [
        policyText("a", { ...spec, priority: 1 }),
        policyText("b", { ...spec, match: { namespaces: ["x"] } }),
        policyText("pin", { mode: "Enforce", images: { pin: "Digest" } }),
        JSON.stringify({
          apiVersion: "sparkgate.io/v1alpha1",
          kind: "SparkPolicyException",
          metadata: { name: "leave" },
          spec: leave,
        }),
      ],
      { mode: undefined },
    );
    const server = await startTestServer(t, { loadPolicySet: () => set });
    await send(server, reviewOf({ role: "driver", image: "spark:4.0" }));
    const series = await seriesOf(server);
    assert.equal(series.get("sparkgate_policy_conflicts"), 1);
    assert.equal(
      series.get('sparkgate_exception_expiry_timestamp_seconds{exception="leave"}'),
      Date.UTC(2999, 0, 1) / 1000,
    );
    const finding = 'sparkgate_policy_findings_total{policy="pin",mode="Enforce",action="except"}';
    assert.equal(series.get(finding), 1);
  });

  it("never has a namespace, an application or a Pod in a label", async (t) => {
    const server = await startTestServer(t);
    for (const image of ["bad", "worst", "broken"]) await send(server, reviewOf({ image }));
    const { text } = await get(server, "/metrics");
    assert.doesNotMatch(text, /team-risk|spark-abc|etl-7f3a/);
  });
});
