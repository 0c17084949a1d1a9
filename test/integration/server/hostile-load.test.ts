// Much at once, against a server in a process of its own that has the heap of its container.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request, type RequestOptions } from "node:https";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import { connect as connectTls, TLSSocket } from "node:tls";
import { largeBodies, reviewText } from "../../fixtures/hostile/bodies.ts";
import { DEFAULT_LIMITS } from "../../../src/server/limits.ts";
import { driverPod } from "../../fixtures/pods.ts";
import { ROOT } from "../cli/run-sparkgate.ts";
import { startChildServer } from "./child-server.ts";
import { reviewOf } from "./test-reviews.ts";
import { assertAnswersGoodRequest, eventually, metric, send } from "./test-server.ts";

const server = await startChildServer([
  ...["--policies", "strict", "--platform", "karpenter", "--mode", "Enforce"],
]);
const { port, ca } = server;
const where = { host: "127.0.0.1", port, ca };

/** Of the 256 MiB of the container, without the pages of Node's program. */
const MOST_MEBIBYTES = 200;

const shed = (reason: string) =>
  metric(server, `sparkgate_admission_shed_total{reason="${reason}"}`);

afterEach(async () => {
  assert.ok(server.isAlive(), server.output());
  await assertAnswersGoodRequest(server);
  assert.ok(server.memory() < MOST_MEBIBYTES, `${server.memory()} MiB`);
  assert.equal(await metric(server, "sparkgate_admission_inflight_requests"), 0);
});

function opened(socket: Socket | TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", resolve);
  });
}

const beganAt = new WeakMap<Socket, number>();

/**
 * A status for a call that the server cut off, on a machine that is busy: to the client a handshake of TLS 1.3 is done before
 * the server has read its last message, for which it has `handshakeTimeout`.
 */
const CUT_OFF = 408;

function isOverdue(socket: Socket): boolean {
  return performance.now() - (beganAt.get(socket) ?? 0) >= DEFAULT_LIMITS.handshakeTimeout;
}

/** Open connections: not all at once, since a machine that is busy may take longer over them than handshakes may. */
async function openConnections(count: number): Promise<readonly TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: 25 }, () => connectTls(where));
    for (const socket of some) beganAt.set(socket, performance.now());
    await Promise.all(some.map(opened));
    sockets.push(...some);
  }
  return sockets;
}

/** Options of a call over a connection that is open. */
const over = (socket: TLSSocket): RequestOptions => ({
  agent: undefined,
  createConnection: () => socket,
});

/** Sends a call, its body once it is told to, and hangs up as soon as there is an answer, as Go's client does. */
function statusOf(body: Buffer, socket: TLSSocket, when = Promise.resolve()): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json", "Content-Length": body.length };
    const options = { ...where, method: "POST", path: "/mutate", headers };
    const outgoing = request({ ...options, ...over(socket) }, (response) => {
      resolve(response.statusCode ?? 0);
      outgoing.destroy();
    });
    outgoing.on("error", (error) => {
      if (isOverdue(socket)) resolve(CUT_OFF);
      else reject(error);
    });
    outgoing.flushHeaders();
    void when.then(() => outgoing.end(body));
  });
}

function countOf<T>(values: readonly T[], wanted: T): number {
  return values.filter((value) => value === wanted).length;
}

describe("at once", () => {
  const recorded = readFileSync(join(ROOT, "src/commands/demo/recorded/executor-1.json"), "utf8");
  const small = JSON.stringify(JSON.parse(recorded));

  it("700 reviews of real executors: none is shed", { timeout: 60_000 }, async () => {
    const sockets = await openConnections(700);
    const answers = await Promise.all(sockets.map((socket) => send(server, small, over(socket))));
    for (const socket of sockets) socket.destroy();
    const patched = answers.filter(({ status, text }) => status === 200 && /"patch"/.test(text));
    assert.equal(patched.length, 700);
    assert.deepEqual([await shed("bodies"), await shed("connections")], [0, 0]);
  });

  const large = Buffer.from(reviewText(driverPod(), "").padEnd(3 * 2 ** 20));
  const allHungUp = () =>
    eventually(
      "all hung up",
      async () => (await metric(server, "sparkgate_admission_inflight_requests")) === 0,
    );

  it(
    "500 reviews of 3 MiB that are begun: five have room, the others are shed, and no small one",
    { timeout: 60_000 },
    async () => {
      const before = await shed("large-bodies");
      const sockets = await openConnections(550);
      const { promise: told, resolve: tell } = Promise.withResolvers<undefined>();
      const ofLarge = sockets.slice(50).map((socket) => statusOf(large, socket, told));
      await eventually("shed", async () => (await shed("large-bodies")) - before === 495);
      const ofSmall = await Promise.all(
        sockets.slice(0, 50).map((socket) => send(server, small, over(socket))),
      );
      assert.deepEqual(new Set(ofSmall.map(({ status }) => status)), new Set([200]));
      tell(undefined);
      const statuses = await Promise.all(ofLarge);
      assert.deepEqual([countOf(statuses, 200), countOf(statuses, 429)], [5, 495]);
      assert.equal(await shed("bodies"), 0);
      await allHungUp();
    },
  );

  it(
    "500 reviews of 3 MiB, as fast as they come: each is answered or shed and counted",
    { timeout: 60_000 },
    async () => {
      const before = await shed("large-bodies");
      const sockets = await openConnections(500);
      const statuses = await Promise.all(sockets.map((socket) => statusOf(large, socket)));
      const [answered, told] = [countOf(statuses, 200), countOf(statuses, 429)];
      const cutOff = countOf(statuses, CUT_OFF);
      assert.equal(answered + told + cutOff, 500);
      assert.ok(answered > 0);
      const counted = (await shed("large-bodies")) - before;
      assert.ok(counted >= told && counted <= told + cutOff, `${counted} of ${told}, ${cutOff}`);
      await allHungUp();
    },
  );

  it("100 reviews of 3 MiB of {}", { timeout: 60_000 }, async () => {
    const body = largeBodies()[0]?.body() ?? Buffer.alloc(0);
    const sockets = await openConnections(100);
    const statuses = await Promise.all(sockets.map((socket) => statusOf(body, socket)));
    assert.equal(countOf(statuses, 400) + countOf(statuses, 429), 100);
  });
});

