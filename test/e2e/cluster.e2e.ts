import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { type Cluster, startCluster } from "./cluster.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";

const CAPACITY_TYPE = "karpenter.sh/capacity-type";

describe("the test cluster", () => {
  let cluster: Cluster;
  let nodes: RunningNodes;

  before(async () => {
    cluster = await startCluster({ controllers: true });
    nodes = await startNodes(cluster, [
      { name: "spot-0", labels: { [CAPACITY_TYPE]: "spot" } },
      { name: "on-demand-0", labels: { [CAPACITY_TYPE]: "on-demand" } },
    ]);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    nodes.stop();
    await cluster.stop();
  });

  it("has the real scheduler bind a Pod to the node that its selector names", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "selective" },
      spec: {
        nodeSelector: { [CAPACITY_TYPE]: "on-demand" },
        containers: [{ name: "main", image: "registry.example.com/pause:1" }],
      },
    };
    const created = await cluster.kubectl(["create", "-f", "-"], { stdin: JSON.stringify(pod) });
    assert.deepEqual(created, { code: 0, stdout: "pod/selective created\n", stderr: "" });

    const node = await until("the Pod is bound", async () => {
      const seen = await cluster.api("GET", "/api/v1/namespaces/default/pods/selective");
      return (seen as Pod).spec.nodeName;
    });
    assert.equal(node, "on-demand-0");
  });
});
