/**
 * npm run bench:cluster: what admission adds to the creation of an executor at a real API server: nothing, a bare echo,
 * Sparkgate, and the API server's own policies. Dry-run creates, interleaved rounds; every answer is looked at for its
 * patch. Fails where one is wrong, never for time. Needs what `npm run e2e` needs, but no Spark.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { admit } from "../src/admission/admit.ts";
import { loadPolicySet } from "../src/commands/policy-options.ts";
import { startCluster, type Cluster } from "../test/e2e/cluster.ts";
import { createNamespaces, createPolicies, registerExecutors, WAYS } from "./cluster/admission.ts";
import { PodCreator } from "./cluster/load.ts";
import { addedTable, type WayRound } from "./cluster/table.ts";
import { imageEnvironment } from "./image-environment.ts";
import { startServerProcess } from "./server-process.ts";

const HELP = `Usage: npm run bench:cluster [-- --rounds N] [--seconds N] [--storm N]

  --rounds N   interleaved rounds (default 5)
  --seconds N  of each way at each number of clients, a round (default 4)
  --storm N    creations by 100 clients through Sparkgate, each checked for its patch (default 10000)
`;
const CLIENTS = [1, 10, 100];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    storm: { type: "string", default: "10000" },
    help: { type: "boolean" },
  },
});
const [rounds, seconds, storm] = [values.rounds, values.seconds, values.storm].map(Number);
if (values.help === true || !(Number(rounds) >= 1 && Number(seconds) > 0 && Number(storm) >= 0)) {
  process.stderr.write(HELP);
  process.exit(values.help === true ? 0 : 2);
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

interface Recorded {
  readonly request: { readonly object: { readonly metadata: object; readonly spec: Spec } };
}

interface Spec {
  readonly containers: readonly { readonly env?: readonly object[] }[];
  readonly [field: string]: unknown;
}

/** Bytes of a Pod with which others were measured. */
const POD_BYTES = 7000;

/** A recorded executor that can be created anew, in a namespace without Spark's ServiceAccount; filled up to 7 KB. */
async function executorPod(): Promise<object> {
  const file = path("../src/commands/demo/recorded/executor-1.json");
  const { object } = (JSON.parse(await readFile(file, "utf8")) as Recorded).request;
  const { metadata, spec } = object;
  const [container, ...others] = spec.containers;
  const pod = (filler: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, namespace: undefined, ownerReferences: undefined, uid: undefined },
    spec: {
      ...spec,
      serviceAccount: undefined,
      serviceAccountName: "default",
      containers: [
        { ...container, env: [...(container?.env ?? []), { name: "FILLER", value: filler }] },
        ...others,
      ],
    },
  });
  return pod("x".repeat(Math.max(0, POD_BYTES - JSON.stringify(pod("")).length)));
}

/** Sparkgate's patch for the Pod, so that the echo gives the API server the same work. */
function patchFor(pod: object): string {
  const review = {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "echo",
      kind: { group: "", version: "v1", kind: "Pod" },
      operation: "CREATE",
      namespace: "echo",
      object: pod,
    },
  };
  const set = loadPolicySet({ platform: "karpenter", mode: "Enforce" });
  const admission = admit(set, Buffer.from(JSON.stringify(review)), { at: 0 });
  if (admission.kind !== "answered") throw new Error(admission.reason);
  const { patch } = (JSON.parse(admission.answer) as { response: { patch: string } }).response;
  return patch;
}

/** Reviews that went unanswered and were let through: the API server's own count. */
async function failedOpen(cluster: Cluster): Promise<number> {
  const metrics = (await cluster.api("GET", "/metrics")) as string;
  return metrics
    .split("\n")
    .filter((line) => line.startsWith("apiserver_admission_webhook_fail_open_count{"))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** Each way at each number of clients, in turn: a machine that is shared is slow for all of them. */
async function measureOnce(creator: PodCreator): Promise<readonly WayRound[]> {
  const measured: WayRound[] = [];
  for (const clients of CLIENTS) {
    for (const way of WAYS) {
      const { latencies, unpatched } = await creator.run(way, clients, {
        seconds: Number(seconds),
      });
      if (unpatched > 0) throw new Error(`${way}: ${unpatched} Pods came back unpatched`);
      measured.push({ way, clients, latencies });
    }
  }
  return measured;
}

const cluster = await startCluster({ controllers: false });
const { certificate, key } = cluster.certificates.webhook;
const pod = await executorPod();
const echo = await startServerProcess("echo", [
  ...[path("floor-server.ts"), certificate, key, patchFor(pod)],
]);
const sparkgate = await startServerProcess(
  "sparkgate",
  [
    ...[path("../dist/sparkgate.js"), "serve", "--policies", "baseline", "--platform", "karpenter"],
    ...["--mode", "Enforce", "--tls-cert", certificate, "--tls-key", key],
    ...["--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--drain-seconds", "0"],
  ],
  imageEnvironment(),
);
const creator = new PodCreator(cluster, pod);
try {
  await createNamespaces(cluster);
  await registerExecutors(cluster, "echo", echo.port);
  await registerExecutors(cluster, "sparkgate", sparkgate.port);
  await createPolicies(cluster);
  for (const way of WAYS) {
    // Until what was registered is in effect, which takes the API server some seconds.
    while ((await creator.run(way, 1, { count: 20 })).unpatched > 0);
    await creator.run(way, 10, { seconds: 5 });
  }
  const before = await failedOpen(cluster);
  const measured: WayRound[] = [];
  for (let round = 1; round <= Number(rounds); round++) {
    measured.push(...(await measureOnce(creator)));
    process.stderr.write(`round ${round} of ${rounds ?? ""}\n`);
  }
  process.stdout.write(
    `Executor Pod of ${JSON.stringify(pod).length} bytes, dry-run creates; medians of ${rounds ?? ""} interleaved rounds of ${seconds ?? ""} s.\n\n` +
      addedTable(measured),
  );
  const { latencies, unpatched } = await creator.run("sparkgate", 100, { count: Number(storm) });
  const open = (await failedOpen(cluster)) - before;
  process.stdout.write(
    `\n${latencies.length} creations by 100 clients through Sparkgate with its shipped time-out of 3 s: ` +
      `${unpatched} unpatched, ${open} calls failed open.\n`,
  );
  if (unpatched > 0 || open > 0) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  creator.close();
  await Promise.all([echo.stop(), sparkgate.stop()]);
  await cluster.stop();
}
