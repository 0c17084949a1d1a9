// The real scheduler as the judge of what becomes of a job's own node affinity: it may run on the nodes that it allowed
// before, apart from what it said of capacity, as far as they have the capacity that the policy wants.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import fc from "fast-check";
import { matchesNode, stripKeys } from "../../src/kubernetes/node-affinity.ts";
import type { NodeSelectorTerm } from "../../src/kubernetes/pod.ts";
import type { Cluster } from "./cluster.ts";
import { startCluster } from "./cluster.ts";
import { type FakeNode, type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { createPod, driverPod, executorPod } from "./spark-pods.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

const CASES = 40;
const LEAST_TELLING = 0.3;
const SEED = 4711;
const AT_A_TIME = 8;
const CAPACITY = "karpenter.sh/capacity-type";
const ZONE = "topology.kubernetes.io/zone";
const HOST = "kubernetes.io/hostname";

const NODES: readonly FakeNode[] = [
  ["spot-a", { [CAPACITY]: "spot", [ZONE]: "a", disk: "ssd", cpus: "8" }],
  ["spot-b", { [CAPACITY]: "spot", [ZONE]: "b", cpus: "16" }],
  ["demand-a", { [CAPACITY]: "on-demand", [ZONE]: "a", cpus: "8" }],
  ["demand-b", { [CAPACITY]: "on-demand", [ZONE]: "b", disk: "ssd", cpus: "32" }],
  ["demand-c", { [CAPACITY]: "on-demand", [ZONE]: "c", disk: "hdd" }],
  ["neither-a", { [ZONE]: "a", disk: "ssd" }],
].map(([name, labels]) => ({
  name: name as string,
  labels: labels as Record<string, string>,
  capacity: { pods: "2000" },
}));
const labelsOf = ({ name, labels }: FakeNode) => ({ ...labels, [HOST]: name });
const onDemand = NODES.filter(({ labels }) => labels?.[CAPACITY] === "on-demand").map(
  ({ name }) => name,
);

interface Choice {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly terms: readonly NodeSelectorTerm[];
}

const requirement = fc.constantFrom(
  { key: CAPACITY, operator: "In", values: ["spot"] },
  { key: CAPACITY, operator: "In", values: ["on-demand", "spot"] },
  { key: CAPACITY, operator: "NotIn", values: ["spot"] },
  { key: CAPACITY, operator: "Exists" },
  { key: ZONE, operator: "In", values: ["a", "b"] },
  { key: ZONE, operator: "NotIn", values: ["a"] },
  { key: "disk", operator: "Exists" },
  { key: "disk", operator: "DoesNotExist" },
  { key: "cpus", operator: "Gt", values: ["8"] },
  { key: "cpus", operator: "Lt", values: ["16"] },
);
const term = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .array(requirement, { minLength: 1, maxLength: 2 })
      .map((matchExpressions): NodeSelectorTerm => ({ matchExpressions })),
  },
  {
    weight: 1,
    arbitrary: fc.constant<NodeSelectorTerm>({
      matchFields: [{ key: "metadata.name", operator: "In", values: ["demand-a"] }],
    }),
  },
  { weight: 1, arbitrary: fc.constant<NodeSelectorTerm>({}) },
);
const choice: fc.Arbitrary<Choice> = fc.record(
  {
    nodeSelector: fc.constantFrom(
      {},
      {},
      {},
      { [CAPACITY]: "spot" },
      { disk: "ssd" },
      { [ZONE]: "b" },
    ),
    terms: fc.array(term, { maxLength: 3 }),
  },
  { noNullPrototype: true },
);

/** What a job says of nodes, apart from capacity. */
function withoutCapacity({ nodeSelector, terms }: Choice): Choice {
  const rest = Object.fromEntries(Object.entries(nodeSelector).filter(([key]) => key !== CAPACITY));
  const stripped = stripKeys(terms, [CAPACITY]);
  return {
    nodeSelector: rest,
    // A term that every node meets makes the others mean nothing.
    terms: stripped.some((one) => one === "every-node")
      ? []
      : (stripped as readonly NodeSelectorTerm[]),
  };
}

function specOf({ nodeSelector, terms }: Choice) {
  if (terms.length === 0) return { nodeSelector };
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
  return { nodeSelector, affinity: { nodeAffinity: required } };
}

