// Sparkgate is away: killed, or there and silent. Drivers wait outside, executors run unpatched, and nobody else notices.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { ApiError } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { until } from "./polling.ts";
import { createPod, driverPod, executorPod, refusalOf } from "./spark-pods.ts";
import {
  type ProtectedCluster,
  type Sparkgate,
  startProtectedCluster,
  startSparkgate,
} from "./sparkgate.ts";
import { countFailedOpen } from "./webhook-configuration.ts";

const WEB = {
  ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "web" } },
  spec: { containers: [{ name: "web", image: "nginx:latest" }] },
};

describe("an outage of Sparkgate", () => {
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
    await sparkgate.stop("SIGKILL");
    await cluster.stop();
  });

  const failedOpen = () => countFailedOpen(cluster, "executors.pods.sparkgate.io");

  /** What must hold while it is away, however that came about. */
  const assertAway = async () => {
    assert.match(
      (await refusalOf(cluster, "default", driverPod())) ?? "",
      /failed calling webhook \\?"drivers\.pods\.sparkgate\.io/,
    );
    const before = await failedOpen();
    const executor = await createPod(cluster, "default", executorPod(1));
    assert.equal(executor.metadata.annotations?.["sparkgate.io/applied"], undefined);
    assert.equal(await failedOpen(), before + 1);
    const { spec } = await createPod(cluster, "default", WEB);
    assert.equal(spec.containers[0].name, "web");
    await cluster.api("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", {
      ...{ metadata: { name: "any" }, data: { a: "b" } },
    });
  };

  const assertBack = async () => {
    const pod = await until("drivers are changed again", async () => {
      const created = await createPod(cluster, "default", driverPod()).catch((error: unknown) => {
        if (error instanceof ApiError) return undefined;
        throw error;
      });
      return created ?? false;
    });
    assert.notEqual(pod.metadata.annotations?.["sparkgate.io/applied"], undefined);
  };

  it("leaves Pods that are not Spark's without a call while it is there", async () => {
    const calls = async () =>
      (await sparkgate.get("/metrics"))
        .split("\n")
        .filter((line) => line.startsWith("sparkgate_admission_requests_total{"));
    const before = await calls();
    await createPod(cluster, "default", WEB);
    assert.deepEqual(await calls(), before);
  });

  it("by a process that hangs keeps drivers out, and executors no longer than the time-out", async () => {
    sparkgate.signal("SIGSTOP");
    await assertAway();
    sparkgate.signal("SIGCONT");
    await assertBack();
  });

  it("by a process that is gone keeps drivers out, and lets all others pass", async () => {
    await sparkgate.stop("SIGKILL");
    await assertAway();
    sparkgate = await startSparkgate(cluster, { policies: "baseline", ...ports });
    await assertBack();
  });

  it("is over at once in a namespace that is bypassed", async () => {
    await cluster.createNamespace("urgent", { "sparkgate.io/bypass": "2026-11-23" });
    await sparkgate.stop("SIGKILL");
    assert.equal(await refusalOf(cluster, "urgent", driverPod()), undefined);
    assert.notEqual(await refusalOf(cluster, "default", driverPod()), undefined);
  });
});
