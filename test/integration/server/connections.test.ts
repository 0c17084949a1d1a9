import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { Agent } from "node:https";
import type { TLSSocket } from "node:tls";
import { describe, it } from "node:test";
import express from "express";
import { createAdmissionServer } from "../../../src/server/admission-server.ts";
import { expressMessageClasses } from "../../../src/server/express-prototypes.ts";
import { DEFAULT_LIMITS } from "../../../src/server/limits.ts";
import { createLog } from "../../../src/server/log.ts";
import { createMetrics } from "../../../src/server/metrics.ts";
import { testPolicies } from "./test-policies.ts";
import { reviewOf } from "./test-reviews.ts";
import {
  assertAnswersGoodRequest,
  eventually,
  metric,
  send,
  startTestServer,
  testCertificates,
} from "./test-server.ts";

/** An agent that keeps one connection, and tells how many it has opened. */
function keepAliveAgent(ca: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
  const sockets = new Set<TLSSocket>();
  agent.on("free", (socket: TLSSocket) => void sockets.add(socket));
  return { agent, sockets };
}

describe("requests and responses", () => {
  it("have Express's prototypes from birth, so that setting them again costs nothing", async (t) => {
    const { certPath, keyPath } = await testCertificates();
    const [cert, key] = await Promise.all([readFile(certPath, "utf8"), readFile(keyPath, "utf8")]);
    const { server } = createAdmissionServer({
      tls: { cert, key },
      policySet: testPolicies(),
      metrics: createMetrics("test"),
      log: createLog("silent"),
      limits: DEFAULT_LIMITS,
    });
    t.after(() => server.close());
    const seen: unknown[] = [];
    // Before Express's own listener.
    server.prependListener("request", (request, response) => {
      seen.push(Object.getPrototypeOf(request), Object.getPrototypeOf(response));
    });
    server.on("request", (request, response) => {
      seen.push(Object.getPrototypeOf(request), Object.getPrototypeOf(response));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const { status } = await send({ port: address.port, ca: cert }, reviewOf(), {
      rejectUnauthorized: false,
    });
    assert.equal(status, 200);
    assert.equal(seen.length, 4);
    assert.equal(seen[0], seen[2]);
    assert.equal(seen[1], seen[3]);
  });

  it("are constructed by the very classes that Express sets", () => {
    const app = express();
    const expressRequest = app.request;
    const { IncomingMessage, ServerResponse } = expressMessageClasses(app);
    assert.equal(app.request, IncomingMessage.prototype);
    assert.equal(app.response, ServerResponse.prototype);
    assert.equal(Object.getPrototypeOf(app.request), expressRequest);
  });
});

describe("connections", () => {
  it("are kept for many calls, refused ones included", async (t) => {
    const server = await startTestServer(t);
    const { agent, sockets } = keepAliveAgent(server.ca);
    t.after(() => {
      agent.destroy();
    });
    for (const [body, status] of [
      [reviewOf(), 200],
      ["{}", 400],
      [reviewOf({ role: "driver", image: "bad" }), 200],
      [Buffer.alloc(7 * 1024 * 1024 + 1), 413],
      [reviewOf(), 200],
    ] as const) {
      const answer = await send(server, body, { agent });
      assert.equal(answer.status, status);
      assert.equal(answer.headers["connection"], "keep-alive");
    }
    assert.equal(sockets.size, 1);
  });

  it("outlive headersTimeout and requestTimeout while they are idle", async (t) => {
    const limits = { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 10 };
    const server = await startTestServer(t, { limits });
    const { agent, sockets } = keepAliveAgent(server.ca);
    t.after(() => {
      agent.destroy();
    });
    await send(server, reviewOf(), { agent });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await send(server, reviewOf(), { agent });
    assert.equal(sockets.size, 1);
  });

  it("are kept for longer than the API server's client keeps them", () => {
    assert.ok(DEFAULT_LIMITS.keepAliveTimeout > 90_000);
    assert.ok(DEFAULT_LIMITS.headersTimeout < DEFAULT_LIMITS.requestTimeout);
  });
});

describe("a changed certificate", () => {
  it("is served to new connections, and old ones stay", async (t) => {
    const first = await testCertificates();
    const second = await testCertificates();
    const server = await startTestServer(t, { certificates: first, tlsPollSeconds: 0.02 });
    const { agent, sockets } = keepAliveAgent(server.ca);
    t.after(() => {
      agent.destroy();
    });
    await send(server, reviewOf(), { agent });

    const copy = async (from: string, to: string) => {
      await writeFile(to, await readFile(from));
    };
    await copy(second.keyPath, first.keyPath);
    await copy(second.certPath, first.certPath);
    await eventually("replaced", () => server.logText().includes("certificate was replaced"));

    await assert.rejects(send(server, reviewOf()), /certificate|signature/i);
    await assertAnswersGoodRequest({ ...server, ca: await readFile(second.caPath, "utf8") });
    assert.equal((await send(server, reviewOf(), { agent })).status, 200);
    assert.equal(sockets.size, 1);
  });

  it("that is broken is told once and counted, and the old one stays", async (t) => {
    const first = await testCertificates();
    const second = await testCertificates();
    const server = await startTestServer(t, { certificates: first, tlsPollSeconds: 0.02 });
    const goodKey = await readFile(first.keyPath);
    const failures = () => metric(server, "sparkgate_tls_reload_failures_total");
    const errors = () => server.logLines().filter(({ level }) => level === "error");

    await writeFile(first.keyPath, "-----BEGIN PRIVATE KEY-----\nhunter2\n");
    await eventually("counted", async () => (await failures()) === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await failures(), 1);
    assert.match(String(errors()[0]?.["error"]), /tls\.key is not a PEM private key/);
    assert.doesNotMatch(server.logText(), /hunter2/);

    // A good key, and not the certificate's.
    await writeFile(first.keyPath, await readFile(second.keyPath));
    await eventually("counted", async () => (await failures()) === 2);
    assert.match(String(errors()[1]?.["error"]), /not that of the certificate/);
    await assertAnswersGoodRequest(server);

    await writeFile(first.keyPath, goodKey);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await failures(), 2);
    await assertAnswersGoodRequest(server);
  });
});
