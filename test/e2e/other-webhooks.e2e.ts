// Other people's mutating webhooks beside ours, before it and after it: a mesh that adds to Pods, and an operator that
// replaces their affinity.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Cluster } from "./cluster.ts";
import { type Operation, type OtherWebhook, startOtherWebhook } from "./other-webhook.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { createPod, driverPod, executorPod, refusalOf } from "./spark-pods.ts";
import { type Sparkgate, startProtectedCluster } from "./sparkgate.ts";
import { registerWebhook, unregisterWebhook } from "./webhook-configuration.ts";

const CAPACITY = "karpenter.sh/capacity-type";
const NODE_AFFINITY = "/spec/affinity";

/** What a mesh does: a container in front, a volume, a preference, an annotation; and nothing the second time. */
function mesh(pod: Readonly<Record<string, unknown>>): readonly Operation[] {
  const { metadata, spec } = pod as unknown as Pod & {
    spec: { affinity?: { nodeAffinity?: object } };
  };
  if (spec.containers.some(({ name }) => name === "mesh")) return [];
  const term = {
    weight: 1,
    preference: { matchExpressions: [{ key: "mesh", operator: "Exists" }] },
  };
  const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  const nodeAffinity = spec.affinity?.nodeAffinity ?? {};
  return [
    {
      op: "add",
      path: "/spec/containers/0",
      value: {
        ...{ name: "mesh", image: "registry.example.com/mesh:1" },
        volumeMounts: [{ name: "mesh", mountPath: "/mesh" }],
      },
    },
    { op: "add", path: "/spec/volumes/-", value: { name: "mesh", emptyDir: {} } },
    {
      op: "add",
      path: NODE_AFFINITY,
      value: {
        ...spec.affinity,
        nodeAffinity: {
          ...nodeAffinity,
          [preferred]: [...((nodeAffinity as Record<string, object[]>)[preferred] ?? []), term],
        },
      },
    },
    {
      op: "add",
      path: "/metadata/annotations",
      value: { ...metadata.annotations, "mesh.example.com/injected": "true" },
    },
  ];
}

/** What an operator with its own ideas does, each time it is asked. */
const replacesAffinity = (): readonly Operation[] => [
  { op: "add", path: NODE_AFFINITY, value: { podAntiAffinity: {} } },
];

describe("other webhooks", () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;
  let other: OtherWebhook | undefined;

  before(async () => {
    ({ cluster, sparkgate } = await startProtectedCluster({
      controllers: false,
      policies: "baseline",
    }));
  });

  beforeEach(() => {
    other = undefined;
  });

  afterEach(async (test) => {
    cluster.keepIfFailed(test);
    for (const name of ["a-mesh", "z-mesh"]) await unregisterWebhook(cluster, name).catch(() => {});
    other?.stop();
  });

  after(async () => {
    await sparkgate.stop();
    await cluster.stop();
  });

  /** Registers a webhook, and waits until the API server calls it. */
  const register = async (name: string, patch: Parameters<typeof startOtherWebhook>[1]) => {
    const webhook = await startOtherWebhook(cluster, patch);
    other = webhook;
    await registerWebhook(cluster, {
      name,
      port: webhook.port,
      webhookName: `${name}.example.com`,
    });
    await until("the other webhook is called", async () => {
      await createPod(cluster, "default", driverPod({ name: "probe" })).catch(() => undefined);
      return webhook.calls() > 0;
    });
  };

  for (const [name, when] of [
    ["a-mesh", "before"],
    ["z-mesh", "after"],
  ] as const) {
    it(`one that adds to Pods, ${when} ours: both have their way, and ours is asked in vain again`, async () => {
      await register(name, mesh);
      for (const [pod, capacity] of [
        [driverPod(), "on-demand"],
        [executorPod(1), "spot"],
      ] as const) {
        const { metadata, spec } = (await createPod(cluster, "default", pod)) as Pod & {
          spec: { affinity: { nodeAffinity: Record<string, unknown> } };
        };
        assert.equal(spec.containers[0].name, "mesh");
        assert.equal(metadata.annotations?.["mesh.example.com/injected"], "true");
        const { nodeAffinity } = spec.affinity;
        assert.deepEqual(nodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"], {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: CAPACITY, operator: "In", values: [capacity] }] },
          ],
        });
        const preferred = nodeAffinity[
          "preferredDuringSchedulingIgnoredDuringExecution"
        ] as object[];
        assert.ok(preferred.some((term) => JSON.stringify(term).includes('"mesh"')));
        assert.equal(new Set(preferred.map((term) => JSON.stringify(term))).size, preferred.length);
        // The first entry stays: only it knows what the user sent.
        const applied = JSON.parse(metadata.annotations["sparkgate.io/applied"] ?? "") as {
          policies: Record<string, { path: string }[]>;
        };
        const policy = capacity === "spot" ? "executors-on-spot" : "driver-on-demand";
        assert.equal(applied.policies[policy]?.length, 1);
      }
      const metrics = (await cluster.api("GET", "/metrics")) as string;
      assert.doesNotMatch(metrics, /^apiserver_admission_webhook_fail_open_count.*sparkgate/m);
    });
  }

  it("one that replaces affinity after ours, once: ours is asked again, and puts it right", async () => {
    const seen = new Set<unknown>();
    await register("z-mesh", (pod) => {
      const { name } = (pod as unknown as Pod).metadata;
      if (seen.has(name)) return [];
      seen.add(name);
      return replacesAffinity();
    });
    const { spec } = await createPod(cluster, "default", driverPod({ name: "once" }));
    assert.match(JSON.stringify(spec), /"on-demand"/);
  });

  it("one that replaces affinity each time: the driver is refused at the end, and told whom to ask", async () => {
    await register("z-mesh", replacesAffinity);
    const refusal = await until("it is refused", () => refusalOf(cluster, "default", driverPod()));
    assert.match(refusal, /another webhook undid the choice of on-demand nodes/);
    assert.match(refusal, /ask the platform team/);
    // Executors are not refused: the job would hang.
    assert.equal(await refusalOf(cluster, "default", executorPod(1)), undefined);
  });

  it("one that puts another image in: the driver is refused", async () => {
    await register("z-mesh", () => [
      { op: "replace", path: "/spec/containers/0/image", value: "registry.example.com/spark" },
    ]);
    const refusal = await until("it is refused", () => refusalOf(cluster, "default", driverPod()));
    assert.match(refusal, /pin-images.*has no tag/);
  });
});
