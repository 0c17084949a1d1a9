// What Sparkgate knows of namespaces, on the real API server: selectors, modes, bypass, PodSecurity. It runs with the
// rights of manifests/cluster-role.yaml and no others, and loses its connection once.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { Cluster } from "./cluster.ts";
import { startCluster } from "./cluster.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { type Relay, startRelay } from "./relay.ts";
import { restrictedKubeconfig } from "./restricted-kubeconfig.ts";
import { createPod, driverPod, executorPod, refusalOf, writePolicies } from "./spark-pods.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

const DISK = "/mnt/disks/ssd0";
const AGE = 'cluster_watch_age_seconds{resource="namespaces"}';
const LATEST = driverPod({ image: "registry.example.com/spark:latest" });

const POLICIES = {
  "pin-in-gold": { match: { namespaceSelector: { matchLabels: { tier: "gold" } } }, images: {} },
  "warn-in-silver": {
    mode: "Audit",
    modeOverrides: [{ mode: "Warn", namespaceSelector: { matchLabels: { tier: "silver" } } }],
    match: {
      namespaceSelector: {
        matchExpressions: [{ key: "tier", operator: "In", values: ["silver", "lead"] }],
      },
    },
    images: {},
  },
  "shuffle-on-ssd": {
    match: { roles: ["executor"] },
    localDirs: { disk: "host-path" },
    mode: "Enforce",
  },
};

