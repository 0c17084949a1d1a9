import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureSelfSigned } from "../../cluster/certificates.ts";
import type { Mode } from "../../engine/policy.ts";
import { createLog } from "../../server/log.ts";
import { startServer, type ClusterSource } from "../../server/start-server.ts";
import { paintVerdict } from "../colour.ts";
import { callWebhook } from "./call-webhook.ts";
import { FACTS, Proof } from "./proof.ts";
import { showConf } from "./show-conf.ts";
import { showLocalDirs, TWO_DISKS } from "./show-local-dirs.ts";
import {
  PLATFORM,
  showAudit,
  showDenial,
  showMended,
  showSplit,
  showStranger,
  type Shown,
  type Webhook,
} from "./show.ts";
import { EXIT } from "../failure.ts";
import { loadPolicySet } from "../policy-options.ts";
import { VERSION } from "../version.ts";

const POLICY_SET = "strict";

/** What to try next from where this runs: a checkout, which has examples, or the bundle. */
const NEXT = import.meta.url.endsWith(".ts")
  ? `npm run -s sparkgate -- check docs/examples/driver.yaml --platform ${PLATFORM}`
  : `sparkgate check pod.yaml --platform ${PLATFORM}`;

/** Runs the demo and prints it; the exit code is 1 where something is not as promised. */
export async function runDemo(): Promise<void> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "sparkgate-demo-"));
  const servers = new DemoServers(folder);
  await writeFile(join(folder, "two-disks.yaml"), TWO_DISKS);
  try {
    const proof = new Proof();
    const enforcing = await servers.start("Enforce");
    const count = enforcing.set.policies.length;
    print(
      `sparkgate ${VERSION} demo: policies ${POLICY_SET} (${count}), platform ${PLATFORM}, real TLS server on 127.0.0.1, no cluster, no network`,
    );
    const steps = [
      () => showDenial(enforcing, proof),
      () => showMended(enforcing, proof),
      () => showSplit(enforcing, () => servers.start("Enforce"), proof),
      async () => showLocalDirs(await servers.start("Enforce", [folder]), proof),
      async () => showConf(await servers.start("Enforce"), proof),
      async () => showAudit(await servers.start("Audit"), proof),
      async () => showStranger(await servers.start("Enforce"), proof),
    ];
    let asExpected = true;
    for (const [index, step] of steps.entries()) {
      const shown = await step();
      printShown(index + 1, shown);
      asExpected &&= shown.asExpected;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    print("", `proof  ${String(proof)} · done in ${seconds} s`);
    print(`next   ${NEXT}`);
    if (!asExpected || !proof.holds) process.exitCode = EXIT.finding;
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true });
  }
}

/** In place of a cluster, which the demo does without. */
const oneNamespace: ClusterSource = {
  get: () => FACTS,
  lookUp: () => Promise.resolve(FACTS),
  ageSeconds: () => 0,
  countBypassed: () => 0,
  close: () => undefined,
};

/** Real servers, one at a time: a further one takes the place of the one before. */
class DemoServers {
  readonly #folder: string;
  #stop: (() => Promise<void>) | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(mode: Mode, more: readonly string[] = []): Promise<Webhook> {
    await this.stop();
    const tls = await ensureSelfSigned(this.#folder, { names: ["127.0.0.1"], now: new Date() });
    const set = loadPolicySet({ policies: [POLICY_SET, ...more], platform: PLATFORM, mode });
    const server = await startServer({
      port: 0,
      metricsPort: 0,
      host: "127.0.0.1",
      tls,
      loadPolicySet: () => set,
      connectCluster: () => Promise.resolve(oneNamespace),
      log: createLog("silent"),
      version: VERSION,
      drainSeconds: 0,
    });
    const agent = new Agent({ keepAlive: true, ca: await readFile(tls.caPath) });
    this.#stop = async () => {
      agent.destroy();
      await server.close();
    };
    return { set, call: (review) => callWebhook(agent, server.port, review) };
  }

  async stop(): Promise<void> {
    await this.#stop?.();
    this.#stop = undefined;
  }
}

function printShown(number: number, { title, verdict, lines, asExpected }: Shown): void {
  const colour = verdict.startsWith("DENIED")
    ? "denied"
    : verdict.startsWith("CHANGED")
      ? "changed"
      : "ok";
  print("", `${number} ${title.padEnd(42)}${paintVerdict(colour, verdict)}`);
  print(...lines.map((line) => `    ${line}`));
  if (!asExpected) print("    NOT AS EXPECTED");
}

function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}
