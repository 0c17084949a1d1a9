// What there is no room for is turned away, counted, and harms nothing: docs/decisions/0011-load-is-shed.md.
import assert from "node:assert/strict";
import { request, type RequestOptions } from "node:https";
import { connect } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { DEFAULT_LIMITS, type Limits } from "../../../src/server/limits.ts";
import { reviewOf } from "./test-reviews.ts";
import {
  assertAnswersGoodRequest,
  eventually,
  get,
  metric,
  send,
  startTestServer,
  type TestServer,
} from "./test-server.ts";

const KIBIBYTE = 1024;
const SERIES_SHED =
  'sparkgate_admission_requests_total{surface="none",role="none",operation="other",admission="mutating",verdict="shed",dry_run="false"}';
const inflight = (server: TestServer) => metric(server, "sparkgate_admission_inflight_requests");
const shed = (server: TestServer, reason: string) =>
  metric(server, `sparkgate_admission_shed_total{reason="${reason}"}`);

/** A budget of 8 KiB, half of it for bodies up to 2 KiB alone. */
const budget = { bytes: 8 * KIBIBYTE, reservedForSmall: 4 * KIBIBYTE, largeBody: 2 * KIBIBYTE };
const start = (t: TestContext, limits: Partial<Limits> = {}) =>
  startTestServer(t, { limits: { budget, ...limits } });

/** A review with blanks behind it. */
const bodyOf = (length: number) => reviewOf({ uid: "still-alive" }).padEnd(length);

/** Begins a call whose body does not come, and waits until the server has seen it. */
async function hold(server: TestServer, bytes: number, t: TestContext) {
  const before = await inflight(server);
  const outgoing = openPost(server, { headers: { "Content-Length": bytes } });
  outgoing.on("error", () => undefined);
  outgoing.flushHeaders();
  t.after(() => outgoing.destroy());
  await eventually("in flight", async () => (await inflight(server)) > before);
  return outgoing;
}

function openPost(server: TestServer, options: RequestOptions = {}) {
  const { port, ca } = server;
  const where = { host: "127.0.0.1", port, ca, method: "POST", path: "/mutate" };
  const headers = { "Content-Type": "application/json", ...(options.headers as object) };
  return request({ ...where, headers });
}

function assertShed(answer: Awaited<ReturnType<typeof send>>): void {
  assert.equal(answer.status, 429);
  assert.match(answer.text, /^Sparkgate has no room[^\n]+\n$/);
  // The API server would call again at once, several times inside its time-out.
  assert.equal(answer.headers["retry-after"], undefined);
}

