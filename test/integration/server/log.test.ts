import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reviewOf } from "./test-reviews.ts";
import { send, startTestServer, type TestServer } from "./test-server.ts";

/** Lines since the server was ready. */
const linesOf = (server: TestServer) => server.logLines().filter(({ msg }) => msg !== "ready");

describe("the log", () => {
  it("has no line for what is admitted, skipped or not understood", async (t) => {
    const server = await startTestServer(t);
    await send(server, reviewOf());
    await send(server, reviewOf({ role: "none" }));
    await send(server, reviewOf({ image: "bad" }));
    await send(server, "{}");
    assert.deepEqual(linesOf(server), []);
  });

  it("has one line for a denial, that says whose and why", async (t) => {
    const server = await startTestServer(t);
    await send(server, reviewOf({ uid: "uid-1", role: "driver", image: "bad worst" }));
    const [line, ...others] = linesOf(server);
    assert.deepEqual(others, []);
    assert.match(String(line?.["time"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(
      { ...line, time: undefined },
      {
        level: "info",
        time: undefined,
        uid: "uid-1",
        namespace: "team-risk",
        surface: "pod",
        name: "etl-7f3a",
        role: "driver",
        operation: "CREATE",
        admission: "mutating",
        applicationId: "spark-abc",
        dryRun: false,
        policies: ["refuses-bad", "refuses-executors"],
        msg: "denied",
      },
    );
  });

  it("has a line for a policy that fails, besides that for the denial", async (t) => {
    const server = await startTestServer(t);
    await send(server, reviewOf({ role: "driver", image: "broken", dryRun: true }));
    const [denial, error] = linesOf(server);
    assert.deepEqual([denial?.["policies"], denial?.["dryRun"]], [["fails"], true]);
    assert.deepEqual(
      [error?.["level"], error?.["policy"], error?.["error"]],
      ["error", "fails", "cannot evaluate"],
    );
  });

  it("has a line for a Pod that cannot be read and is denied", async (t) => {
    const server = await startTestServer(t);
    const object = { metadata: { labels: { "spark-role": "driver" } }, spec: 1 };
    await send(server, reviewOf({ request: { object } }));
    assert.deepEqual(
      linesOf(server).map(({ role, name }) => [role, name]),
      [["driver", "etl-7f3a"]],
    );
  });

  it("cannot be broken or flooded by what a request says, and keeps secrets out", async (t) => {
    const server = await startTestServer(t);
    const hostile = `\n{"level":"fatal"}\r\u2028\u001b[2J${"x".repeat(100_000)}`;
    await send(
      server,
      reviewOf({ uid: hostile, role: "driver", image: "bad", request: { namespace: hostile } }),
    );
    const text = server.logText();
    assert.equal(text.trimEnd().split("\n").length, 2); // with "ready"
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\u0000-\u001f\u2028]|hunter2|AWS_SECRET/);
    assert.ok(text.length < 2000, String(text.length));
  });
});
