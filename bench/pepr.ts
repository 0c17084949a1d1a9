/**
 * npm run bench:pepr: Sparkgate and the floor against Pepr, which is the webhook framework of the same language, doing the
 * same work (pepr/module.cjs) on the same review. Pepr comes from npm, with its defaults, as its chart runs it. It needs an
 * API server for its store, so this needs what `npm run e2e` needs.
 */
import { execFileSync } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startCluster, type Cluster } from "../test/e2e/cluster.ts";
import { until } from "../test/e2e/polling.ts";
import { freePorts } from "../test/e2e/ports.ts";
import { imageEnvironment } from "./image-environment.ts";
import { measureInTurn, type Contender, type Question } from "./measure.ts";
import { recordedReview } from "./recorded-review.ts";
import { keepOffServerCpu, startServerProcess, type ServerProcess } from "./server-process.ts";
import { summarize, tableOf } from "./summary.ts";

/** `latest` of that package is an older one under a wrong tag. */
const PEPR = "pepr@1.1.4";
const TOKEN = "bench";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
  },
});
const effort = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  connections: [1, 16],
};
if (!(effort.rounds >= 1 && effort.seconds > 0)) {
  process.stderr.write("usage: npm run bench:pepr [-- --rounds N] [--seconds N]\n");
  process.exit(2);
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Pepr's store: a custom resource, of which only that it exists is of interest. */
async function createStoreKind(cluster: Cluster): Promise<void> {
  await cluster.createNamespace("pepr-system");
  await cluster.api("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: { name: "peprstores.pepr.dev" },
    spec: {
      group: "pepr.dev",
      scope: "Namespaced",
      names: { plural: "peprstores", singular: "peprstore", kind: "PeprStore" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          },
        },
      ],
    },
  });
  await until("the API serves Pepr's store", async () => {
    await cluster.api("GET", "/apis/pepr.dev/v1/namespaces/pepr-system/peprstores");
    return true;
  });
}

/** Installs Pepr from npm and starts it; it says nothing when it is ready, so it is asked. */
async function startPepr(cluster: Cluster, folder: string, question: Question) {
  await writeFile(join(folder, "package.json"), "{}");
  const npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", PEPR];
  execFileSync("npm", npm, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  await copyFile(path("pepr/module.cjs"), join(folder, "module.cjs"));
  const { certificate, key } = cluster.certificates.webhook;
  const [port = 0] = await freePorts(1);
  const server = await startServerProcess(
    "pepr 1.1.4",
    [join(folder, "module.cjs")],
    {
      NODE_ENV: "production",
      KUBECONFIG: cluster.kubeconfig,
      SSL_CERT_PATH: certificate,
      SSL_KEY_PATH: key,
      PEPR_API_PATH: TOKEN,
      PORT: String(port),
    },
    port,
  );
  await until("pepr answers", () =>
    isPatched(`https://127.0.0.1:${port}/mutate/${TOKEN}`, question),
  );
  return server;
}

function isPatched(url: string, { body, ca }: Question): Promise<boolean> {
  const headers = { "Content-Type": "application/json" };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: "POST", ca, headers }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => {
        resolve(text.includes('"patch"'));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const folder = await mkdtemp(join(tmpdir(), "sparkgate-pepr-"));
const cluster = await startCluster({ controllers: false });
const servers: ServerProcess[] = [];
try {
  keepOffServerCpu();
  await createStoreKind(cluster);
  const { ca, webhook } = cluster.certificates;
  const question = { ...(await recordedReview()), ca: await readFile(ca, "utf8") };
  const { certificate, key } = webhook;
  servers.push(await startPepr(cluster, folder, question));
  servers.push(await startServerProcess("floor", [path("floor-server.ts"), certificate, key]));
  const sparkgate = [
    ...[path("../dist/sparkgate.js"), "serve", "--policies", "baseline", "--platform", "karpenter"],
    ...["--mode", "Enforce", "--tls-cert", certificate, "--tls-key", key],
    ...["--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--drain-seconds", "0"],
  ];
  servers.push(await startServerProcess("sparkgate", sparkgate, imageEnvironment()));
  const contenders = servers.map((server): Contender => ({
    server,
    patchExpected: server.name !== "floor",
    path: server.name.startsWith("pepr") ? `/mutate/${TOKEN}` : undefined,
  }));
  const results = summarize(await measureInTurn(contenders, question, effort));
  process.stdout.write(
    `Review of ${Buffer.byteLength(question.body)} bytes; medians of ${effort.rounds} interleaved rounds of ${effort.seconds} s.\n\n` +
      tableOf(results),
  );
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  await cluster.stop();
  await rm(folder, { recursive: true });
}
