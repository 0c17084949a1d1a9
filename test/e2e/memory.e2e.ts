// Generated confs, submitted by a real spark-submit: its drivers ask for the memory that is predicted, to the MiB.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import fc from "fast-check";
import { type MemoryCase, SOUND } from "../fixtures/memory-confs.ts";
import { sparkHome } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { IMAGE, prepareSpark, runSparkSubmit, SPARK, type SparkAccount } from "./spark-submit.ts";
import { memoryOf } from "./submissions/memory-of.ts";
import { predicted } from "./submissions/predicted.ts";
import { runInLanes } from "./submit-lanes.ts";

const SEED = 20261126;
const COUNT = Number(process.env["SPARKGATE_E2E_MEMORY"] ?? "30");

const RESOURCES = {
  jvm: ["--class", "com.example.Etl", "local:///opt/app/etl.jar"],
  python: ["local:///opt/app/etl.py"],
  r: ["local:///opt/app/etl.R"],
} as const;

describe(`the memory of drivers, by ${COUNT} generated confs (seed ${SEED})`, () => {
  let cluster: Cluster;
  let account: SparkAccount;

  before(async () => {
    // Nobody else touches what spark-submit creates: no controllers, no webhook.
    cluster = await startCluster({ controllers: false });
    account = await prepareSpark(cluster);
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await cluster.stop();
  });

  for (const [half, line] of (["3.5", "4.1"] as const).entries()) {
    it(`Spark ${line} asks for what is predicted`, async () => {
      const jobs = fc.sample(SOUND, { numRuns: Math.ceil(COUNT / 2), seed: SEED + half });
      const lines = jobs.map((job, index) => argumentsOf(job, `${half}-${index}`));
      const submissions = lines.map(
        (args) => (jvmOptions: string) =>
          runSparkSubmit(cluster, account, { sparkHome: sparkHome(line), args, jvmOptions }),
      );
      const archive = join(cluster.directory, `classes-${line}.jsa`);
      const results = await Promise.all(runInLanes(submissions, archive));
      for (const [index, { code, stderr }] of results.entries()) {
        const args = lines[index] ?? [];
        assert.equal(code, 0, `${args.join(" ")}\n${stderr}`);
        const prediction = predicted(args, { version: line });
        assert.ok(prediction.kind === "predicted", JSON.stringify(prediction));
        const driver = await driverOf(`${half}-${index}`);
        assert.deepEqual(memoryOf(prediction.driver), memoryOf(driver), args.join(" "));
      }
    });
  }

  /** A label tells whose a Pod is. */
  function argumentsOf({ language, conf }: MemoryCase, label: string): readonly string[] {
    const all = {
      "spark.kubernetes.namespace": SPARK,
      "spark.kubernetes.container.image": IMAGE,
      "spark.kubernetes.submission.waitAppCompletion": "false",
      "spark.kubernetes.driver.label.case": label,
      ...conf,
    };
    return [
      ...[`--master=k8s://${cluster.server}`, "--deploy-mode=cluster"],
      ...Object.entries(all).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
      ...RESOURCES[language],
    ];
  }

  async function driverOf(label: string): Promise<object | undefined> {
    const path = `/api/v1/namespaces/${SPARK}/pods?labelSelector=case%3D${label}`;
    const { items } = (await cluster.api("GET", path)) as { readonly items: readonly object[] };
    return items[0];
  }
});