describe("bodies", () => {
  it("that have no room are answered with 429, and counted; those after them are served", async (t) => {
    const server = await start(t);
    const held = await Promise.all([1, 2, 3, 4].map(() => hold(server, 2000, t)));
    assertShed(await send(server, bodyOf(1500)));
    assert.equal(await shed(server, "bodies"), 1);
    assert.equal(await shed(server, "large-bodies"), 0);
    assert.equal(await metric(server, SERIES_SHED), 1);
    held[0]?.destroy();
    await eventually("given back", async () => (await inflight(server)) === 3);
    await assertAnswersGoodRequest(server);
  });

  it("that are large leave their room to small ones", async (t) => {
    const server = await start(t);
    await hold(server, 4000, t);
    assertShed(await send(server, bodyOf(3000)));
    assert.equal(await shed(server, "large-bodies"), 1);
    assert.equal((await send(server, bodyOf(2 * KIBIBYTE))).status, 200);
    await assertAnswersGoodRequest(server);
  });

  it("that do not say their length are counted as they come", async (t) => {
    const server = await start(t, { budget: { ...budget, bytes: 64 * KIBIBYTE } });
    const status = await new Promise((resolve, reject) => {
      const outgoing = openPost(server);
      outgoing.on("response", (response) => {
        resolve(response.statusCode);
        outgoing.destroy();
      });
      outgoing.on("error", reject);
      for (let sent = 0; sent < 100 * KIBIBYTE; sent += 1000) outgoing.write(" ".repeat(1000));
    });
    assert.equal(status, 429);
    assert.equal(await shed(server, "large-bodies"), 1);
    await assertAnswersGoodRequest(server);
  });

  it("give back what they took, whatever became of them", async (t) => {
    const server = await start(t, {
      bodyBytes: 3000,
      budget: { ...budget, reservedForSmall: 0, bytes: 3000 },
    });
    for (let round = 0; round < 5; round++) {
      assert.equal((await send(server, bodyOf(3000))).status, 200);
      assert.equal((await send(server, bodyOf(3001))).status, 413);
      assert.equal((await send(server, "{".padEnd(3000))).status, 400);
      const text = { headers: { "Content-Type": "text/plain" } };
      assert.equal((await send(server, bodyOf(3000), text)).status, 415);
      (await hold(server, 3000, t)).destroy();
      await eventually("given back", async () => (await inflight(server)) === 0);
    }
    assert.equal(await metric(server, SERIES_SHED), 0);
  });

  it("are read whole in whatever pieces they come", async (t) => {
    const server = await startTestServer(t);
    const body = Buffer.from(bodyOf(40_000));
    for (const size of [7, 1000, 39_999]) {
      for (const headers of [{}, { "Content-Length": body.length }]) {
        const status = await new Promise((resolve, reject) => {
          const outgoing = openPost(server, { headers });
          outgoing.on("response", (response) => {
            response.resume();
            resolve(response.statusCode);
          });
          outgoing.on("error", reject);
          for (let at = 0; at < body.length; at += size)
            outgoing.write(body.subarray(at, at + size));
          outgoing.end();
        });
        assert.equal(status, 200, `${size}`);
      }
    }
  });

  it("of Spark's size have room for more than an API server sends at once", () => {
    const { bytes, reservedForSmall, largeBody } = DEFAULT_LIMITS.budget;
    assert.ok(bytes / 7700 > 4 * 600 && reservedForSmall / 7700 > 2 * 600);
    assert.ok(largeBody > 10 * 7700 && bytes - reservedForSmall > DEFAULT_LIMITS.bodyBytes);
    assert.ok(DEFAULT_LIMITS.connections > 600);
  });
});

describe("connections", () => {
  const idle = (server: TestServer, t: TestContext): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const { port, ca } = server;
      const socket = connectTls({ port, host: "127.0.0.1", ca }, () => {
        resolve(socket);
      });
      socket.on("error", reject);
      t.after(() => socket.destroy());
    });
  const askOn = (socket: TLSSocket): Promise<string> => {
    const body = reviewOf();
    socket.write(
      `POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return new Promise((resolve) => {
      socket.once("data", (data: Buffer) => {
        resolve(data.toString("latin1").slice(0, 12));
      });
    });
  };

  it("above the limit close the one that was used longest ago, and are counted", async (t) => {
    const server = await start(t, { connections: 3 });
    const [first, second, third] = [
      await idle(server, t),
      await idle(server, t),
      await idle(server, t),
    ];
    assert.equal(await askOn(first), "HTTP/1.1 200");
    const closed = new Promise((resolve) => second.once("close", resolve));
    const fourth = await idle(server, t);
    await closed;
    assert.deepEqual(
      [first, second, third, fourth].map(({ destroyed }) => destroyed),
      [false, true, false, false],
    );
    assert.equal(await askOn(first), "HTTP/1.1 200");
    assert.equal(await askOn(fourth), "HTTP/1.1 200");
    assert.equal(await shed(server, "connections"), 1);
  });

  it("that end make room by themselves", async (t) => {
    const server = await start(t, { connections: 2 });
    for (let round = 0; round < 5; round++) await assertAnswersGoodRequest(server);
    await eventually("closed", async () => (await inflight(server)) === 0);
    assert.equal(await shed(server, "connections"), 0);
  });

  it("of the plain port have a limit too, and lock no kubelet out", async (t) => {
    const server = await startTestServer(t);
    let closed = 0;
    for (let count = 0; count < 150; count++) {
      const socket = connect(server.metricsPort, "127.0.0.1").on("error", () => undefined);
      t.after(() => socket.destroy());
      socket.on("close", () => closed++).resume();
      await new Promise((resolve) => socket.once("connect", resolve));
    }
    await eventually("closed", () => closed >= 50);
    assert.equal((await get(server, "/healthz")).status, 200);
  });
});
