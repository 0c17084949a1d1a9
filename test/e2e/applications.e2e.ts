// Operators' objects on a real API server, with stand-ins for their CRDs: who applies one is told, and a running operator is left alone.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { until } from "./polling.ts";
import { writePolicies } from "./spark-pods.ts";
import { startProtectedCluster, type Sparkgate } from "./sparkgate.ts";

const PINNED = "registry.example.com/spark:3.5.9";
const LATEST = "registry.example.com/spark:latest";
const KUBEFLOW = "sparkoperator.k8s.io/v1beta2";
const APACHE = "spark.apache.org/v1";

const POLICIES = {
  "pin-images": { images: {} },
  "safe-conf": {
    sparkConf: {
      set: { "spark.eventLog.enabled": "true" },
      required: ["spark.eventLog.enabled"],
      forbidden: ["spark.hadoop.fs.s3a.*.key"],
      limits: { "spark.dynamicAllocation.maxExecutors": { max: 200 } },
    },
  },
  "team-label": {
    match: { objectSelector: { matchLabels: { tier: "production" } } },
    metadata: { required: { labels: [{ key: "team" }] } },
  },
};

type Fields = Readonly<Record<string, unknown>>;

const object = (apiVersion: string, kind: string, name: string, spec: Fields) => ({
  ...{ apiVersion, kind, spec },
  metadata: { name, namespace: "default" },
});

const application = (name: string, spec: Fields = {}) =>
  object(KUBEFLOW, "SparkApplication", name, {
    ...{ type: "Scala", mode: "cluster", sparkVersion: "3.5.9", image: PINNED },
    ...{ driver: { cores: 1 }, executor: { instances: 2 } },
    ...spec,
  });