describe("connections", () => {
  it("10,000 that are idle: those used longest ago are closed", { timeout: 120_000 }, async (t) => {
    const before = await shed("connections");
    let closed = 0;
    const sockets: Socket[] = [];
    t.after(() => {
      for (const socket of sockets) socket.destroy();
    });
    // A handshake costs a millisecond on both sides, so that most say nothing at all.
    for (let count = 0; count < 10_000; count++) {
      const socket = count % 10 === 0 ? connectTls(where) : connect(port, where.host);
      sockets.push(socket);
      socket.on("close", () => closed++).resume();
      await opened(socket);
      socket.on("error", () => undefined);
      if (count % 1000 === 0) await assertAnswersGoodRequest(server);
    }
    await eventually("closed", () => closed >= 9000);
    assert.ok((await shed("connections")) - before >= 9000);
  });

  it(
    "whose bodies come byte by byte take no more than their bytes",
    { timeout: 60_000 },
    async () => {
      const socket = connectTls(where);
      await opened(socket);
      socket.write(
        "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
      const bytes = Buffer.from("1\r\n \r\n".repeat(100_000));
      const answer = new Promise<string>((resolve) => {
        socket.once("data", (data: Buffer) => {
          resolve(data.toString());
        });
      });
      for (let sent = 0; sent < 30; sent++) {
        if (!socket.write(bytes)) await new Promise((resolve) => socket.once("drain", resolve));
      }
      assert.ok(server.memory() < MOST_MEBIBYTES, `${server.memory()} MiB`);
      socket.write("0\r\n\r\n");
      assert.match(await answer, /^HTTP\/1\.1 400 /);
      socket.destroy();
    },
  );

  // Node stops its parser where answers pile up, and then takes further bytes for an error (HPE_PAUSED): it closes the
  // connection. Go's client never sends a request before it has the answer to the one before.
  for (const count of [5, 2000]) {
    it(`with ${count} pipelined requests get answers in order`, { timeout: 60_000 }, async () => {
      const socket = connectTls(where);
      await opened(socket);
      let text = "";
      socket.on("data", (data: Buffer) => (text += data.toString()));
      const ended = new Promise((resolve) => socket.once("close", resolve));
      const kind = { group: "apps", version: "v1", kind: "Deployment" };
      for (let index = 0; index < count; index++) {
        const body = reviewOf({ uid: `u${index}`, request: { kind } });
        const last = index === count - 1 ? "Connection: close\r\n" : "";
        socket.write(
          `POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${last}Content-Length: ${body.length}\r\n\r\n${body}`,
        );
      }
      socket.on("error", () => undefined);
      await ended;
      const uids = [...text.matchAll(/"uid":"u(\d+)"/g)].map(([, number]) => Number(number));
      assert.ok(uids.length === count || (count > 5 && uids.length > 0), String(uids.length));
      assert.deepEqual(uids, Array.from(uids.keys()));
    });
  }

  it("that are half open do no harm", { timeout: 60_000 }, async (t) => {
    const ends = [
      "",
      "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Le",
      'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a":',
    ];
    for (let round = 0; round < 100; round++) {
      for (const text of ends) {
        const socket = connectTls({ ...where, allowHalfOpen: true } as object);
        t.after(() => socket.destroy());
        await opened(socket);
        socket.on("error", () => undefined);
        socket.end(text);
      }
    }
    await eventually(
      "given up",
      async () => (await metric(server, "sparkgate_admission_inflight_requests")) === 0,
    );
  });
});
