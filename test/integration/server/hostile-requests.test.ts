import assert from "node:assert/strict";
import { connect } from "node:net";
import { request } from "node:https";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import supertest from "supertest";
import { reviewOf } from "./test-reviews.ts";
import {
  assertAnswersGoodRequest,
  eventually,
  metric,
  send,
  startTestServer,
  type TestServer,
} from "./test-server.ts";

const MEBIBYTE = 1024 * 1024;
const SERIES_NOT_UNDERSTOOD =
  'sparkgate_admission_requests_total{surface="none",role="none",operation="other",admission="mutating",verdict="not-understood",dry_run="false"}';

function assertOneLine(text: string, expected: RegExp): void {
  assert.match(text, expected);
  assert.match(text, /^[^\n]{1,300}\n$/);
}

describe("POST /mutate, not understood", () => {
  const bodies: readonly (readonly [what: string, body: string, reason: RegExp])[] = [
    ["an empty body", "", /empty/],
    ["a body that is not JSON", "<html>", /not JSON/],
    ["a body that ends early", reviewOf().slice(0, 200), /not JSON/],
    ["depth 20,000", "[".repeat(20_000), /nested/],
    ["depth 20,000 in an object", `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`, /nested/],
    ["v1beta1", reviewOf().replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1"), /v1/],
    ["no request", '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', /no request/],
    ["no uid", reviewOf({ request: { uid: undefined } }), /no uid/],
    ["null", "null", /not an AdmissionReview/],
  ];
  for (const [what, body, reason] of bodies) {
    it(`answers ${what} with 400 and why`, async (t) => {
      const server = await startTestServer(t);
      const answer = await send(server, body);
      assert.equal(answer.status, 400);
      assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
      assertOneLine(answer.text, reason);
      assert.equal(await metric(server, SERIES_NOT_UNDERSTOOD), 1);
      await assertAnswersGoodRequest(server);
    });
  }

  const headers: readonly (readonly [string, string])[] = [
    ["Content-Type", "text/plain"],
    ["Content-Type", ""],
    ["Content-Type", "application/json-patch+json"],
    ["Content-Encoding", "gzip"],
  ];
  for (const [name, value] of headers) {
    it(`answers ${name} '${value}' with 415`, async (t) => {
      const server = await startTestServer(t);
      const answer = await send(server, reviewOf(), { headers: { [name]: value } });
      assert.equal(answer.status, 415);
      assertOneLine(answer.text, new RegExp(name));
      await assertAnswersGoodRequest(server);
    });
  }

  it("takes a charset behind the content type, in capitals", async (t) => {
    const server = await startTestServer(t);
    const answer = await send(server, reviewOf(), {
      headers: { "Content-Type": "Application/JSON; charset=utf-8" },
    });
    assert.equal(answer.status, 200);
  });

  it("answers other paths with 404 and other methods with 405", async (t) => {
    const server = await startTestServer(t);
    const agent = supertest(`https://127.0.0.1:${server.port}`);
    for (const path of ["/", "/mutate/", "/MUTATE", "/validate/", "/metrics", "/healthz", "/%zz"]) {
      const answer = await agent.post(path).ca(server.ca).send({});
      assert.equal(answer.status, 404, path);
      assertOneLine(answer.text, /\/mutate/);
    }
    for (const path of ["/mutate", "/validate"]) {
      for (const method of ["get", "put", "delete", "patch", "options"] as const) {
        const answer = await agent[method](path).ca(server.ca);
        assert.equal(answer.status, 405, method);
        assert.equal(answer.headers["allow"], "POST");
      }
    }
    await assertAnswersGoodRequest(server);
  });

  it("allows and counts what is no Pod of Spark's", async (t) => {
    const server = await startTestServer(t);
    const kind = { group: "apps", version: "v1", kind: "Deployment" };
    for (const over of [{ kind }, { operation: "DELETE", object: null }, { operation: "EAT" }]) {
      const answer = await send(server, reviewOf({ request: over }));
      assert.equal(answer.status, 200);
      assert.match(answer.text, /"allowed":true/);
      assert.doesNotMatch(answer.text, /"patch"/);
    }
    assert.equal(await metric(server, 'sparkgate_admission_skipped_total{reason="other-kind"}'), 1);
    assert.equal(await metric(server, 'sparkgate_admission_skipped_total{reason="operation"}'), 2);
    await assertAnswersGoodRequest(server);
  });
});

describe("POST /mutate, too large", () => {
  it("takes 7 MiB", async (t) => {
    const server = await startTestServer(t);
    const review = reviewOf();
    const answer = await send(server, review + " ".repeat(7 * MEBIBYTE - review.length));
    assert.equal(answer.status, 200);
  });

  it("answers 7 MiB + 1 by Content-Length with 413", async (t) => {
    const server = await startTestServer(t);
    const answer = await send(server, Buffer.alloc(7 * MEBIBYTE + 1, " "));
    assert.equal(answer.status, 413);
    assertOneLine(answer.text, /7340032 bytes/);
    await assertAnswersGoodRequest(server);
  });

  it("answers 7 MiB + 1 in chunks with 413, before the end", async (t) => {
    const server = await startTestServer(t);
    const chunk = Buffer.alloc(64 * 1024, " ");
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const outgoing = openPost(server);
      outgoing.on("response", (response) => {
        resolve(response.statusCode);
        outgoing.destroy();
      });
      outgoing.on("error", reject);
      for (let sent = 0; sent <= 7 * MEBIBYTE; sent += chunk.length) outgoing.write(chunk);
    });
    assert.equal(status, 413);
    assert.equal(await metric(server, SERIES_NOT_UNDERSTOOD), 1);
    await assertAnswersGoodRequest(server);
  });
});

