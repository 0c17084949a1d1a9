// What may become of a Spark Pod that is there: images that change are judged, everything else is not our business.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { Cluster } from "./cluster.ts";
import { startCluster } from "./cluster.ts";
import { freePorts } from "./ports.ts";
import { createPod, driverPod, executorPod, writePolicies } from "./spark-pods.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

const REPOSITORY = "registry.example.com/spark";
const EVERY_IMAGE = ["Spark", "Sidecar", "Init", "Volume", "Ephemeral"];

describe("updates of Spark Pods", () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;

  before(async () => {
    cluster = await startCluster({ controllers: false });
    const [port = 0, metricsPort = 0] = await freePorts(2);
    // Before there is any policy: what runs must be able to go on.
    for (const pod of [
      driverPod({ name: "old-driver", image: `${REPOSITORY}:latest` }),
      executorPod(7, { name: "old-executor", image: `${REPOSITORY}:latest` }),
    ]) {
      await createPod(cluster, "default", pod, { dryRun: false });
    }
    sparkgate = await startSparkgate(cluster, {
      policies: writePolicies(cluster, { "pin-images": { images: { containers: EVERY_IMAGE } } }),
      ...{ port, metricsPort },
    });
    await registerSparkgate(cluster, port);
    for (const pod of [driverPod(), executorPod(1)]) {
      await createPod(cluster, "default", pod, { dryRun: false });
    }
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    await cluster.stop();
  });

  const calls = async () => {
    const metrics = await sparkgate.get("/metrics");
    return metrics
      .split("\n")
      .filter((line) => line.startsWith("sparkgate_admission_requests_total{"))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  };

  const setImage = (pod: string, image: string, container = "spark-kubernetes-driver") =>
    cluster.kubectl(["set", "image", `pod/${pod}`, `${container}=${image}`]);

  it("refuse an image that is not pinned, and say what to do", async () => {
    const { code, stderr } = await setImage("etl-driver", `${REPOSITORY}:latest`);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /\[pin-images\] spec\.containers\[0\]\.image: '.*:latest' has a mutable tag\. Fix: name a pinned image, or leave the one that runs/,
    );
  });

  it("take one that is", async () => {
    const { code, stderr } = await setImage("etl-driver", `${REPOSITORY}:3.5.10`);
    assert.equal(code, 0, stderr);
  });

  it("warn of an executor's, whose refusal would hang the job", async () => {
    const executor = "spark-kubernetes-executor";
    const { code, stderr } = await setImage("etl-exec-1", `${REPOSITORY}:latest`, executor);
    assert.equal(code, 0);
    assert.match(stderr, /^Warning: \[sparkgate:pin-images\]/);
  });

  it("let Pods that were there before go on, unpinned as they are, without asking us", async () => {
    const before = await calls();
    for (const pod of ["old-driver", "old-executor"]) {
      const labelled = await cluster.kubectl(["label", "pod", pod, "spark-exec-inactive=true"]);
      assert.equal(labelled.code, 0, labelled.stderr);
      const annotated = await cluster.kubectl(["annotate", "pod", pod, "note=x"]);
      assert.equal(annotated.code, 0, annotated.stderr);
    }
    assert.equal(await calls(), before);
  });

  it("judge a changed image also where the role's label goes with it", async () => {
    const patch = {
      metadata: { labels: { "spark-role": null } },
      spec: { containers: [{ name: "spark-kubernetes-driver", image: REPOSITORY }] },
    };
    const args = ["patch", "pod", "etl-driver", "--type=strategic", "-p", JSON.stringify(patch)];
    const { code, stderr } = await cluster.kubectl(args);
    assert.equal(code, 1);
    assert.match(stderr, /has no tag/);
  });

  it("judge the image of kubectl debug where a policy says Ephemeral", async () => {
    const debug = (image: string) =>
      cluster.kubectl(["debug", "etl-driver", `--image=${image}`, "--", "true"]);
    const refused = await debug("registry.example.com/busybox");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /spec\.ephemeralContainers\[0\]\.image: \[sparkgate:pin-images\]/);
    const allowed = await debug("registry.example.com/busybox:1.36");
    assert.equal(allowed.code, 0, allowed.stderr);
    // The one that is there is not judged again with the next.
    const next = await debug("registry.example.com/busybox:1.37");
    assert.equal(next.code, 0, next.stderr);
  });
});