describe("operators' objects", () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;
  const folder = mkdtempSync(join(tmpdir(), "sparkgate-applications-"));

  const apply = (one: unknown, args: readonly string[] = []) =>
    cluster.kubectl(["apply", ...args, "-f", "-"], { stdin: JSON.stringify(one) });

  const takes = async (one: unknown) => {
    const { code, stderr } = await apply(one);
    assert.equal(code, 0, stderr);
    return stderr;
  };

  const refuses = async (one: unknown, ...messages: readonly RegExp[]) => {
    const { code, stderr } = await apply(one);
    assert.equal(code, 1, "it was let in");
    for (const message of messages) assert.match(stderr, message);
  };

  before(async () => {
    const policies = writePolicies({ directory: folder }, POLICIES);
    ({ cluster, sparkgate } = await startProtectedCluster({ controllers: false, policies }));
    for (const file of ["kubeflow.yaml", "apache.yaml"]) {
      const crds = join(import.meta.dirname, "crds", file);
      const { code, stderr } = await cluster.kubectl(["apply", "-f", crds]);
      assert.equal(code, 0, stderr);
    }
    await until("all kinds are served and judged", async () => {
      const probe = object(APACHE, "SparkCluster", "probe", {
        sparkConf: { "spark.kubernetes.container.image": LATEST },
      });
      const { stderr } = await apply(probe, ["--dry-run=server"]);
      return stderr.includes("sparkgate:pin-images");
    });
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const calls = async () => {
    const metrics = await sparkgate.get("/metrics");
    return metrics
      .split("\n")
      .filter((line) => line.startsWith('sparkgate_admission_requests_total{surface="application"'))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  };

  it("are refused with the field that is theirs, by kubectl apply", async () => {
    await refuses(
      application("latest", {
        image: LATEST,
        driver: { image: "registry.example.com/driver", sidecars: [{ name: "a", image: "a" }] },
      }),
      /The SparkApplication "latest" is invalid/,
      /spec\.image: \[sparkgate:pin-images\] 'registry\.example\.com\/spark:latest' has a mutable tag/,
      /spec\.driver\.image: \[sparkgate:pin-images\] .* has no tag/,
      /spec\.driver\.sidecars\[0\]\.image: \[sparkgate:pin-images\] 'a' has no tag/,
    );
  });

  it("are refused for a conf that would be refused with the driver", async () => {
    await refuses(
      application("unsafe", {
        hadoopConf: { "fs.s3a.secret.key": "hunter2" },
        dynamicAllocation: { enabled: true, maxExecutors: 500 },
      }),
      /spec\.hadoopConf\[fs\.s3a\.secret\.key\]: \[sparkgate:safe-conf\] is forbidden/,
      /spec\.dynamicAllocation\.maxExecutors: \[sparkgate:safe-conf\] '500' is above 200/,
    );
  });

  it("are refused for labels that their Pods would not have, in the fields in which these belong", async () => {
    const production = (team: Fields, executors: Fields) => ({
      ...application("labelled", {
        driver: { cores: 1, labels: team },
        executor: { instances: 2, labels: executors },
      }),
      metadata: { name: "labelled", namespace: "default", labels: { tier: "production" } },
    });
    await refuses(
      production({}, {}),
      /spec\.driver\.labels\[team\]: \[sparkgate:team-label\] is missing\. Fix: spec\.driver\.labels\[team\]: VALUE/,
      /spec\.executor\.labels\[team\]: \[sparkgate:team-label\] is missing/,
    );
    await refuses(production({ team: "risk" }, {}), /spec\.executor\.labels\[team\]/);
    await takes(production({ team: "risk" }, { team: "risk" }));
  });

  it("are let in as they are where all is well, and what becomes of the conf is told", async () => {
    const good = application("good", { sparkConf: { "spark.eventLog.enabled": "false" } });
    const stderr = await takes(good);
    assert.match(
      stderr,
      /Warning: \[sparkgate:safe-conf\] spec\.sparkConf\[spark\.eventLog\.enabled\] becomes true in the driver's conf/,
    );
    const path = "/apis/sparkoperator.k8s.io/v1beta2/namespaces/default/sparkapplications/good";
    const stored = (await cluster.api("GET", path)) as KubernetesObject;
    assert.deepEqual(stored["spec"], good.spec);
    assert.deepEqual(Object.keys(stored.metadata.annotations ?? {}), [
      "kubectl.kubernetes.io/last-applied-configuration",
    ]);
  });

  it("are not asked about where an UPDATE leaves the spec as it is", async () => {
    const before = await calls();
    assert.ok(before > 0);
    const path = "/apis/sparkoperator.k8s.io/v1beta2/namespaces/default/sparkapplications/good";
    const merge = "application/merge-patch+json";
    const status = { status: { applicationState: { state: "RUNNING" } } };
    await cluster.api("PATCH", `${path}/status`, status, merge);
    await cluster.api(
      "PATCH",
      path,
      { metadata: { labels: { a: "b" }, finalizers: ["a/b"] } },
      merge,
    );
    await cluster.api("PATCH", path, { metadata: { finalizers: [] } }, merge);
    assert.equal(await calls(), before);
  });

  it("are judged where an UPDATE changes the spec, whatever of it was there before", async () => {
    await refuses(application("good", { image: LATEST }), /has a mutable tag/);
    await takes(application("good", { executor: { instances: 3 } }));
    // One that was there before the policy goes on, until its author changes it.
    const old = application("old", { image: LATEST });
    await cluster.kubectl(["label", "namespace", "default", "sparkgate.io/bypass=test"]);
    await until("Sparkgate is not asked any more", async () => (await apply(old)).code === 0);
    await cluster.kubectl(["label", "namespace", "default", "sparkgate.io/bypass-"]);
    await until("Sparkgate is asked again", async () => {
      const { code } = await apply(application("probe", { image: LATEST }), ["--dry-run=server"]);
      return code !== 0;
    });
    const path = "/apis/sparkoperator.k8s.io/v1beta2/namespaces/default/sparkapplications/old";
    const merge = "application/merge-patch+json";
    await cluster.api("PATCH", path, { spec: { suspend: true } }, merge);
    await cluster.api("PATCH", path, { spec: { suspend: false } }, merge);
    await assert.rejects(
      cluster.api("PATCH", path, { spec: { executor: { instances: 5 } } }, merge),
      /Sparkgate refused SparkApplication old: 1 problem .*\[pin-images\] spec\.image/,
    );
  });

  it("may be large: the condition of the webhook has room for it", async () => {
    // As much as etcd takes; of more than 100,000 fields and entries Sparkgate reads nothing.
    const entries = Array.from({ length: 1000 }, (_, index) => [
      `spark.a${index}`,
      "x".repeat(1000),
    ]);
    const large = application("large", { sparkConf: Object.fromEntries(entries) as Fields });
    const args = ["--server-side"]; // kubectl's annotation has no room for it
    const created = await apply(large, args);
    assert.equal(created.code, 0, created.stderr);
    const changed = await apply({ ...large, spec: { ...large.spec, type: "Java" } }, args);
    assert.equal(changed.code, 0, changed.stderr);
  });

  it("have the fields of their kind: ScheduledSparkApplication", async () => {
    const scheduled = (template: Fields) =>
      object(KUBEFLOW, "ScheduledSparkApplication", "nightly", { schedule: "@daily", template });
    await refuses(
      scheduled({ executor: { image: LATEST }, sparkConf: { "spark.eventLog.enabled": "" } }),
      /The ScheduledSparkApplication "nightly" is invalid/,
      /spec\.template\.executor\.image: \[sparkgate:pin-images\]/,
    );
    await takes(scheduled({ image: PINNED }));
  });

  it("have the fields of their kind: SparkConnect", async () => {
    const connect = (spec: Fields) =>
      object("sparkoperator.k8s.io/v1alpha1", "SparkConnect", "shared", {
        sparkConf: { "spark.eventLog.enabled": "true" },
        ...spec,
      });
    const containers = [{ name: "spark-kubernetes-driver", image: LATEST }];
    await refuses(
      connect({ image: PINNED, server: { template: { spec: { containers } } } }),
      /spec\.server\.template\.spec\.containers\[0\]\.image: \[sparkgate:pin-images\]/,
    );
    await takes(connect({ image: PINNED }));
  });

  it("have the fields of their kind: SparkApplication and SparkCluster of Apache, in every version", async () => {
    const IMAGE = "spark.kubernetes.container.image";
    const apache = (version: string, image: string) =>
      object(`spark.apache.org/${version}`, "SparkApplication", `pi-${version}`, {
        sparkConf: { [IMAGE]: image },
        runtimeVersions: { sparkVersion: "4.1.1" },
      });
    for (const version of ["v1", "v1beta1"]) {
      await refuses(
        apache(version, "apache/spark"),
        /spec\.sparkConf\[spark\.kubernetes\.container\.image\]: \[sparkgate:pin-images\] 'apache\/spark' has no tag/,
      );
      await takes(apache(version, "apache/spark:{{SPARK_VERSION}}-scala"));
    }
    const workers = { template: { spec: { containers: [{ name: "sidecar", image: LATEST }] } } };
    await refuses(
      object(APACHE, "SparkCluster", "shared", {
        sparkConf: { [IMAGE]: PINNED, "spark.eventLog.enabled": "true" },
        workerSpec: { statefulSetSpec: workers },
      }),
      /spec\.workerSpec\.statefulSetSpec\.template\.spec\.containers\[0\]\.image/,
    );
  });
});
