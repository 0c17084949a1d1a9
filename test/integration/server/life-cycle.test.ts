import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { PolicySet } from "../../../src/engine/policy-set.ts";
import { testPolicies } from "./test-policies.ts";
import { reviewOf } from "./test-reviews.ts";
import { eventually, get, send, startTestServer, testCertificates } from "./test-server.ts";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  server.close();
  await once(server, "close");
  return address.port;
}

describe("a server that starts", () => {
  it("tells that it is alive and not ready while policies are compiled, with the TLS port closed", async (t) => {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const { promise, resolve } = Promise.withResolvers<PolicySet>();
    const starting = startTestServer(t, { port, metricsPort, loadPolicySet: () => promise });
    await eventually("alive", async () => {
      try {
        return (await get({ metricsPort }, "/healthz")).status === 200;
      } catch {
        return false;
      }
    });
    const ready = await get({ metricsPort }, "/readyz");
    assert.deepEqual(ready, { status: 503, text: "starting: the policies are not compiled yet\n" });
    await assert.rejects(send({ port, ca: "" }, reviewOf()), { code: "ECONNREFUSED" });
    resolve(testPolicies());
    const server = await starting;
    assert.deepEqual(await get(server, "/readyz"), { status: 200, text: "ready\n" });
    assert.equal((await send(server, reviewOf())).status, 200);
    assert.equal((await get(server, "/mutate")).status, 404);
  });

  /** A start that must fail, and leave no port open. */
  async function assertFails(
    t: TestContext,
    options: Parameters<typeof startTestServer>[1],
    message: RegExp,
  ): Promise<void> {
    const metricsPort = options?.metricsPort ?? (await freePort());
    await assert.rejects(startTestServer(t, { ...options, metricsPort }), message);
    if (options?.metricsPort === undefined) await assert.rejects(get({ metricsPort }, "/healthz"));
  }

  it("says which port is in use", async (t) => {
    const { port, metricsPort } = await startTestServer(t);
    await assertFails(t, { port }, new RegExp(`^Error: Port ${port} is in use: .* --port$`));
    await assertFails(
      t,
      { metricsPort },
      new RegExp(`^Error: Port ${metricsPort} is in use: .* --metrics-port$`),
    );
  });

  it("says which certificate file is missing or wrong", async (t) => {
    const good = await testCertificates();
    const other = await testCertificates();
    const tls = { certPath: good.certPath, keyPath: good.keyPath };
    await assertFails(
      t,
      { tls: { ...tls, certPath: "/nowhere/tls.crt" } },
      /^Error: Cannot read the TLS certificate \/nowhere\/tls\.crt \(ENOENT\): mount the Secret/,
    );
    await assertFails(
      t,
      { tls: { ...tls, keyPath: good.certPath } },
      /tls\.crt is not a PEM private key/,
    );
    await assertFails(t, { tls: { ...tls, keyPath: other.keyPath } }, /replace both together/);
    await writeFile(good.certPath, "");
    await assertFails(t, { tls }, /tls\.crt is not a PEM certificate/);
  });

  it("fails when its policies do", async (t) => {
    const loadPolicySet = () => {
      throw new Error("policies/x.yaml:3: bad");
    };
    await assertFails(t, { loadPolicySet }, /x\.yaml:3/);
  });
});

describe("a server that stops", () => {
  it("is not ready, still answers, closes connections one by one, and then is gone", async (t) => {
    const server = await startTestServer(t, { drainSeconds: 0.3 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => {
      agent.destroy();
    });
    const before = await send(server, reviewOf(), { agent });
    assert.equal(before.headers["connection"], "keep-alive");

    const closed = server.close();
    assert.equal(server.close(), closed);
    const ready = await get(server, "/readyz");
    assert.deepEqual(ready, { status: 503, text: "draining: this server is being stopped\n" });
    assert.equal((await get(server, "/healthz")).status, 200);
    const during = await send(server, reviewOf(), { agent });
    assert.deepEqual([during.status, during.headers["connection"]], [200, "close"]);
    const refused = await send(server, "{}");
    assert.deepEqual([refused.status, refused.headers["connection"]], [400, "close"]);

    await closed;
    await assert.rejects(send(server, reviewOf()), { code: "ECONNREFUSED" });
    await assert.rejects(get(server, "/healthz"));
  });

  // Without the deadline of its own the server would wait for requestTimeout, 35 s.
  it(
    "answers what it has begun, and waits no longer than it may",
    { timeout: 15_000 },
    async (t) => {
      const server = await startTestServer(t, { closeSeconds: 0.3 });
      const stuck = new Agent({ keepAlive: true });
      t.after(() => {
        stuck.destroy();
      });
      const neverEnds = send(server, "{}", { agent: stuck, headers: { "Content-Length": "100" } });
      const outcome = assert.rejects(neverEnds);
      await eventually("in flight", async () =>
        (await get(server, "/metrics")).text.includes("inflight_requests 1"),
      );
      const start = performance.now();
      await server.close();
      const took = performance.now() - start;
      assert.ok(took > 250, String(took));
      await outcome;
    },
  );
});

describe("signals", () => {
  /** A process of its own that says when it is ready; `whileStarting` is run in it while policies are loaded. */
  async function startProcess(t: TestContext, whileStarting = "") {
    const { certPath, keyPath } = await testCertificates();
    const folder = await mkdtemp(join(tmpdir(), "sparkgate-signals-"));
    t.after(() => rm(folder, { recursive: true }));
    const source = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    await writeFile(
      join(folder, "server.mjs"),
      `import { createLog } from ${source("../../../src/server/log.ts")};
      import { startServer } from ${source("../../../src/server/start-server.ts")};
      import { stopOnSignals } from ${source("../../../src/server/stop-on-signals.ts")};
      import { testPolicies } from ${source("./test-policies.ts")};
      const log = createLog("info");
      const starting = startServer({
        port: 0, metricsPort: 0, host: "127.0.0.1", version: "test", log, drainSeconds: 0.5,
        tls: ${JSON.stringify({ certPath, keyPath })}, 
        loadPolicySet: async () => {
          ${whileStarting}
          return testPolicies();
        },
      });
      stopOnSignals({ close: async () => (await starting).close(), log });
      await starting;`,
    );
    const child = spawn(process.execPath, [join(folder, "server.mjs")]);
    t.after(() => child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const exited = new Promise<number | null>((resolve) => {
      child.on("close", resolve);
    });
    await eventually("ready", () => output.includes('"msg":"ready"'));
    return { child, exited, output: () => output };
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`${signal} drains and exits with 0, its log complete`, async (t) => {
      const { child, exited, output } = await startProcess(t);
      const start = performance.now();
      child.kill(signal);
      assert.equal(await exited, 0);
      assert.ok(performance.now() - start > 450);
      assert.match(output(), /"msg":"draining"[^]*"msg":"stopped"/);
    });
  }

  it("one that comes while it starts ends it in order too, and not in the middle", async (t) => {
    const signalled =
      'process.kill(process.pid, "SIGTERM"); await new Promise((go) => setTimeout(go, 50));';
    const { exited, output } = await startProcess(t, signalled);
    assert.equal(await exited, 0);
    assert.match(output(), /"msg":"asked to stop"[^]*"msg":"ready"[^]*"msg":"stopped"/);
  });

  it("a second one exits at once with 1", async (t) => {
    const { child, exited, output } = await startProcess(t);
    child.kill("SIGTERM");
    await eventually("draining", () => output().includes("draining"));
    child.kill("SIGTERM");
    assert.equal(await exited, 1);
    assert.doesNotMatch(output(), /"msg":"stopped"/);
  });
});
