/**
 * npm run bench: how fast the webhook is against the least that a webhook in Node can do (floor-server.ts), and what more
 * policies cost, in the same minutes on the same machine: only ratios mean something elsewhere. Fails where an answer is
 * wrong, never for time.
 */
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureSelfSigned } from "../src/cluster/certificates.ts";
import { imageEnvironment } from "./image-environment.ts";
import { measureInTurn, type Contender, type Question } from "./measure.ts";
import { median } from "./median.ts";
import { policyTexts, type PolicyMix } from "./policies.ts";
import { recordedReview } from "./recorded-review.ts";
import { keepOffServerCpu, startServerProcess, type ServerProcess } from "./server-process.ts";
import { summarize, tableOf, type Result } from "./summary.ts";

const HELP = `Usage: npm run bench [-- --rounds N] [--seconds N] [--only floor|policies] [-o markdown|json]

Measures dist/sparkgate.js (npm run build makes it anew, and comes first) with the variables of the Dockerfile.

  --rounds N   interleaved rounds (default 5)
  --seconds N  of each server at each number of connections, a round (default 3)
  --only NAME  floor: against a bare HTTPS server; policies: 1 against 16 against 20 of 256
  -o FORMAT    markdown (default) or json
`;

const MIXES: readonly (readonly [name: string, mix: PolicyMix])[] = [
  ["1 policy", { matching: 1 }],
  ["16 policies", { matching: 16 }],
  ["20 of 256 policies", { matching: 20, elsewhere: 236 }],
];
const STARTS = 5;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    only: { type: "string" },
    output: { type: "string", short: "o", default: "markdown" },
    help: { type: "boolean" },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const known =
  ["markdown", "json"].includes(values.output) &&
  ["floor", "policies", undefined].includes(values.only);
if (values.help === true || !(rounds >= 1 && seconds > 0) || !known) {
  process.stderr.write(HELP);
  process.exit(values.help === true ? 0 : 2);
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Milliseconds from starting the bundle to its first answer. */
async function timeOfStart(args: readonly string[], question: Question): Promise<number> {
  const start = performance.now();
  const server = await startServerProcess("sparkgate", args, imageEnvironment());
  try {
    const { uid } = await askOnce(server.port, question);
    if (uid !== question.uid) throw new Error("sparkgate answered another question");
    return performance.now() - start;
  } finally {
    await server.stop();
  }
}

/** One call, without the thread of a load, whose start takes as long as the server's own. */
async function askOnce(port: number, { body, ca }: Question): Promise<{ readonly uid: string }> {
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  const options = { port, ca, headers, host: "127.0.0.1", servername: "localhost", method: "POST" };
  const call = request({ ...options, path: "/mutate?timeout=3s", agent: false });
  call.end(body);
  const [answer] = (await once(call, "response")) as [IncomingMessage];
  const { response } = (await json(answer)) as { readonly response: { readonly uid: string } };
  return response;
}

/** A bench's results, and what else there is to tell. */
interface Bench {
  readonly title: string;
  readonly results: readonly Result[];
  readonly notes: readonly string[];
}

const folder = await mkdtemp(join(tmpdir(), "sparkgate-bench-"));
const pinned = keepOffServerCpu();
try {
  const names = ["localhost", "127.0.0.1", "sparkgate.sparkgate-system.svc"];
  const { certPath, keyPath, caPath } = await ensureSelfSigned(folder, { names, now: new Date() });
  const question: Question = { ...(await recordedReview()), ca: await readFile(caPath, "utf8") };
  const sparkgate = (policies: string) => [
    ...[path("../dist/sparkgate.js"), "serve", "--policies", policies, "--platform", "karpenter"],
    ...["--mode", "Enforce", "--tls-cert", certPath, "--tls-key", keyPath],
    ...["--host", "127.0.0.1", "--port", "0", "--metrics-port", "0", "--drain-seconds", "0"],
  ];

  const run = async (starting: readonly Promise<ServerProcess>[]) => {
    const servers = await Promise.all(starting);
    try {
      const contenders: readonly Contender[] = servers.map((server) => ({
        server,
        patchExpected: server.name !== "floor",
      }));
      const effort = { rounds, seconds, connections: [1, 16] };
      const results = summarize(await measureInTurn(contenders, question, effort));
      return { results, memory: servers.at(-1)?.memoryMebibytes() };
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  };

  const againstFloor = async (): Promise<Bench> => {
    const { results, memory } = await run([
      startServerProcess("floor", [path("floor-server.ts"), certPath, keyPath]),
      startServerProcess("sparkgate", sparkgate("baseline"), imageEnvironment()),
    ]);
    const starts: number[] = [];
    for (let start = 0; start < STARTS; start++) {
      starts.push(await timeOfStart(sparkgate("baseline"), question));
    }
    return {
      title: "Policy set baseline against the floor",
      results,
      notes: [
        `Sparkgate's memory after the load: ${memory?.toFixed(0) ?? "unknown"} MiB (RSS).`,
        `From the start of the process to its first answer: ${median(starts).toFixed(0)} ms (median of ${STARTS}).`,
      ],
    };
  };

  const byPolicies = async (): Promise<Bench> => {
    const { results } = await run(
      MIXES.map(async ([name, mix]) => {
        const policies = join(folder, name.replaceAll(" ", "-"));
        await mkdir(policies);
        await writeFile(join(policies, "policies.yaml"), policyTexts(mix).join("\n---\n"));
        return startServerProcess(name, sparkgate(policies), imageEnvironment());
      }),
    );
    return { title: "More policies", results, notes: [] };
  };

  const benches: Bench[] = [];
  if (values.only !== "policies") benches.push(await againstFloor());
  if (values.only !== "floor") benches.push(await byPolicies());
  if (values.output === "json") {
    const summary = { bytes: Buffer.byteLength(question.body), rounds, seconds, pinned, benches };
    process.stdout.write(`${JSON.stringify(summary, undefined, 2)}\n`);
  } else {
    process.stdout.write(
      `Review of ${Buffer.byteLength(question.body)} bytes, TLS 1.3, keep-alive, Node ${process.versions.node}; ` +
        `medians of ${rounds} interleaved rounds of ${seconds} s; ` +
        `${pinned ? "the server has a CPU of its own" : "nothing is pinned to a CPU"}.\n`,
    );
    for (const { title, results, notes } of benches) {
      process.stdout.write(`\n### ${title}\n\n${tableOf(results)}\n${notes.join("\n")}\n`);
    }
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
