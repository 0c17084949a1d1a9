// What policies say, on the real API server: rollout, enforceFrom, exceptions, deny and metadata.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { RunningServer } from "../../src/server/start-server.ts";
import type { KubernetesObject } from "./api-client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { freePorts } from "./ports.ts";
import { restrictedKubeconfig } from "./restricted-kubeconfig.ts";
import { createPod, driverPod, executorPod, refusalOf, writePolicies } from "./spark-pods.ts";
import {
  registerSparkgate,
  type Sparkgate,
  startSparkgate,
  startSparkgateHere,
} from "./sparkgate.ts";

const POLICIES = join(import.meta.dirname, "policies");
const APPLICATIONS = Array.from({ length: 40 }, (_none, index) => index + 1);
const ENFORCED_FROM = Date.UTC(2027, 0, 15);
const LEAVE_ENDS = Date.UTC(2027, 1, 1);

describe("the policy language", () => {
  let cluster: Cluster;
  let ports: { readonly port: number; readonly metricsPort: number };

  before(async () => {
    cluster = await startCluster({ controllers: false });
    const [port = 0, metricsPort = 0] = await freePorts(2);
    ports = { port, metricsPort };
    await registerSparkgate(cluster, port); // each part starts its own there
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await cluster.stop();
  });

  /** Starts `sparkgate serve` with policies in the modes that they say themselves. */
  const serve = (policies: string, more: { readonly kubeconfig?: string } = {}) =>
    startSparkgate(cluster, { policies, mode: "own", ...ports, ...more });

  const kubectlCreate = (namespace: string, pod: object, ...args: readonly string[]) =>
    cluster.kubectl(["create", "--dry-run=server", "-n", namespace, ...args, "-f", "-"], {
      stdin: JSON.stringify(pod),
    });

  /** Whether a dry run of a Pod is refused by a policy; a refusal by anybody else is a failure. */
  const isRefused = async (namespace: string, pod: object, policy: string) => {
    const refusal = await refusalOf(cluster, namespace, pod);
    if (refusal === undefined) return false;
    assert.match(refusal, new RegExp(`: 422 .*Sparkgate refused .*: 1 problem .*\\[${policy}\\]`));
    return true;
  };

  describe("rollout", () => {
    let sparkgate: Sparkgate;
    let half: readonly number[];

    const policies = (percent: number) => {
      const common = { mode: "Enforce", rollout: { percent } };
      const deny = { when: '"marked" in object.metadata.labels', message: "is marked" };
      return writePolicies(cluster, {
        "roll-out": { ...common, metadata: { labels: { "rolled-out": "yes" } } },
        "no-marked": { ...common, match: { roles: ["driver"] }, deny },
      });
    };

    before(async () => {
      sparkgate = await serve(policies(50));
    });

    after(async () => {
      await sparkgate.stop();
    });

    /** Whether the label was added to a Pod; what is not changed must be as it was sent. */
    const isChanged = async (pod: KubernetesObject, options: { dryRun: boolean }) => {
      const { labels = {}, annotations } = (await createPod(cluster, "default", pod, options))
        .metadata;
      const changed = Object.hasOwn(labels, "rolled-out");
      const added = changed ? { "rolled-out": "yes" } : {};
      assert.deepEqual(labels, { ...pod.metadata.labels, ...added });
      assert.equal(annotations?.["sparkgate.io/applied"] !== undefined, changed);
      return changed;
    };

    /** The applications that are in; each must be wholly in or out. */
    const inside = async (prefix: string, options = { dryRun: true }) => {
      const taken: number[] = [];
      for (const id of APPLICATIONS) {
        const labels = { "spark-app-selector": `spark-${id}` };
        const pods = [
          driverPod({ name: `${prefix}-${id}-driver`, labels }),
          executorPod(1, { name: `${prefix}-${id}-exec-1`, labels }),
          executorPod(2, { name: `${prefix}-${id}-exec-2`, labels }),
        ];
        const verdicts: boolean[] = [];
        for (const pod of pods) verdicts.push(await isChanged(pod, options));
        const marked = driverPod({ labels: { ...labels, marked: "yes" } });
        verdicts.push(await isRefused("default", marked, "no-marked"));
        assert.equal(new Set(verdicts).size, 1, `spark-${id}: ${verdicts.join(" ")}`);
        if (verdicts[0] === true) taken.push(id);
      }
      return taken;
    };

    it("takes in about half of all applications at 50 percent, each one whole", async () => {
      half = await inside("first", { dryRun: false });
      const share = half.length / APPLICATIONS.length;
      assert.ok(share >= 0.25 && share <= 0.75, `${half.length} of ${APPLICATIONS.length}`);
    });

    it("takes in the very same in a dry run, and as another process", async () => {
      assert.deepEqual(await inside("dry"), half);
      assert.equal(await sparkgate.stop(), 0);
      sparkgate = await serve(policies(50));
      assert.deepEqual(await inside("dry"), half);
      assert.deepEqual(await inside("second", { dryRun: false }), half);
    });

    it("keeps all of them when it is raised to 80 percent, and takes in more", async () => {
      await sparkgate.stop();
      sparkgate = await serve(policies(80));
      const most = await inside("dry");
      const lost = half.filter((id) => !most.includes(id));
      assert.deepEqual(lost, []);
      assert.ok(most.length > half.length && most.length < APPLICATIONS.length, `${most.length}`);
    });
  });

  describe("by the clock", () => {
    let clock: number;
    let server: RunningServer;
    const hostNetwork = { spec: { hostNetwork: true } };
    const hostPid = { spec: { hostPID: true } };

    before(async () => {
      const policies = join(POLICIES, "by-the-clock.yaml");
      server = await startSparkgateHere(cluster, { policies, ...ports, now: () => clock });
      await cluster.createNamespace("risk");
    });

    after(async () => {
      await server.close();
    });

    it("enforceFrom warns of the date, and refuses from then on, without a restart", async () => {
      const driver = driverPod(hostNetwork);
      clock = ENFORCED_FROM - 1;
      const warned = await kubectlCreate("default", driver);
      assert.equal(warned.code, 0);
      assert.match(
        warned.stderr,
        /^Warning: \[sparkgate:no-host-network\] denied from 2027-01-15: spec\.hostNetwork: is set$/m,
      );
      assert.equal(await isRefused("default", driver, "no-host-network"), false);
      clock = ENFORCED_FROM;
      assert.equal(await isRefused("default", driver, "no-host-network"), true);
      const refused = await kubectlCreate("default", driver);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /spec\.hostNetwork: \[sparkgate:no-host-network\] is set/);
      // An executor's job may run since before that date.
      assert.equal(await refusalOf(cluster, "default", executorPod(1, hostNetwork)), undefined);
    });

    it("an exception lets one namespace differ, until it ends; no executor is lost by that", async () => {
      const refused = async () => ({
        driverThere: await isRefused("risk", driverPod(hostPid), "no-host-pid"),
        driverElsewhere: await isRefused("default", driverPod(hostPid), "no-host-pid"),
        executorThere: await isRefused("risk", executorPod(1, hostPid), "no-host-pid"),
        executorElsewhere: await isRefused("default", executorPod(1, hostPid), "no-host-pid"),
      });
      const always = { driverElsewhere: true, executorElsewhere: true, executorThere: false };
      clock = LEAVE_ENDS - 1;
      assert.deepEqual(await refused(), { ...always, driverThere: false });
      clock = LEAVE_ENDS;
      assert.deepEqual(await refused(), { ...always, driverThere: true });
      const { stderr } = await kubectlCreate("risk", executorPod(1, hostPid));
      assert.match(stderr, /^Warning: \[sparkgate:no-host-pid\] spec\.hostPID: is set$/m);
    });
  });

  describe("of namespaces and users", () => {
    let sparkgate: Sparkgate;

    before(async () => {
      const policies = join(POLICIES, "of-namespaces.yaml");
      const kubeconfig = await restrictedKubeconfig(cluster, cluster.port);
      sparkgate = await serve(policies, { kubeconfig });
    });

    after(async () => {
      await sparkgate.stop();
    });

    it("deny refuses while there is no quota, and says whom to ask", async () => {
      await cluster.createNamespace("etl-bare", { team: "team-risk" });
      await cluster.createNamespace("etl-sandbox", { tier: "sandbox" });
      const refusal = async () => (await refusalOf(cluster, "etl-bare", driverPod())) ?? "none";
      const refused = async () => /has no ResourceQuota/.test(await refusal());
      await until("quotas are known", refused);
      const { code, stderr } = await kubectlCreate("etl-bare", driverPod());
      assert.equal(code, 1);
      assert.equal(
        stderr,
        `The Pod "etl-driver" is invalid: metadata.namespace: [sparkgate:namespace-has-quota] 'etl-bare' has no ResourceQuota. You cannot fix this in the job: ask team-risk for one\n`,
      );
      assert.equal(await refusalOf(cluster, "etl-sandbox", driverPod()), undefined);
      const quotas = "/api/v1/namespaces/etl-bare/resourcequotas";
      // Of what no Pod counts for: without its controller the API server would refuse Pods by the quota itself.
      const spec = { hard: { configmaps: "10" } };
      await cluster.api("POST", quotas, { metadata: { name: "small" }, spec });
      await until("the quota is known", async () => (await refusal()) === "none");
      await cluster.api("DELETE", `${quotas}/small`);
      await until("it is known to be gone", refused);
    });

    it("deny refuses one user, and nobody else", async () => {
      const as = (user: string) =>
        kubectlCreate("default", driverPod(), `--as=${user}`, "--as-group=system:masters");
      const { code, stderr } = await as("intern");
      assert.equal(code, 1);
      assert.match(stderr, /metadata: \[sparkgate:no-interns\] intern may not start jobs/);
      assert.equal((await as("airflow")).code, 0);
    });

    it("metadata adds what the namespace and the application are called to what is stored", async () => {
      await cluster.createNamespace("billed", { "cost-center": "cc-4711" });
      await cluster.createNamespace("free");
      const labels = { "spark-app-name": "nightly-etl" };
      const stored = async (namespace: string, pod: KubernetesObject) => {
        await createPod(cluster, namespace, pod, { dryRun: false });
        const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}`;
        const { metadata } = (await cluster.api("GET", path)) as Pod;
        assert.equal(metadata.annotations?.["acme.com/application"], "nightly-etl");
        return metadata.labels?.["cost-center"];
      };
      assert.equal(await stored("billed", driverPod({ labels })), "cc-4711");
      assert.equal(await stored("billed", executorPod(1, { labels })), "cc-4711");
      assert.equal(await stored("free", driverPod({ labels })), undefined);
    });
  });
});
