// Two thousand generated Pods, each accepted by the real API server without us first: none may be refused because of our
// patch, and what was patched once is left alone.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { generatedPods } from "../fixtures/generated-pods.ts";
import { ApiError, type KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { startCluster } from "./cluster.ts";
import { freePorts } from "./ports.ts";
import { createPod } from "./spark-pods.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

const COUNT = 2000;
const MOST_UNCHANGED = 500;
const AT_A_TIME = 8;
const SEED = 20261122;
/** Each puts something else into a Pod; a further kind of policy goes here. */
const POLICIES = [
  "baseline",
  ...["local-disks-policy", "restricted-policy"].map((name) =>
    join(import.meta.dirname, `../fixtures/${name}.yaml`),
  ),
];

interface Outcome {
  readonly sent: object;
  readonly stored: KubernetesObject | undefined;
  readonly refused: string | undefined;
}

describe(`${COUNT} generated Pods (seed ${SEED})`, () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate | undefined;
  let first: readonly Outcome[] = [];

  before(async () => {
    cluster = await startCluster({ controllers: false });
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate?.stop();
    await cluster.stop();
  });

  /** Sends all as dry runs, some at a time; the outcomes in the same order. */
  const send = async (pods: readonly object[]): Promise<readonly Outcome[]> => {
    const outcomes: Outcome[] = [];
    let next = 0;
    const worker = async () => {
      for (let index = next++; index < pods.length; index = next++) {
        const sent = pods[index] ?? {};
        try {
          const stored = await createPod(cluster, "default", sent);
          outcomes[index] = { sent, stored, refused: undefined };
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          outcomes[index] = { sent, stored: undefined, refused: error.message };
        }
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    return outcomes;
  };

  it("are all accepted without Sparkgate", async () => {
    assertAccepted(await send(generatedPods(COUNT, SEED)));
  });

  it("are all accepted with it, and more than 1,500 of them changed", async () => {
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const { kubeconfig } = cluster;
    sparkgate = await startSparkgate(cluster, {
      ...{ policies: POLICIES, kubeconfig, port, metricsPort },
    });
    await registerSparkgate(cluster, port);
    first = await send(generatedPods(COUNT, SEED));
    assertAccepted(first);
    const changed = first.filter(({ stored }) => appliedTo(stored) !== undefined);
    assert.ok(changed.length > COUNT - MOST_UNCHANGED, `${changed.length} changed`);
  });

  it("are not changed a second time", async () => {
    const again = await send(first.map(({ stored }) => asSubmitted(stored)));
    assertAccepted(again);
    for (const [index, { stored }] of again.entries()) {
      const before = first[index]?.stored;
      const message = () => `seed ${SEED}, Pod ${index}: ${JSON.stringify(first[index]?.sent)}`;
      assert.deepEqual(stored?.["spec"], before?.["spec"], message());
      assert.equal(appliedTo(stored), appliedTo(before), message());
    }
  });
});

function assertAccepted(outcomes: readonly Outcome[]): void {
  const refused = outcomes.find((outcome) => outcome.refused !== undefined);
  assert.equal(
    refused,
    undefined,
    `seed ${SEED}: ${refused?.refused ?? ""}\n${JSON.stringify(refused?.sent)}`,
  );
  assert.equal(outcomes.length, COUNT);
}

function appliedTo(pod: KubernetesObject | undefined): string | undefined {
  return pod?.metadata.annotations?.["sparkgate.io/applied"];
}

/** Without what only the API server may say. */
function asSubmitted(pod: KubernetesObject | undefined): object {
  const { apiVersion, kind, metadata, spec } = pod ?? { metadata: { name: "" } };
  const { name, labels, annotations } = metadata;
  return { apiVersion, kind, metadata: { name, labels, annotations }, spec };
}
