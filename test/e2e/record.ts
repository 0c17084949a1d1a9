/**
 * `npm run record`: records the AdmissionReviews that a real API server sends for the Pods of real
 * Spark runs, for the demo and the golden tests. Run by hand after an update of Spark or
 * Kubernetes, never by tests; the recordings are committed and reviewed as diffs.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { requireControlPlane, requireSpark, sparkHome } from "./assets.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { startNodes } from "./nodes.ts";
import { GiveUpError, until } from "./polling.ts";
import { startProcessKubelet } from "./process-kubelet.ts";
import { type AdmissionReview, type Recorder, startRecorder } from "./recording/recorder.ts";
import { ETL, type Scenario, plainPod, scenarios } from "./recording/scenarios.ts";
import { shapes } from "./recording/shapes.ts";
import { assertScrubbed, fileNameOf, scrubReviews } from "./recording/scrub.ts";
import { SPARK, type SparkAccount, prepareSpark, sparkSubmit } from "./spark-submit.ts";
import { registerWebhook, waitUntilCalled } from "./webhook-configuration.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");
const RUN_TIMEOUT_MS = 120_000;
const PODS = `/api/v1/namespaces/${SPARK}/pods`;
const CONTROLLERS = ["statefulsets", "deployments"].map(
  (kind) => `/apis/apps/v1/namespaces/${SPARK}/${kind}`,
);

/** Room for a driver and two executors; more stay Pending, and have been recorded all the same. */
const NODES = [
  {
    name: "node-0",
    labels: { "topology.kubernetes.io/zone": "eu-central-1a" },
    capacity: { cpu: "3" },
  },
];

interface Recording {
  cluster: Cluster;
  recorder: Recorder;
  account: SparkAccount;
  applications: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string" } } });
  const isChosen = (name: string): boolean => name.includes(values.only ?? "");
  const all = [...scenarios, ...shapes];
  const chosen = all.filter(({ name }) => isChosen(name));
  const names = [...all, plainPod].map(({ name }) => name);
  if (!names.some(isChosen)) throw new Error(`--only: there are ${names.join(", ")}`);
  requireControlPlane();
  requireSpark();
  const cluster = await startCluster({ controllers: true });
  const nodes = await startNodes(cluster, NODES);
  const recorder = await startRecorder(cluster);
  try {
    await registerWebhook(cluster, { port: recorder.port });
    await registerWebhook(cluster, {
      ...{ port: recorder.port, name: "confs", webhookName: "confs.sparkgate.io" },
      resource: "configmaps",
    });
    await waitUntilCalled(cluster);
    const account = await prepareSpark(cluster);
    await cluster.api("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {
      ...{ metadata: { name: "spark-high" }, value: 1000 },
    });
    const applications = join(cluster.directory, "applications");
    mkdirSync(applications);
    writeFileSync(join(applications, "etl.py"), ETL);
    const recording = { cluster, recorder, account, applications };
    for (const scenario of chosen) await recordRun(recording, scenario);
    if (isChosen(plainPod.name)) await recordPlainPod(recording);
  } finally {
    recorder.stop();
    nodes.stop();
    await cluster.stop();
  }
}

async function recordRun(recording: Recording, scenario: Scenario): Promise<void> {
  const { cluster, recorder, account, applications } = recording;
  const home = sparkHome(scenario.line);
  const kubelet = await startProcessKubelet(cluster, {
    nodes: NODES.map(({ name }) => name),
    sparkHome: home,
    applications,
  });
  recorder.take();
  const end = new AbortController();
  const conf = { ...scenario.submission.conf, ...writeTemplates(applications, scenario) };
  const submission = { ...scenario.submission, conf, signal: end.signal };
  const application = join(applications, "etl.py");
  const client = submission.deployMode === "client";
  const submitted = sparkSubmit(cluster, account, {
    ...submission,
    sparkHome: home,
    ...(client ? { application } : {}),
  });
  let failure: string | undefined;
  const ended = submitted.then(({ code, stderr }) => {
    if (code !== 0) failure = `${scenario.name}: spark-submit failed:\n${withoutStacks(stderr)}`;
  });
  try {
    await until(
      `${scenario.pods} Pods of ${scenario.name}`,
      () => {
        if (failure !== undefined) throw new GiveUpError(failure);
        return recorder.count(scenario.kind) >= scenario.pods;
      },
      { timeoutMs: RUN_TIMEOUT_MS },
    );
    const reviews = recorder.take(scenario.kind).slice(0, scenario.pods);
    write(cluster, scenario.directory, reviews, scenario);
  } finally {
    end.abort();
    await ended;
    await kubelet.stop();
    await clear(cluster);
  }
}

function withoutStacks(stderr: string): string {
  return stderr.replaceAll(/^\s+at .*\n/gm, "");
}

function writeTemplates(applications: string, { templates = {} }: Scenario) {
  const conf: Record<string, string> = {};
  for (const [role, template] of Object.entries(templates)) {
    const file = join(applications, `${role}.yaml`);
    writeFileSync(file, JSON.stringify(template)); // JSON is YAML
    conf[`spark.kubernetes.${role}.podTemplateFile`] = file;
  }
  return conf;
}

async function recordPlainPod({ cluster, recorder }: Recording): Promise<void> {
  recorder.take();
  const stdin = JSON.stringify(plainPod.manifest);
  const { code, stderr } = await cluster.kubectl(["create", "-n", SPARK, "-f", "-"], { stdin });
  if (code !== 0) throw new Error(stderr);
  write(cluster, plainPod.directory, recorder.take(), plainPod);
}

function write(
  cluster: Cluster,
  directory: string,
  reviews: AdmissionReview[],
  { name, file }: { name: string; file?: string },
): void {
  const folder = join(REPOSITORY, directory);
  mkdirSync(folder, { recursive: true });
  for (const [index, review] of scrubReviews(reviews, name).entries()) {
    const text = `${JSON.stringify(review, null, 2)}\n`;
    assertScrubbed(text, [cluster.directory, String(cluster.port)]);
    const path = join(directory, file ?? fileNameOf(review, index));
    writeFileSync(join(REPOSITORY, path), text);
    process.stdout.write(`${path}\n`);
  }
}

/** Removes what a run has left; no kubelet runs any more, which would end the Pods by and by. */
async function clear(cluster: Cluster): Promise<void> {
  for (const path of CONTROLLERS) await cluster.api("DELETE", path);
  await until("the Pods are gone", async () => {
    // Again and again: the StatefulSet's controller may be making the next one.
    await cluster.api("DELETE", `${PODS}?gracePeriodSeconds=0`);
    const { items } = (await cluster.api("GET", PODS)) as { items: unknown[] };
    return items.length === 0;
  });
  rmSync(join(cluster.directory, "kubelet"), { recursive: true, force: true });
}

await main();
