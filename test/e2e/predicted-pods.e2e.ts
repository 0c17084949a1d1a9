// Command lines of a real spark-submit: the driver's Pod and the ConfigMap that it makes are those that were predicted.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { sparkHome } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import type { CommandResult } from "./command.ts";
import { prepareSpark, runSparkSubmit, SPARK, type SparkAccount } from "./spark-submit.ts";
import { FOLDER, type CommandLineCase } from "./submissions/command-line-case.ts";
import { COMMAND_LINES } from "./submissions/command-lines.ts";
import { normalized } from "./submissions/normalize.ts";
import { predicted } from "./submissions/predicted.ts";
import { runInLanes } from "./submit-lanes.ts";

const RBAC = `/apis/rbac.authorization.k8s.io/v1/namespaces/${SPARK}`;

interface Created {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly name: string }[];
  };
}

for (const release of ["3.5", "4.1"] as const)
  describe(`predicted Pods of Spark ${release}`, () => {
    let cluster: Cluster;
    let account: SparkAccount;
    let folder: string;
    let submitted: readonly Promise<CommandResult>[];

    before(async () => {
      // Nobody else touches what spark-submit creates: no controllers, no webhook.
      cluster = await startCluster({ controllers: false });
      account = await prepareSpark(cluster);
      await allowSecrets();
      folder = join(cluster.directory, "files");
      mkdirSync(join(folder, "uploads"), { recursive: true });
      submitted = submitAll();
    });

    afterEach((test) => {
      cluster.keepIfFailed(test);
    });

    after(async () => {
      await Promise.allSettled(submitted);
      await cluster.stop();
    });

    for (const [index, line] of COMMAND_LINES.entries()) {
      it(line.name, async () => {
        const { code, stderr } = (await submitted[index]) ?? { code: -1, stderr: "" };
        assert.equal(code, 0, stderr);
        const { properties, files = {} } = line;
        const templates = Object.fromEntries(
          Object.entries(files)
            .filter(([name]) => name.endsWith(".json"))
            .map(([name, text]): [string, unknown] => [join(folder, name), JSON.parse(text)]),
        );
        const prediction = predicted(argumentsOf(line, index), {
          properties,
          templates,
          version: release,
        });
        assert.ok(prediction.kind === "predicted", JSON.stringify(prediction));
        const { driver, confMap } = await created(index);
        assert.deepEqual(normalized(prediction.driver), normalized(driver));
        assert.deepEqual(normalized(prediction.confMap), normalized(confMap));
      });
    }

    function submitAll(): readonly Promise<CommandResult>[] {
      return runInLanes(
        COMMAND_LINES.map((line, index) => (option: string) => submit(line, index, option)),
        join(cluster.directory, "classes.jsa"),
      );
    }

    function submit(
      line: CommandLineCase,
      index: number,
      jvmOptions: string,
    ): Promise<CommandResult> {
      const file = join(folder, `${index}.conf`);
      for (const [name, text] of Object.entries(line.files ?? {})) {
        writeFileSync(join(folder, name), text);
      }
      if (line.properties !== undefined) writeFileSync(file, line.properties);
      const own = argumentsOf(line, index);
      const args = line.properties === undefined ? own : ["--properties-file", file, ...own];
      return runSparkSubmit(cluster, account, { sparkHome: sparkHome(release), args, jvmOptions });
    }

    /** A label tells whose a Pod is. */
    function argumentsOf(line: CommandLineCase, index: number): readonly string[] {
      return [
        `--master=k8s://${cluster.server}`,
        ...["--conf", "spark.kubernetes.submission.waitAppCompletion=false"],
        ...["--conf", `spark.kubernetes.driver.label.case=${index}`],
        ...line.args.map((word) => word.replaceAll(FOLDER, folder)),
      ];
    }

    async function created(index: number): Promise<{ driver: Created; confMap: Created }> {
      const [driver] = await list("Pod", `pods?labelSelector=case%3D${index}`);
      assert.ok(driver !== undefined, "no Pod");
      const maps = await list("ConfigMap", "configmaps");
      const confMap = maps.find(
        ({ metadata }) =>
          metadata.name.startsWith("spark-drv-") &&
          metadata.ownerReferences?.[0]?.name === driver.metadata.name,
      );
      assert.ok(confMap !== undefined, "no ConfigMap");
      return { driver, confMap };
    }

    /** Lists leave out the kinds of their items. */
    async function list(kind: string, path: string): Promise<readonly Created[]> {
      const answer = await cluster.api("GET", `/api/v1/namespaces/${SPARK}/${path}`);
      const { items } = answer as { readonly items: readonly Omit<Created, "kind">[] };
      return items.map((item) => ({ ...item, kind }));
    }

    /** One command line has a token, of which spark-submit makes a Secret. */
    async function allowSecrets(): Promise<void> {
      const metadata = { name: "secrets" };
      await cluster.api("POST", `${RBAC}/roles`, {
        metadata,
        rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["*"] }],
      });
      await cluster.api("POST", `${RBAC}/rolebindings`, {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "secrets" },
        subjects: [{ kind: "ServiceAccount", name: SPARK, namespace: SPARK }],
      });
    }
  });
