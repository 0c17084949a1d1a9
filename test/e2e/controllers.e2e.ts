// Spark Pods that no spark-submit makes: the controllers of Kubernetes do, without a name at first. And namespaces in which
// PodSecurity, a LimitRange and a quota have their own say.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { Cluster } from "./cluster.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { createPod, driverPod, executorPod, refusalOf } from "./spark-pods.ts";
import { type Sparkgate, startProtectedCluster } from "./sparkgate.ts";

const CAPACITY = "karpenter.sh/capacity-type";

interface PodTemplate {
  readonly metadata: object;
  readonly spec: object;
}

/** Each kind that makes Pods, with a template in it. */
const KINDS: readonly (readonly [string, string, (template: PodTemplate) => object])[] = [
  ["Deployment", "/apis/apps/v1", (template) => ({ replicas: 1, ...selected(template) })],
  ["ReplicaSet", "/apis/apps/v1", (template) => ({ replicas: 1, ...selected(template) })],
  [
    "StatefulSet",
    "/apis/apps/v1",
    (template) => ({ replicas: 1, serviceName: "none", ...selected(template) }),
  ],
  ["Job", "/apis/batch/v1", (template) => ({ template })],
];

function selected(template: PodTemplate): object {
  const { labels } = template.metadata as { labels: object };
  return { selector: { matchLabels: labels }, template };
}

describe("Pods of controllers", () => {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let sparkgate: Sparkgate;

  before(async () => {
    ({ cluster, sparkgate } = await startProtectedCluster({
      ...{ controllers: true, policies: "baseline" },
    }));
    nodes = await startNodes(cluster, [
      { name: "spot", labels: { [CAPACITY]: "spot" } },
      { name: "on-demand", labels: { [CAPACITY]: "on-demand" } },
    ]);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    nodes.stop();
    await sparkgate.stop();
    await cluster.stop();
  });

  /** Creates an object of a kind with a Spark Pod in its template; an image makes it one that is refused. */
  const create = async (
    kind: string,
    group: string,
    specOf: (t: PodTemplate) => object,
    image?: string,
  ) => {
    const name = `${kind.toLowerCase()}-${image === undefined ? "good" : "bad"}`;
    const { metadata, spec } = driverPod({ labels: { app: name }, ...(image && { image }) });
    const restartPolicy = kind === "Job" ? "Never" : "Always";
    const template = {
      metadata: { labels: metadata.labels },
      spec: { ...(spec as object), restartPolicy },
    };
    const path = `${group}/namespaces/default/${kind.toLowerCase()}s`;
    await cluster.api("POST", path, { metadata: { name }, spec: specOf(template) });
    return name;
  };

  for (const [kind, group, specOf] of KINDS) {
    it(`a ${kind}'s is changed, and bound where the policy wants it`, async () => {
      const name = await create(kind, group, specOf);
      const node = await until("its Pod is bound", async () => {
        const path = `/api/v1/namespaces/default/pods?labelSelector=app%3D${name}`;
        const { items } = (await cluster.api("GET", path)) as { items: readonly Pod[] };
        return items[0]?.spec.nodeName;
      });
      assert.equal(node, "on-demand");
    });

    it(`a ${kind}'s is refused, and its events say why`, async () => {
      const name = await create(kind, group, specOf, "registry.example.com/spark:latest");
      const message = await until("an event says so", async () => {
        const { items } = (await cluster.api("GET", "/api/v1/namespaces/default/events")) as {
          items: readonly { reason: string; message: string; involvedObject: { name: string } }[];
        };
        return items.find(
          ({ reason, involvedObject }) =>
            reason === "FailedCreate" && involvedObject.name.startsWith(name),
        )?.message;
      });
      assert.match(message, /Sparkgate refused driver Pod .*: 1 problem \(policy, not RBAC\)/);
      // A StatefulSet names its Pods itself; the others leave that to the API server.
      assert.match(
        message,
        kind === "StatefulSet" ? /statefulset-bad-0/ : new RegExp(`${name}-\\S*\\*`),
      );
    });
  }

  it("kubectl run's is one like any other", async () => {
    const args = ["run", "adhoc", "--labels=spark-role=driver", "--dry-run=server"];
    const refused = await cluster.kubectl([...args, "--image=spark:latest"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /pin-images/);
    const changed = await cluster.kubectl([...args, "--image=spark:3.5.9"]);
    assert.equal(changed.code, 0);
    assert.match(changed.stderr, /Warning: \[sparkgate:driver-on-demand\]/);
  });

  describe("where others have a say", () => {
    const restricted = {
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
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    };

    for (const level of ["baseline", "restricted"]) {
      it(`PodSecurity ${level} takes what it took without us, and refuses the rest itself`, async () => {
        await cluster.createNamespace(level, { "pod-security.kubernetes.io/enforce": level });
        const good = await createPod(cluster, level, executorPod(1, { spec: restricted }));
        assert.notEqual(good.metadata.annotations?.["sparkgate.io/applied"], undefined);
        const bad = executorPod(1, { spec: { ...restricted, hostNetwork: true } });
        const refusal = (await refusalOf(cluster, level, bad)) ?? "";
        assert.match(refusal, /violates PodSecurity/);
        assert.doesNotMatch(refusal, /Sparkgate/);
      });
    }

    it("a LimitRange's defaults and a quota apply to what we changed, in their own words", async () => {
      await cluster.createNamespace("limited");
      await cluster.api("POST", "/api/v1/namespaces/limited/limitranges", {
        metadata: { name: "defaults" },
        spec: {
          limits: [
            { type: "Container", default: { memory: "1Gi" }, defaultRequest: { memory: "1Gi" } },
          ],
        },
      });
      await cluster.api("POST", "/api/v1/namespaces/limited/resourcequotas", {
        ...{ metadata: { name: "small" }, spec: { hard: { "requests.memory": "1500Mi" } } },
      });
      await until("the quota is counted", async () => {
        const path = "/api/v1/namespaces/limited/resourcequotas/small";
        const { status } = (await cluster.api("GET", path)) as { status?: { used?: object } };
        return status?.used !== undefined;
      });
      const { spec } = await createPod(cluster, "limited", driverPod(), { dryRun: false });
      assert.match(JSON.stringify(spec.containers[0]), /"limits":\{"memory":"1Gi"\}/);
      const refusal = (await refusalOf(cluster, "limited", executorPod(1))) ?? "";
      assert.match(refusal, /exceeded quota: small/);
    });

    it("a ServiceAccount that is missing is told by the API server", async () => {
      const spec = { ...restricted, serviceAccountName: "nobody" };
      const refusal = await refusalOf(cluster, "default", executorPod(1, { spec }));
      assert.match(refusal ?? "", /serviceaccount \\?"nobody\\?" not found/);
    });
  });
});
