import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, request, type RequestOptions } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { ensureSelfSigned, type SelfSigned } from "../../../src/cluster/certificates.ts";
import { createLog } from "../../../src/server/log.ts";
import {
  startServer,
  type RunningServer,
  type ServerOptions,
} from "../../../src/server/start-server.ts";
import { testPolicies } from "./test-policies.ts";
import { reviewOf } from "./test-reviews.ts";

/** A running server, with what a test needs to talk to it. */
export interface TestServer extends RunningServer {
  readonly ca: string;
  readonly certificates: SelfSigned;
  /** Lines of the log so far, parsed. */
  readonly logLines: () => readonly Readonly<Record<string, unknown>>[];
  readonly logText: () => string;
}

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const folder = await mkdtemp(join(tmpdir(), "sparkgate-test-"));
after(() => rm(folder, { recursive: true, force: true }));

/** Makes certificates for localhost, in a folder of their own that goes away with the test file. */
export async function testCertificates(): Promise<SelfSigned> {
  const directory = await mkdtemp(join(folder, "certs-"));
  return ensureSelfSigned(directory, { names: ["localhost", "127.0.0.1"], now: new Date() });
}

const shared = await testCertificates();

/** Starts a server on free ports, without a drain time; it is closed when the test ends. */
export async function startTestServer(
  t: TestContext,
  options: Partial<ServerOptions> & { readonly certificates?: SelfSigned } = {},
): Promise<TestServer> {
  const certificates = options.certificates ?? shared;
  const lines: string[] = [];
  const log = createLog("debug", { write: (line: string) => void lines.push(line) });
  const server = await startServer({
    port: 0,
    metricsPort: 0,
    host: "127.0.0.1",
    tls: certificates,
    loadPolicySet: () => testPolicies(),
    log,
    version: "1.2.3-test",
    drainSeconds: 0,
    closeSeconds: 1,
    ...options,
  });
  t.after(() => server.close());
  return {
    ...server,
    certificates,
    ca: await readFile(certificates.caPath, "utf8"),
    logText: () => lines.join(""),
    logLines: () => lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
  };
}

/** Sends one request to the TLS port; the body as one piece with its Content-Length. */
export function send(
  server: Pick<TestServer, "port" | "ca">,
  body: string | Buffer,
  options: RequestOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: server.port,
        ca: server.ca,
        method: "POST",
        path: "/mutate?timeout=3s",
        agent: options.agent ?? new Agent({ keepAlive: false }),
        ...options,
        headers: {
          "Content-Type": "application/json",
          "Content-Length": Buffer.byteLength(body),
          ...(options.headers as IncomingHttpHeaders | undefined),
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
        response.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Gets a path of the plain port. */
export async function get(server: Pick<RunningServer, "metricsPort">, path: string) {
  const response = await fetch(`http://127.0.0.1:${server.metricsPort}${path}`);
  return { status: response.status, text: await response.text() };
}

/** Proves that the server still answers: whatever it met before did it no harm. */
export async function assertAnswersGoodRequest(
  server: Pick<TestServer, "port" | "ca">,
): Promise<void> {
  const { status, text } = await send(server, reviewOf({ uid: "still-alive" }));
  assert.equal(status, 200);
  const answer: unknown = JSON.parse(text);
  assert.ok(typeof answer === "object" && answer !== null && "response" in answer);
  const { response } = answer;
  assert.ok(typeof response === "object" && response !== null);
  assert.equal(Reflect.get(response, "uid"), "still-alive");
  assert.equal(Reflect.get(response, "allowed"), true);
  assert.equal(typeof Reflect.get(response, "patch"), "string");
}

/** The value of a series as `/metrics` shows it; 0 where it does not. */
export async function metric(
  server: Pick<RunningServer, "metricsPort">,
  series: string,
): Promise<number> {
  const { text } = await get(server, "/metrics");
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

/** Waits until something holds, looking every 10 ms, for 5 s at most. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>) {
  const deadline = Date.now() + 5000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
