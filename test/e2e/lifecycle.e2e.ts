// What policies say of a Pod's life, on a real API server with the Priority plugin: classes, annotations and times as they are
// stored, on every shipped platform.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { type Cluster, startCluster } from "./cluster.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { createPod, driverPod, executorPod, refusalOf, writePolicies } from "./spark-pods.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

const CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses";
const SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const DO_NOT_DISRUPT = "karpenter.sh/do-not-disrupt";
const GOATSCALER = "goatscaler.io/safe-to-evict";
const TTL = "sparkgate.io/ttl-seconds-after-finished";

interface Documented {
  readonly protect: Readonly<Record<string, string>>;
  readonly allow: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly notice: number;
}

/**
 * What the autoscalers' own documentation says, and how long before it takes a node away the cloud says so.
 *
 * - Cluster autoscaler (kubernetes/autoscaler cluster-autoscaler/FAQ.md, "What types of pods can prevent CA from removing a
 *   node?"): safe-to-evict "false" does; "true" lets it evict what it would not otherwise, such as Pods with local storage and those
 *   that no known controller owns, both of which executors are.
 * - Karpenter (karpenter.sh/docs/concepts/disruption, "Pod-Level Controls"): do-not-disrupt "true" does; a Pod without it may be evicted.
 * - EC2 (docs.aws.amazon.com/AWSEC2 spot-instance-termination-notices): two minutes. Azure (learn.microsoft.com/azure
 *   spot-vms): 30 s at least. GKE (cloud.google.com/kubernetes-engine/docs/concepts/spot-vms): 15 s for Pods.
 */
const CLUSTER_AUTOSCALER = {
  protect: { [SAFE_TO_EVICT]: "false" },
  allow: { [SAFE_TO_EVICT]: "true" },
};
const KARPENTER = { protect: { [DO_NOT_DISRUPT]: "true" }, allow: {} };
const BOTH = {
  protect: { ...CLUSTER_AUTOSCALER.protect, ...KARPENTER.protect },
  allow: CLUSTER_AUTOSCALER.allow,
};
const DOCUMENTED: Readonly<Record<string, Documented>> = {
  karpenter: { ...KARPENTER, notice: 120 },
  eks: { ...BOTH, notice: 120 },
  gke: { ...CLUSTER_AUTOSCALER, notice: 15 },
  aks: { ...CLUSTER_AUTOSCALER, notice: 30 },
  oke: { ...CLUSTER_AUTOSCALER, notice: 30 },
  ack: {
    protect: { [SAFE_TO_EVICT]: "false", [GOATSCALER]: "false" },
    allow: { [SAFE_TO_EVICT]: "true", [GOATSCALER]: "true" },
    notice: 180,
  },
  "node-pool": { ...BOTH, notice: 30 },
};

