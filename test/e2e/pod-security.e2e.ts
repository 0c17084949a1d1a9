// The rule security against the API server's own PodSecurity plugin: of generated Pods those are admitted that the rule says
// pass, and those are refused of which it says that something stands in the way. The fixture by which npm test judges is
// held against the plugin too.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import type { Pod } from "../../src/kubernetes/pod.ts";
import { decided, outcomeOf } from "../fixtures/decided.ts";
import { generatedSecurity } from "../fixtures/generated-security.ts";
import { violatedControls } from "../fixtures/pod-security-standards.ts";
import { policySet, policyText } from "../fixtures/policies.ts";
import type { Cluster } from "./cluster.ts";
import { startCluster } from "./cluster.ts";
import { freePorts } from "./ports.ts";
import { createPod, refusalOf, writePolicies } from "./spark-pods.ts";
import { registerSparkgate, type Sparkgate, startSparkgate } from "./sparkgate.ts";

const COUNT = 1000;
const SEED = 20261126;
const AT_A_TIME = 8;
const ENFORCE = "pod-security.kubernetes.io/enforce";
const BYPASS = { "sparkgate.io/bypass": "true" };
const LEVELS = ["baseline", "restricted"] as const;

const POLICIES = {
  // As baseline ships it.
  enforced: { security: { profile: "Enforced", onUserChoice: "Replace" } },
  ...Object.fromEntries(
    ["Restricted", "Baseline"].flatMap((profile) =>
      ["Replace", "Keep"].map((onUserChoice) => {
        const namespace = `${profile}-${onUserChoice}`.toLowerCase();
        const match = { namespaces: [namespace] };
        return [namespace, { priority: 1, match, security: { profile, onUserChoice } }];
      }),
    ),
  ),
};

describe(`${COUNT} generated Pods (seed ${SEED}) and PodSecurity`, () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;
  const pods = generatedSecurity(COUNT, SEED);

  before(async () => {
    cluster = await startCluster({ controllers: false });
    for (const level of LEVELS) {
      await cluster.createNamespace(level, { [ENFORCE]: level });
      await cluster.createNamespace(`raw-${level}`, { [ENFORCE]: level, ...BYPASS });
    }
    await cluster.createNamespace("raw", BYPASS);
    await cluster.createNamespace("open");
    for (const name of Object.keys(POLICIES).slice(1)) await cluster.createNamespace(name);
    const [port = 0, metricsPort = 0] = await freePorts(2);
    sparkgate = await startSparkgate(cluster, {
      ...{ policies: writePolicies(cluster, POLICIES), kubeconfig: cluster.kubeconfig },
      ...{ port, metricsPort },
    });
    await registerSparkgate(cluster, port);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    await cluster.stop();
  });

  /** Of all Pods why they are refused, where they are. */
  const refusals = async (namespace: string): Promise<readonly (string | undefined)[]> => {
    const refused: (string | undefined)[] = [];
    let next = 0;
    const worker = async () => {
      for (let index = next++; index < pods.length; index = next++) {
        refused[index] = await refusalOf(cluster, namespace, pods[index] ?? {});
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    return refused;
  };

  const assertRefused = (
    refused: readonly (string | undefined)[],
    reasonsOf: (pod: Pod) => readonly string[],
  ) => {
    let count = 0;
    for (const [index, pod] of pods.entries()) {
      const refusal = refused[index];
      const reasons = reasonsOf(pod);
      const told = () => `${JSON.stringify(pod)}\n${reasons.join("\n")}\n${refusal ?? "admitted"}`;
      assert.equal(refusal !== undefined, reasons.length > 0, told());
      if (refusal === undefined) continue;
      assert.match(refusal, /violates PodSecurity/, told());
      count++;
    }
    return count;
  };

  it("are all taken where nothing is enforced", async () => {
    assert.equal(
      assertRefused(await refusals("raw"), () => []),
      0,
    );
  });

  for (const level of LEVELS) {
    it(`are refused at ${level} without Sparkgate as the published standards say`, async () => {
      const count = assertRefused(await refusals(`raw-${level}`), (pod) =>
        violatedControls(pod, level),
      );
      assert.ok(count > COUNT / 4, `${count} refused`);
    });

    it(`are admitted at ${level} with it, but for those of which it says why not`, async () => {
      const set = policySet(policyText("enforced", POLICIES.enforced));
      const facts = { at: 0, namespace: { name: level, labels: { [ENFORCE]: level } } };
      const refused = await refusals(level);
      const count = assertRefused(refused, (pod) => {
        const { effect } = outcomeOf(decided(set, pod, facts).enforced, "enforced");
        return (effect?.kept ?? []).filter((text) => text.endsWith("refuses it"));
      });
      assert.ok(count > COUNT / 20 && count < COUNT * 0.75, `${count} refused`);
    });
  }

  it("are never refused for what Sparkgate made of them", async () => {
    for (const namespace of ["open", ...Object.keys(POLICIES).slice(1)]) {
      assert.equal(
        assertRefused(await refusals(namespace), () => []),
        0,
      );
    }
  });

  it("are left as they are where nothing is enforced", async () => {
    for (const pod of pods.slice(0, 20)) {
      const stored = await createPod(cluster, "open", pod);
      assert.equal(stored.metadata.annotations?.["sparkgate.io/applied"], undefined);
    }
  });
});
