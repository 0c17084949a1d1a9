// The share on demand depends on an executor's number and on nothing else: the same on every process, after a restart,
// for a retry and in a dry run.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { Cluster } from "./cluster.ts";
import type { Pod } from "./pod.ts";
import { freePorts } from "./ports.ts";
import { createPod, executorPod } from "./spark-pods.ts";
import {
  type ProtectedCluster,
  registerSparkgate,
  type Sparkgate,
  startProtectedCluster,
  startSparkgate,
  unregisterSparkgate,
} from "./sparkgate.ts";

const IDS = Array.from({ length: 200 }, (_none, index) => index + 1);
const EVERY_FIFTH = IDS.filter((id) => id % 5 === 0);

describe("the share of 200 executors, 20% on demand", () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;
  let ports: ProtectedCluster["ports"];

  before(async () => {
    ({ cluster, sparkgate, ports } = await startProtectedCluster({
      ...{ controllers: false, policies: "baseline" },
    }));
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    await cluster.stop();
  });

  const onDemand = async (options: { dryRun: boolean; prefix?: string }) => {
    const ids: number[] = [];
    for (const id of IDS) {
      const name = `${options.prefix ?? "etl"}-exec-${id}`;
      const { spec } = await createPod(cluster, "default", executorPod(id, { name }), options);
      if (
        JSON.stringify((spec as Pod["spec"] & { affinity?: object }).affinity).includes(
          '"on-demand"',
        )
      ) {
        ids.push(id);
      }
    }
    return ids;
  };

  it("is every fifth, in a dry run, in earnest and when Spark tries again", async () => {
    assert.deepEqual(await onDemand({ dryRun: true, prefix: "dry" }), EVERY_FIFTH);
    assert.deepEqual(await onDemand({ dryRun: false }), EVERY_FIFTH);
    assert.deepEqual(await onDemand({ dryRun: false, prefix: "retry" }), EVERY_FIFTH);
  });

  it("is the same after a restart", async () => {
    await sparkgate.stop("SIGKILL");
    sparkgate = await startSparkgate(cluster, { policies: "baseline", ...ports });
    assert.deepEqual(await onDemand({ dryRun: true, prefix: "dry" }), EVERY_FIFTH);
  });

  it("is the same on another process", async () => {
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const other = await startSparkgate(cluster, { policies: "baseline", port, metricsPort });
    try {
      await unregisterSparkgate(cluster);
      await registerSparkgate(cluster, port);
      await sparkgate.stop();
      assert.deepEqual(await onDemand({ dryRun: true, prefix: "dry" }), EVERY_FIFTH);
    } finally {
      await other.stop();
    }
  });
});