describe("namespaces", () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;
  let relay: Relay;

  before(async () => {
    cluster = await startCluster({ controllers: false });
    relay = await startRelay(cluster.port);
    const [port = 0, metricsPort = 0] = await freePorts(2);
    sparkgate = await startSparkgate(cluster, {
      policies: writePolicies(cluster, withMode(POLICIES)),
      mode: "own",
      platform: "node-pool",
      kubeconfig: await restrictedKubeconfig(cluster, relay.port),
      ...{ port, metricsPort },
    });
    await registerSparkgate(cluster, port);
    await cluster.createNamespace("gold", { tier: "gold" });
    await cluster.createNamespace("lead", { tier: "lead" });
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    relay.stop();
    await cluster.stop();
  });

  it("are told apart by their labels", async () => {
    assert.match((await refusalOf(cluster, "gold", LATEST)) ?? "", /pin-in-gold/);
    assert.equal(await refusalOf(cluster, "lead", LATEST), undefined);
  });

  it("are known from the moment they are created", async () => {
    for (const name of ["new-1", "new-2", "new-3", "new-4", "new-5"]) {
      await cluster.createNamespace(name, { tier: "gold" });
      assert.match((await refusalOf(cluster, name, LATEST)) ?? "", /pin-in-gold/, name);
    }
  });

  it("may change their labels at any time", async () => {
    await cluster.createNamespace("changing", { tier: "lead" });
    assert.equal(await refusalOf(cluster, "changing", LATEST), undefined);
    await label("changing", "tier=gold");
    await until("the policy applies", () => refusalOf(cluster, "changing", LATEST));
    await label("changing", "tier=lead");
    await until(
      "the policy does not apply",
      async () => !(await refusalOf(cluster, "changing", LATEST)),
    );
  });

  it("decide the mode of a policy", async () => {
    await cluster.createNamespace("silver", { tier: "silver" });
    for (const [namespace, warned] of [
      ["silver", true],
      ["lead", false],
    ] as const) {
      const { code, stderr } = await cluster.kubectl(
        ["create", "--dry-run=server", "-n", namespace, "-f", "-"],
        { stdin: JSON.stringify(LATEST) },
      );
      assert.equal(code, 0);
      assert.equal(/warn-in-silver.*would be refused/.test(stderr), warned, stderr);
    }
  });

  it("can be told to be left alone", async () => {
    await cluster.createNamespace("loud", { tier: "gold" });
    assert.notEqual(await refusalOf(cluster, "loud", LATEST), undefined);
    await label("loud", "sparkgate.io/bypass=true");
    await until("nothing is refused", async () => !(await refusalOf(cluster, "loud", LATEST)));
    await until(
      "it is seen in the metrics",
      async () => (await metric("bypassed_namespaces")) === 1,
    );
    await label("loud", "sparkgate.io/bypass-");
    await until("it is refused again", () => refusalOf(cluster, "loud", LATEST));
  });

  it("get hostPath volumes only where PodSecurity allows them", async () => {
    const enforce = "pod-security.kubernetes.io/enforce";
    await cluster.createNamespace("open");
    await cluster.createNamespace("baseline", { [enforce]: "baseline" });
    await cluster.createNamespace("restricted", { [enforce]: "restricted" });
    const pod = executorPod(1, { spec: restrictedSpec() });
    const sources = async (namespace: string) => {
      const { spec } = await createPod(cluster, namespace, pod);
      return spec.volumes?.find(({ name }) => name === "spark-local-dir-1");
    };
    assert.deepEqual((await sources("open"))?.hostPath, { path: DISK, type: "Directory" });
    for (const namespace of ["baseline", "restricted"]) {
      assert.deepEqual((await sources(namespace))?.emptyDir, {});
    }
    // It is the real plugin that is asked: it refuses what the policy kept out.
    const spec = {
      ...restrictedSpec(),
      volumes: [{ name: "spark-local-dir-1", hostPath: { path: DISK } }],
    };
    const refused = await refusalOf(cluster, "baseline", executorPod(1, { spec }));
    assert.match(refused ?? "", /violates PodSecurity .*hostPath/);
  });

  it("stay known while the API server cannot be reached, and what changed meanwhile is learnt", async () => {
    await cluster.createNamespace("away", { tier: "lead" });
    assert.equal(await refusalOf(cluster, "away", LATEST), undefined);
    relay.cut();
    await until("the watches fail", async () => (await metric("cluster_watch_errors_total")) >= 2);
    assert.match((await refusalOf(cluster, "gold", LATEST)) ?? "", /pin-in-gold/);
    await cluster.createNamespace("unseen", { tier: "lead" });
    // Unknown is not "no labels": the policies that need them fail, and onError says Deny.
    assert.match(
      (await refusalOf(cluster, "unseen", LATEST)) ?? "",
      /could not be evaluated.*not known/,
    );
    await label("away", "tier=gold");
    const age = await until("what is known grows old", async () => {
      const seconds = await metric(AGE);
      return seconds > 1 && seconds;
    });
    relay.mend();
    await until("the change is learnt", () => refusalOf(cluster, "away", LATEST), {
      timeoutMs: 90_000,
    });
    await until("what is known is fresh again", async () => (await metric(AGE)) < age);
    assert.equal(await refusalOf(cluster, "unseen", LATEST), undefined);
  });

  const label = async (namespace: string, change: string) => {
    const { code, stderr } = await cluster.kubectl([
      "label",
      "--overwrite",
      "namespace",
      namespace,
      change,
    ]);
    assert.equal(code, 0, stderr);
  };

  /** The sum over a metric's series. */
  const metric = async (name: string) =>
    (await sparkgate.get("/metrics"))
      .split("\n")
      .filter((line) => line.startsWith(`sparkgate_${name}`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
});

function withMode(policies: Readonly<Record<string, object>>): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(policies).map(([name, spec]) => [name, { mode: "Enforce", ...spec }]),
  );
}

/** As PodSecurity `restricted` wants it. */
function restrictedSpec() {
  return {
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 185,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "spark-kubernetes-executor",
        image: "registry.example.com/spark:3.5.9",
        args: ["executor"],
        env: [{ name: "SPARK_LOCAL_DIRS", value: "/var/data/spark-1" }],
        volumeMounts: [{ name: "spark-local-dir-1", mountPath: "/var/data/spark-1" }],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      },
    ],
  };
}