describe("POST /mutate, bad connections", () => {
  const short = {
    headersTimeout: 100,
    requestTimeout: 200,
    connectionsCheckingInterval: 20,
    handshakeTimeout: 200,
  };

  it("cuts off a body that is too slow", async (t) => {
    const server = await startTestServer(t, { limits: short });
    const outgoing = openPost(server);
    outgoing.write('{"kind":');
    const outcome = await new Promise<string>((resolve) => {
      outgoing.on("response", (response) => {
        resolve(`HTTP ${response.statusCode ?? 0}`);
      });
      outgoing.on("error", () => {
        resolve("closed");
      });
    });
    assert.match(outcome, /^(HTTP 408|closed)$/);
    await eventually("counted", async () => (await metric(server, SERIES_NOT_UNDERSTOOD)) === 1);
    assert.equal(await metric(server, "sparkgate_admission_inflight_requests"), 0);
    await assertAnswersGoodRequest(server);
  });

  it("counts a body that is broken off", async (t) => {
    const server = await startTestServer(t);
    const outgoing = openPost(server);
    outgoing.on("error", () => undefined);
    outgoing.write('{"kind":');
    await eventually(
      "in flight",
      async () => (await metric(server, "sparkgate_admission_inflight_requests")) === 1,
    );
    outgoing.destroy();
    await eventually("counted", async () => (await metric(server, SERIES_NOT_UNDERSTOOD)) === 1);
    assert.equal(await metric(server, "sparkgate_admission_inflight_requests"), 0);
    await assertAnswersGoodRequest(server);
  });

  it("survives what is not TLS, and TLS that is not HTTP", async (t) => {
    const server = await startTestServer(t, { limits: short });
    await untilClosed(connect(server.port, "127.0.0.1"), "GET / HTTP/1.0\r\n\r\n");
    await untilClosed(connect(server.port, "127.0.0.1"), "\u0016\u0003\u0001garbage");
    await untilClosed(connect(server.port, "127.0.0.1"), "");
    const tls = { port: server.port, host: "127.0.0.1", ca: server.ca };
    await untilClosed(connectTls(tls), "\u0000\u0001\u0002 garbage\r\n\r\n");
    await untilClosed(connectTls(tls), "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Le");
    await untilClosed(connectTls({ ...tls, maxVersion: "TLSv1.1", minVersion: "TLSv1" }), "x");
    await assertAnswersGoodRequest(server);
  });

  it("speaks HTTP/1.1 and no other", async (t) => {
    const server = await startTestServer(t);
    const protocol = await new Promise((resolve, reject) => {
      const socket = connectTls(
        { port: server.port, host: "127.0.0.1", ca: server.ca, ALPNProtocols: ["h2", "http/1.1"] },
        () => {
          resolve(socket.alpnProtocol);
          socket.destroy();
        },
      );
      socket.on("error", reject);
    });
    assert.equal(protocol, "http/1.1");
  });
});

describe("a fault of ours", () => {
  it("is answered with 500, logged with the uid and without values, and harms nothing", async (t) => {
    let calls = 0;
    const server = await startTestServer(t, {
      answerReview: () => {
        calls++;
        if (calls === 2) throw "not even an Error"; // eslint-disable-line @typescript-eslint/only-throw-error -- as it may come
        throw new TypeError("hunter2 is not iterable");
      },
    });
    for (const uid of ["first", "second", "third"]) {
      const answer = await send(server, reviewOf({ uid }));
      assert.equal(answer.status, 500);
      assertOneLine(answer.text, /Sparkgate failed/);
    }
    const faults = server.logLines().filter(({ level }) => level === "error");
    assert.deepEqual(
      faults.map(({ uid, error }) => [uid, error]),
      [
        ["first", "TypeError"],
        ["second", "string"],
        ["third", "TypeError"],
      ],
    );
    assert.match(JSON.stringify(faults[0]?.["at"]), /hostile-requests/);
    assert.doesNotMatch(server.logText(), /hunter2/);
    const series = SERIES_NOT_UNDERSTOOD.replace("not-understood", "error");
    assert.equal(await metric(server, series), 3);
  });
});

function openPost(server: TestServer) {
  return request({
    host: "127.0.0.1",
    port: server.port,
    ca: server.ca,
    method: "POST",
    path: "/mutate",
    headers: { "Content-Type": "application/json" },
  });
}

function untilClosed(
  socket: ReturnType<typeof connect> | ReturnType<typeof connectTls>,
  bytes: string,
): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve();
    });
    socket.resume();
    if (bytes !== "") socket.write(bytes, "latin1");
  });
}
