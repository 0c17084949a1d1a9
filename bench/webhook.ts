/**
 * How fast the webhook is, against the least that a webhook in Node can do (floor-server.ts), in the same minute
 * on the same machine: only the ratios mean something elsewhere. Fails where an answer is wrong, never for time.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureSelfSigned } from "../src/cluster/certificates.ts";
import { runLoad, type LoadOptions, type LoadResult } from "./load.ts";
import { startServerProcess, type ServerProcess } from "./server-process.ts";
import { summarize, tableOf, type Round } from "./summary.ts";

const CONNECTIONS = [1, 16];
/** Calls before anything is measured: Sparkgate gets faster until about 10,000, while V8 compiles what is hot. */
const WARM_UP_CALLS = 15_000;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    output: { type: "string", short: "o", default: "table" },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
if (!(rounds >= 1 && seconds > 0) || !["table", "json"].includes(values.output)) {
  process.stderr.write("usage: webhook.ts [--rounds N] [--seconds N] [-o table|json]\n");
  process.exit(2);
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The review of a real executor, as Spark made it; compact, as the API server sends it. */
async function recordedReview(): Promise<Pick<LoadOptions, "body" | "uid">> {
  const text = await readFile(path("../src/commands/demo/recorded/executor-1.json"), "utf8");
  const review = JSON.parse(text) as { readonly request: { readonly uid: string } };
  return { body: JSON.stringify(review), uid: review.request.uid };
}

type Load = Omit<LoadOptions, "port" | "patchExpected">;

async function run(server: ServerProcess, load: Load): Promise<LoadResult> {
  const patchExpected = server.name === "sparkgate";
  const result = await runLoad({ ...load, port: server.port, patchExpected });
  if (result.wrong !== undefined) throw new Error(`${server.name} answered wrong: ${result.wrong}`);
  return result;
}

async function warmUp(server: ServerProcess, load: Omit<Load, "seconds" | "connections">) {
  for (let calls = 0; calls < WARM_UP_CALLS;) {
    calls += (await run(server, { ...load, connections: 16, seconds: 1 })).calls;
  }
}

async function measure(server: ServerProcess, load: Load): Promise<Round> {
  const before = server.cpuMicroseconds();
  const { calls, seconds, p50, p99 } = await run(server, load);
  const after = server.cpuMicroseconds();
  return {
    server: server.name,
    connections: load.connections,
    rps: calls / seconds,
    p50,
    p99,
    cpu: before === undefined || after === undefined ? undefined : (after - before) / calls,
  };
}

const folder = await mkdtemp(join(tmpdir(), "sparkgate-bench-"));
const servers: ServerProcess[] = [];
try {
  const names = ["localhost", "127.0.0.1", "sparkgate.sparkgate-system.svc"];
  const { certPath, keyPath, caPath } = await ensureSelfSigned(folder, { names, now: new Date() });
  const floor = [fileURLToPath(import.meta.resolve("./floor-server.ts")), certPath, keyPath];
  const sparkgate = [
    ...[path("../src/cli.ts"), "serve", "--policies", "baseline", "--platform", "karpenter"],
    ...["--mode", "Enforce", "--tls-cert", certPath, "--tls-key", keyPath],
    ...["--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--drain-seconds", "0"],
  ];
  servers.push(await startServerProcess("floor", floor));
  servers.push(await startServerProcess("sparkgate", sparkgate));

  const load = { ...(await recordedReview()), ca: await readFile(caPath, "utf8") };
  for (const server of servers) await warmUp(server, load);
  const measured: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const connections of CONNECTIONS) {
      // Interleaved: a machine that is shared is slow for minutes at a time, and then for both.
      for (const server of servers) {
        measured.push(await measure(server, { ...load, connections, seconds }));
      }
    }
    process.stderr.write(`round ${round} of ${rounds}\n`);
  }
  const summary = {
    bytes: Buffer.byteLength(load.body),
    rounds,
    seconds,
    node: process.versions.node,
    memoryMebibytes: servers.at(-1)?.memoryMebibytes(),
    results: summarize(measured),
  };
  process.stdout.write(
    values.output === "json" ? `${JSON.stringify(summary, undefined, 2)}\n` : tableOf(summary),
  );
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  await rm(folder, { recursive: true });
}
