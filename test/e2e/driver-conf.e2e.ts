// The conf of real spark-submits: mended, or refused, in the ConfigMap that Spark applies behind the driver's Pod.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { parseProperties } from "../../src/spark/properties.ts";
import { ApiError } from "./api-client.ts";
import { sparkHome, type SparkLine } from "./assets.ts";
import type { Cluster } from "./cluster.ts";
import type { Pod } from "./pod.ts";
import { prepareSpark, SPARK, type SparkAccount, sparkSubmit } from "./spark-submit.ts";
import { type Sparkgate, startProtectedCluster } from "./sparkgate.ts";
import { ROOT } from "./sparkgate-process.ts";

const MAPS = `/api/v1/namespaces/${SPARK}/configmaps`;
const PODS = `/api/v1/namespaces/${SPARK}/pods`;

interface ConfigMap {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly name: string }[];
  };
  readonly immutable?: boolean;
  readonly data?: Readonly<Record<string, string>>;
}

describe("the conf of a driver", () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;
  let account: SparkAccount;

  before(async () => {
    ({ cluster, sparkgate } = await startProtectedCluster({
      controllers: true,
      policies: ["strict", join(ROOT, "test/e2e/policies/driver-conf")],
    }));
    account = await prepareSpark(cluster);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    await cluster.stop();
  });

  const submit = (name: string, conf: Readonly<Record<string, string>>, line: SparkLine = "3.5") =>
    sparkSubmit(cluster, account, { sparkHome: sparkHome(line), name, conf });

  async function list<T>(path: string): Promise<readonly T[]> {
    return ((await cluster.api("GET", path)) as { readonly items: readonly T[] }).items;
  }

  const driversOf = async (name: string) =>
    (await list<Pod>(PODS)).filter(({ metadata }) => metadata.labels?.["spark-app-name"] === name);

  async function confOf(name: string): Promise<{ map: ConfigMap; conf: Map<string, string> }> {
    const [driver] = await driversOf(name);
    const maps = await list<ConfigMap>(MAPS);
    const map = maps.find(
      ({ metadata }) =>
        metadata.name.startsWith("spark-drv-") &&
        metadata.ownerReferences?.[0]?.name === driver?.metadata.name,
    );
    assert.ok(map !== undefined, `no conf of ${name}`);
    return { map, conf: read(map.data?.["spark.properties"] ?? "") };
  }

  for (const [index, line] of (["3.5", "4.1"] as const).entries()) {
    it(`of Spark ${line} is mended, and is otherwise as spark-submit wrote it`, async () => {
      const name = `mended-${index}`;
      const { code, stderr } = await submit(
        name,
        {
          "spark.dynamicAllocation.enabled": "true",
          "spark.dynamicAllocation.shuffleTracking.enabled": "false",
          "spark.custom.password": "a=b \\ c:d",
        },
        line,
      );
      assert.equal(code, 0, stderr);
      const { map, conf } = await confOf(name);
      const text = map.data?.["spark.properties"] ?? "";
      const [theirs = "", ours = ""] = text.split("\n\n# sparkgate: shuffle-safe-conf\n");
      assert.match(theirs, /^#Java properties built from Kubernetes config map/);
      assert.match(ours, /^spark\.dynamicAllocation\.shuffleTracking\.enabled=true$/m);
      assert.equal(read(theirs).get("spark.dynamicAllocation.shuffleTracking.enabled"), "false");
      assert.equal(conf.get("spark.dynamicAllocation.shuffleTracking.enabled"), "true");
      assert.equal(conf.get("spark.dynamicAllocation.maxExecutors"), "100");
      assert.equal(conf.get("spark.decommission.enabled"), "true");
      assert.equal(conf.get("spark.custom.password"), "a=b \\ c:d");
      for (const [key, value] of read(theirs)) {
        if (key !== "spark.dynamicAllocation.shuffleTracking.enabled") {
          assert.equal(conf.get(key), value, key);
        }
      }
      assert.equal(map.immutable, true);
      assert.match(
        await sparkgate.get("/metrics"),
        /sparkgate_admission_requests_total\{surface="driver-conf",role="none",operation="CREATE",admission="mutating",verdict="changed",dry_run="false"\} [12]/,
      );
    });

    it(`of Spark ${line} that is refused takes its driver with it: Spark deletes the Pod itself`, async () => {
      const name = `refused-${index}`;
      const { code, stdout, stderr } = await submit(
        name,
        {
          "spark.dynamicAllocation.enabled": "true",
          "spark.dynamicAllocation.maxExecutors": "5000",
          "spark.hadoop.fs.s3a.secret.key": "hunter2",
        },
        line,
      );
      assert.equal(code, 1);
      const output = stdout + stderr;
      assert.match(
        output,
        /Sparkgate refused the conf of refused-\d \(ConfigMap spark-drv-[0-9a-f]+-conf-map\): 2 problems \(policy, not RBAC\)\./,
      );
      assert.match(
        output,
        /\[bounded\] spark\.dynamicAllocation\.maxExecutors: '5000' is above 200\./,
      );
      assert.match(
        output,
        /\[no-credentials-in-conf\] spark\.hadoop\.fs\.s3a\.secret\.key: is forbidden/,
      );
      assert.doesNotMatch(output, /hunter2/);
      assert.deepEqual(await driversOf(name), []);
    });
  }

  it("chooses nodes for executors: refused before there is a driver that waits for them", async () => {
    const key = "spark.kubernetes.executor.node.selector.karpenter.sh/capacity-type";
    const team = { "spark.kubernetes.executor.label.team": "risk" };
    const { code, stdout, stderr } = await submit("choosy", { ...team, [key]: "on-demand" });
    assert.equal(code, 1);
    assert.match(
      stdout + stderr,
      /\[no-choice\] spark\.kubernetes\.executor\.node\.selector\.karpenter\.sh\/capacity-type: 'on-demand', needs 'spot'\. Fix: leave it out/,
    );
    assert.deepEqual(await driversOf("choosy"), []);
  });

  it("names the image of executors: latest is refused before there is any", async () => {
    const { code, stdout, stderr } = await submit("late", {
      "spark.kubernetes.executor.container.image": "${spark.my.image}",
      "spark.my.image": "registry.example.com:5000/spark-py:latest",
    });
    assert.equal(code, 1);
    assert.match(
      stdout + stderr,
      /\[pin-images\] spark\.kubernetes\.executor\.container\.image: 'registry\.example\.com:5000\/spark-py:latest' has a mutable tag/,
    );
  });

  describe("as other clients make it", () => {
    const NAME = "spark-drv-0123456789abcdef-conf-map";
    const TEXT = "spark.app.id=spark-1\nspark.dynamicAllocation.enabled=true\\";
    const map = (name: string, data: Readonly<Record<string, string>>, more: object = {}) => ({
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data },
      ...more,
    });
    const create = (object: object, query = "") =>
      cluster.api(
        "POST",
        `/api/v1/namespaces/default/configmaps${query}`,
        object,
      ) as Promise<ConfigMap>;

    it("may end in a backslash", async () => {
      const { data } = await create(map(NAME, { "spark.properties": TEXT }, { immutable: true }));
      const conf = read(data?.["spark.properties"] ?? "");
      assert.equal(conf.get("spark.dynamicAllocation.enabled"), "true");
      assert.equal(conf.get("spark.dynamicAllocation.maxExecutors"), "100");
    });

    it("is not touched a second time, neither applied again nor by somebody else", async () => {
      const path = `/api/v1/namespaces/default/configmaps/${NAME}`;
      const stored = (await cluster.api("GET", path)) as ConfigMap;
      const { data } = await create(map("spark-drv-aa-conf-map", stored.data ?? {}));
      assert.deepEqual(data, stored.data);
    });

    it("of nearly a MiB is mended too", async () => {
      const large = `spark.large=${"x".repeat(1_000_000)}\n`;
      const { data } = await create(
        map("spark-drv-large-conf-map", { "spark.properties": large }),
        "?dryRun=All",
      );
      const text = data?.["spark.properties"] ?? "";
      assert.ok(text.startsWith(large));
      assert.equal(read(text).get("spark.task.maxFailures"), "8");
    });

    const others: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
      ["without spark.properties", "spark-drv-none-conf-map", { "log4j2.properties": "a=b" }],
      ["that only looks like one", "my-spark-drv-conf-map-copy", { "spark.properties": TEXT }],
      ["of executors", "spark-exec-aa-conf-map", { "spark.properties": TEXT }],
    ];
    for (const [what, name, data] of others) {
      it(`is left alone ${what}`, async () => {
        assert.deepEqual((await create(map(name, data))).data, data);
      });
    }

    it("no other ConfigMap depends on Sparkgate, a conf does", async () => {
      await sparkgate.stop();
      await create(map("somebodys", { a: "b" }));
      await assert.rejects(
        create(map("spark-drv-down-conf-map", { "spark.properties": TEXT })),
        (error) => error instanceof ApiError && /driver-conf\.sparkgate\.io/.test(error.message),
      );
    });
  });
});

function read(text: string): Map<string, string> {
  const properties = parseProperties(text);
  assert.equal(properties.kind, "read");
  return new Map([...properties.entries].map(([key, { value }]) => [key, value]));
}