describe("the scheduler", () => {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let sparkgate: Sparkgate | undefined;
  const choices = fc.sample(choice, { numRuns: CASES, seed: SEED });
  let allowedBefore: readonly ReadonlySet<string>[] = [];

  before(async () => {
    cluster = await startCluster({ controllers: true });
    nodes = await startNodes(cluster, NODES);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    nodes.stop();
    await sparkgate?.stop();
    await cluster.stop();
  });

  /** Which nodes the scheduler takes for each Pod: one Pod for each node, which asks for that node besides. */
  const allowedFor = async (run: string, asked: readonly Choice[]) => {
    const pods = asked.flatMap((each, index) =>
      NODES.map(({ name }) => {
        const spec = specOf({ ...each, nodeSelector: { ...each.nodeSelector, [HOST]: name } });
        return driverPod({ name: `${run}-${index}-${name}`, labels: { run }, spec });
      }),
    );
    await inParallel(pods, async (pod) => createPod(cluster, "default", pod, { dryRun: false }));
    const settled = await judged(cluster, run, pods.length);
    return asked.map(
      (_each, index) =>
        new Set(
          NODES.map(({ name }) => name).filter(
            (name) => settled.get(`${run}-${index}-${name}`) === name,
          ),
        ),
    );
  };

  it("reads affinity as we do", async () => {
    const stripped = choices.map(withoutCapacity);
    allowedBefore = await allowedFor("before", stripped);
    for (const [index, { nodeSelector, terms }] of stripped.entries()) {
      const expected = NODES.filter((node) => {
        const labels: Record<string, string> = labelsOf(node);
        const selected = Object.entries(nodeSelector).every(
          ([key, value]) => labels[key] === value,
        );
        return selected && (terms.length === 0 || matchesNode(terms, { name: node.name, labels }));
      });
      assert.deepEqual(
        [...(allowedBefore[index] ?? [])],
        expected.map(({ name }) => name),
        JSON.stringify(stripped[index]),
      );
    }
  });

  it("lets drivers run where their job allowed it and the policy wants it, and nowhere else", async () => {
    const [port = 0, metricsPort = 0] = await freePorts(2);
    sparkgate = await startSparkgate(cluster, { policies: "baseline", port, metricsPort });
    await registerSparkgate(cluster, port);
    const allowedAfter = await allowedFor("after", choices);
    let telling = 0;
    for (const [index, allowed] of allowedAfter.entries()) {
      const possible = [...(allowedBefore[index] ?? [])];
      const expected = possible.filter((name) => onDemand.includes(name));
      assert.deepEqual([...allowed], expected, JSON.stringify(choices[index]));
      if (allowed.size > 0 && allowed.size < possible.length) telling++;
    }
    assert.ok(telling >= CASES * LEAST_TELLING, `${telling} of ${CASES} cases tell anything`);
  });

  it("never puts one of 200 drivers on spot, whatever they ask for", async () => {
    const asked = fc.sample(choice, { numRuns: 200, seed: SEED + 1 });
    const run = "never-spot";
    await inParallel(
      asked.map((each, index) =>
        driverPod({ name: `${run}-${index}`, labels: { run }, spec: specOf(each) }),
      ),
      async (pod) => createPod(cluster, "default", pod, { dryRun: false }),
    );
    const bound = [...(await judged(cluster, run, asked.length)).values()];
    assert.ok(bound.filter((node) => node !== undefined).length > 50, "many are bound at all");
    for (const node of bound) assert.ok(node === undefined || onDemand.includes(node), node);
  });

  it("gives each Pod of a StatefulSet its place in the share, by its ordinal", async () => {
    const { metadata, spec } = executorPod(1, { labels: { "spark-exec-id": "EXECID", set: "x" } });
    await cluster.api("POST", "/apis/apps/v1/namespaces/default/statefulsets", {
      metadata: { name: "spark-s-1" },
      spec: {
        replicas: 10,
        // As Spark's allocator has it: none waits for another.
        podManagementPolicy: "Parallel",
        serviceName: "none",
        selector: { matchLabels: { set: "x" } },
        template: {
          metadata: { labels: metadata.labels },
          spec: { ...(spec as object), restartPolicy: "Always" },
        },
      },
    });
    const bound = await until("all ten are bound", async () => {
      const path = "/api/v1/namespaces/default/pods?labelSelector=set%3Dx";
      const { items } = (await cluster.api("GET", path)) as { items: readonly Pod[] };
      const places = items.map((pod): readonly [string, string | undefined] => [
        pod.metadata.name,
        pod.spec.nodeName,
      ]);
      return places.length === 10 && places.every(([, node]) => node !== undefined) && places;
    });
    const onDemandOnes = bound
      .filter(([, node]) => onDemand.includes(node ?? ""))
      .map(([name]) => name);
    assert.deepEqual(onDemandOnes.toSorted(), ["spark-s-1-4", "spark-s-1-9"]);
  });
});

async function inParallel<T>(
  items: readonly T[],
  task: (item: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) await task(item);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

/** Where the scheduler put each Pod of a run; undefined for those that it said it cannot place. */
async function judged(
  cluster: Cluster,
  run: string,
  count: number,
): Promise<ReadonlyMap<string, string | undefined>> {
  return until(
    `the scheduler has judged ${count} Pods`,
    async () => {
      const path = `/api/v1/namespaces/default/pods?labelSelector=run%3D${run}`;
      const { items } = (await cluster.api("GET", path)) as {
        items: readonly (Pod & {
          status: { conditions?: readonly { type: string; reason?: string }[] };
        })[];
      };
      const settled = items.filter(
        ({ spec, status }) =>
          spec.nodeName !== undefined ||
          status.conditions?.some(
            ({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable",
          ),
      );
      if (settled.length < count) return undefined;
      return new Map(settled.map(({ metadata, spec }) => [metadata.name, spec.nodeName]));
    },
    { timeoutMs: 180_000, intervalMs: 500 },
  );
}
