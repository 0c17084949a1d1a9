// failurePolicy Fail must mean it: whatever is created while Sparkgate restarts, nothing gets in unjudged.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { ApiError } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import {
  type ProtectedCluster,
  type Sparkgate,
  startProtectedCluster,
  startSparkgate,
} from "./sparkgate.ts";

const RESTARTS = 20;
const PODS = "/api/v1/namespaces/default/pods";
/** A process takes half a second and more to start, and a refused connection next to nothing. */
const LEAST_ATTEMPTS = 10;

describe("restarts under failurePolicy Fail", () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;
  let ports: ProtectedCluster["ports"];

  before(async () => {
    ({ cluster, sparkgate, ports } = await startProtectedCluster({
      controllers: false,
      policies: "baseline",
    }));
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    await cluster.stop();
  });

  it(`lets none of the drivers with spark:latest in, across ${RESTARTS} of them`, async () => {
    const bad = createWithoutPause(cluster, "bad", "spark:latest");
    const good = createWithoutPause(cluster, "good", "registry.example.com/spark:3.5.9");
    const attempts: number[] = [];
    const admittedBetween: number[] = [];
    for (let restart = 0; restart < RESTARTS; restart++) {
      const attemptsBefore = bad.attempts;
      const goodBefore = good.admitted;
      // Asked to and killed by turns: a container runtime does both.
      const code = await sparkgate.stop(restart % 2 === 0 ? "SIGTERM" : "SIGKILL");
      assert.equal(code, restart % 2 === 0 ? 0 : null);
      sparkgate = await startSparkgate(cluster, { policies: "baseline", ...ports });
      await good.oneMoreAdmitted();
      attempts.push(bad.attempts - attemptsBefore);
      admittedBetween.push(good.admitted - goodBefore);
    }
    await Promise.all([bad.stop(), good.stop()]);

    assert.equal(bad.admitted, 0);
    assert.ok(
      attempts.every((count) => count >= LEAST_ATTEMPTS),
      `attempts in each restart: ${attempts.join(" ")}`,
    );
    assert.ok(
      admittedBetween.every((count) => count >= 1),
      `pinned drivers admitted after each restart: ${admittedBetween.join(" ")}`,
    );
  });
});

/** Creates drivers one after the other, each under a name of its own. */
function createWithoutPause(cluster: Cluster, prefix: string, image: string) {
  const state = {
    running: true,
    attempts: 0,
    admitted: 0,
    oneMoreAdmitted: async () => {
      const before = state.admitted;
      while (state.admitted === before) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    stop: async () => {
      state.running = false;
      await loop;
    },
  };
  const createOne = async () => {
    const name = `${prefix}-${state.attempts++}`;
    try {
      await cluster.api("POST", PODS, {
        metadata: { name, labels: { "spark-role": "driver" } },
        spec: { containers: [{ name: "spark-kubernetes-driver", image, args: ["driver"] }] },
      });
      state.admitted++;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  };
  const loop = (async () => {
    while (state.running) await createOne();
  })();
  return state;
}