describe("the life of Pods", () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;

  before(async () => {
    cluster = await startCluster({ controllers: false });
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const namespaces = (...names: readonly string[]) => ({ namespaces: names });
    const policies: Record<string, object> = {
      class: {
        match: { ...namespaces("keep", "class-*"), roles: ["driver"] },
        lifecycle: { priorityClassName: "spark-driver" },
      },
      "class-replaced": {
        match: { ...namespaces("replace"), roles: ["driver"] },
        lifecycle: { priorityClassName: "spark-driver", onUserChoice: "Replace" },
      },
      "class-missing": {
        match: namespaces("missing"),
        lifecycle: { priorityClassName: "nobody-made-it" },
      },
      times: {
        match: { ...namespaces("times"), roles: ["driver", "executor"] },
        lifecycle: { activeDeadlineSeconds: 3600, ttlSecondsAfterFinished: 60 },
      },
    };
    for (const platform of Object.keys(DOCUMENTED)) {
      const grace = { platform, terminationGracePeriodSeconds: 600 };
      policies[`a-${platform}-drivers`] = {
        match: { ...namespaces(platform), roles: ["driver"] },
        lifecycle: { platform, eviction: "Protect" },
      };
      policies[`a-${platform}-executors`] = {
        match: { ...namespaces(platform), roles: ["executor"] },
        priority: 1,
        lifecycle: { ...grace, eviction: "Allow" },
      };
      policies[`z-${platform}-spot`] = {
        match: { ...namespaces(platform), roles: ["executor"] },
        placement: { platform, capacity: "spot", onDemand: { base: 1 } },
      };
    }
    sparkgate = await startSparkgate(cluster, {
      policies: writePolicies(cluster, policies),
      ...{ port, metricsPort },
    });
    for (const [name, value, more] of [
      ["spark-driver", 1000, { preemptionPolicy: "Never" }],
      ["users-own", 5, {}],
    ] as const) {
      await cluster.api("POST", CLASSES, { metadata: { name }, value, ...more });
    }
    for (const name of ["keep", "replace", "missing", "times", ...Object.keys(DOCUMENTED)]) {
      await cluster.createNamespace(name);
    }
    await registerSparkgate(cluster, port);
    // The plugin hears of classes by a watch.
    await until("the Priority plugin knows the classes", async () => {
      const refusals = ["users-own", "spark-driver"].map((name) =>
        refusalOf(cluster, "times", classed(name)),
      );
      return (await Promise.all(refusals)).every((refusal) => refusal === undefined);
    });
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    await cluster.stop();
  });

  const priorityOf = ({ spec }: Pod) => {
    const { priorityClassName, priority, preemptionPolicy } = spec as unknown as Record<
      string,
      unknown
    >;
    return { priorityClassName, priority, preemptionPolicy };
  };
  const OURS = { priorityClassName: "spark-driver", priority: 1000, preemptionPolicy: "Never" };
  const USERS = {
    ...{ priorityClassName: "users-own", priority: 5 },
    preemptionPolicy: "PreemptLowerPriority",
  };

  it("a driver gets the class, and with it the value and the policy that the Priority plugin writes down", async () => {
    const driver = driverPod({ name: "stored-driver" });
    const stored = await createPod(cluster, "keep", driver, { dryRun: false });
    assert.deepEqual(priorityOf(stored), OURS);
  });

  it("a class of the job's own is kept, or replaced", async () => {
    assert.deepEqual(priorityOf(await createPod(cluster, "keep", classed("users-own"))), USERS);
    assert.deepEqual(priorityOf(await createPod(cluster, "replace", classed("users-own"))), OURS);
  });

  it("a class that is not there refuses every Pod: by the API server's own word", async () => {
    assert.match(
      (await refusalOf(cluster, "missing", driverPod())) ?? "",
      /no PriorityClass with name nobody-made-it was found/,
    );
  });

  it("a longest run and a time to live are stored, and no run ends a Pod that its controller makes again", async () => {
    const driver = await createPod(cluster, "times", driverPod());
    assert.equal(fieldOf(driver, "activeDeadlineSeconds"), 3600);
    assert.equal(driver.metadata.annotations?.[TTL], "60");
    const executor = await createPod(cluster, "times", executorPod(1));
    assert.equal(fieldOf(executor, "activeDeadlineSeconds"), 3600);
    assert.equal(executor.metadata.annotations?.[TTL], undefined);
    const ofSet = executorPod(1, { spec: { restartPolicy: "Always" } });
    assert.equal(
      fieldOf(await createPod(cluster, "times", ofSet), "activeDeadlineSeconds"),
      undefined,
    );
  });

  for (const [platform, { protect, allow, notice }] of Object.entries(DOCUMENTED)) {
    describe(`on ${platform}`, () => {
      it("drivers and executors say to autoscalers what their documentation asks for", async () => {
        const driver = await createPod(cluster, platform, driverPod());
        assert.deepEqual(saidTo(driver), protect);
        const executor = await createPod(cluster, platform, executorPod(2));
        assert.deepEqual(saidTo(executor), allow);
      });

      it("an executor ends before its node does, and has longer where nobody takes the node away", async () => {
        const onSpot = graceOf(await createPod(cluster, platform, executorPod(2)));
        assert.ok(onSpot < notice && onSpot >= notice * 0.8, String(onSpot));
        assert.equal(graceOf(await createPod(cluster, platform, executorPod(1))), 600);
        const short = executorPod(2, { spec: { terminationGracePeriodSeconds: 5 } });
        assert.equal(graceOf(await createPod(cluster, platform, short)), 5);
      });

      it("a hook that sleeps for longer than the notice leaves is no reason to refuse the executor", async () => {
        const lifecycle = { preStop: { sleep: { seconds: 25 } } };
        const container = { name: "spark-kubernetes-executor", image: "spark:3.5.9", lifecycle };
        const pod = executorPod(2, { spec: { containers: [container], volumes: [] } });
        assert.equal(await refusalOf(cluster, platform, pod), undefined);
      });
    });
  }

  it("a Pod to which the cluster's default class was given is taken for one that has its own", async () => {
    const metadata = { name: "by-default" };
    await cluster.api("POST", CLASSES, { metadata, value: 3, globalDefault: true });
    const stored = await until("the default class is given", async () => {
      const pod = await createPod(cluster, "times", driverPod());
      return fieldOf(pod, "priorityClassName") === "by-default";
    }).then(() => createPod(cluster, "keep", driverPod()));
    assert.equal(fieldOf(stored, "priorityClassName"), "by-default");
    assert.equal(fieldOf(stored, "priority"), 3);
    assert.deepEqual(priorityOf(await createPod(cluster, "replace", driverPod())), OURS);
  });
});

function classed(priorityClassName: string): object {
  return driverPod({ spec: { priorityClassName } });
}

function fieldOf({ spec }: Pod, name: string): unknown {
  return (spec as unknown as Record<string, unknown>)[name];
}

function graceOf(pod: Pod): number {
  return Number(fieldOf(pod, "terminationGracePeriodSeconds"));
}

/** What a Pod says to autoscalers. */
function saidTo({ metadata }: Pod): object {
  const { annotations = {} } = metadata;
  return Object.fromEntries(
    Object.entries(annotations).filter(([key]) => key !== "sparkgate.io/applied"),
  );
}
