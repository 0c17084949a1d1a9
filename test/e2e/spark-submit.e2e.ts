// A real spark-submit: its driver goes through Sparkgate and onto the right node, or is refused with a reason.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { sparkHome } from "./assets.ts";
import type { Cluster } from "./cluster.ts";
import { assertExpected } from "./expected-output.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { prepareSpark, SPARK, type SparkAccount, sparkSubmit } from "./spark-submit.ts";
import { type Sparkgate, startProtectedCluster } from "./sparkgate.ts";

const CAPACITY_TYPE = "karpenter.sh/capacity-type";
const DRIVERS = `/api/v1/namespaces/${SPARK}/pods?labelSelector=spark-role%3Ddriver`;

describe("spark-submit", () => {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let sparkgate: Sparkgate;
  let account: SparkAccount;

  before(async () => {
    ({ cluster, sparkgate } = await startProtectedCluster({
      controllers: true,
      policies: "strict",
    }));
    nodes = await startNodes(cluster, [
      ...["spot-0", "spot-1", "spot-2"].map((name) => ({
        name,
        labels: { [CAPACITY_TYPE]: "spot" },
      })),
      { name: "on-demand-0", labels: { [CAPACITY_TYPE]: "on-demand" } },
    ]);
    account = await prepareSpark(cluster);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    nodes.stop();
    await sparkgate.stop();
    await cluster.stop();
  });

  it("has its driver bound to the on-demand node by the real scheduler", async () => {
    const { code, stderr } = await submit({});
    assert.equal(code, 0, stderr);
    const driver = await until("the driver is bound", async () => {
      const [pod] = await drivers();
      return pod?.spec.nodeName !== undefined && pod;
    });
    assert.equal(driver.spec.nodeName, "on-demand-0");
    assert.match(driver.metadata.annotations?.["sparkgate.io/applied"] ?? "", /driver-on-demand/);
    assert.match(
      await sparkgate.get("/metrics"),
      /sparkgate_admission_requests_total\{surface="pod",role="driver",operation="CREATE",admission="mutating",verdict="changed",dry_run="false"\} 1/,
    );
  });

  it("with the tag latest is refused, and says why and what to do", async () => {
    const before = (await drivers()).length;
    const { code, stdout, stderr } = await submit({
      "spark.kubernetes.container.image": "registry.example.com:5000/spark-py:latest",
    });
    assert.equal(code, 1);
    assertExpected("spark-submit-refused.txt", scrubbed(stdout + stderr));
    assert.equal((await drivers()).length, before);
  });

  function submit(conf: Readonly<Record<string, string>>) {
    return sparkSubmit(cluster, account, { sparkHome: sparkHome("3.5"), conf });
  }

  async function drivers(): Promise<readonly Pod[]> {
    return ((await cluster.api("GET", DRIVERS)) as { items: readonly Pod[] }).items;
  }

  /** Keeps the lines of Spark's client, without times, made-up names, ports and the machine's own warnings. */
  function scrubbed(output: string): string {
    return output
      .split("\n")
      .filter((line) => !/^\s*(?:at |\.\.\. \d+ more)/.test(line))
      .filter((line) => !/ (?:WARN|INFO) |log4j|WARNING/.test(line))
      .map((line) =>
        line
          .replace(/^\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d /, "")
          .replaceAll(/nightly-etl-[0-9a-f]{16}/g, "nightly-etl-0123456789abcdef")
          .replaceAll(cluster.server, "https://127.0.0.1:6443"),
      )
      .join("\n");
  }
});
