import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BadSelectorError } from "../../../src/cluster/sweep.ts";
import { isPartial } from "../../../src/report/sweep-report.ts";
import { finishedDriver } from "../../fixtures/finished-drivers.ts";
import { CONNECTION_LOST, drivers, HttpError, page, sweepScripted } from "./fake-sweep-api.ts";

const forbidden = new HttpError(403, "pods is forbidden: no");

describe("a sweep looks", () => {
  it("for drivers and claims of all namespaces, or of each that is named", async () => {
    const kinds = async (namespaces: readonly string[] | undefined) =>
      (await sweepScripted({}, { namespaces })).lists.map(
        ({ kind, namespace = "all", labelSelector }) =>
          `${kind} ${namespace} ${labelSelector ?? ""}`,
      );
    const of = (namespace: string) => [
      `Pod ${namespace} spark-role=driver`,
      `PersistentVolumeClaim ${namespace} spark-app-selector`,
    ];
    assert.deepEqual(await kinds(undefined), of("all"));
    assert.deepEqual(await kinds(["a", "b"]), [...of("a"), ...of("b")]);
  });

  it("for drivers with more labels, and then not for claims, which do not have them", async () => {
    const { lists } = await sweepScripted({}, { selector: "team=risk,tier in (a,b)" });
    assert.deepEqual(
      lists.map(({ labelSelector }) => labelSelector),
      ["spark-role=driver,team=risk,tier in (a,b)"],
    );
  });

  it("at all parts of a list", async () => {
    const pages = [page(drivers("a", "b"), "more"), page(drivers("c"))];
    const { deleted, lists } = await sweepScripted({
      driverPages: (call) => pages[call - 1] ?? new Error("no more"),
    });
    assert.deepEqual(deleted, ["a", "b", "c"]);
    assert.deepEqual(
      lists.slice(0, 2).map(({ next }) => next),
      [undefined, "more"],
    );
  });

  it("at a list from its beginning where it took too long, and at each Pod once", async () => {
    const pages = [page(drivers("a"), "old"), new HttpError(410, "gone"), page(drivers("a", "b"))];
    const { deleted, report } = await sweepScripted({
      driverPages: (call) => pages[call - 1] ?? new Error("no more"),
    });
    assert.deepEqual(deleted, ["a", "b"]);
    assert.equal(isPartial(report), false);
  });

  it("three times at most", async () => {
    const { deleted, report, lists } = await sweepScripted({
      driverPages: (call) => (call % 2 ? page(drivers("a"), "old") : new HttpError(410, "too old")),
    });
    assert.deepEqual(deleted, []);
    assert.equal(lists.filter(({ kind }) => kind === "Pod").length, 3 * 2);
    assert.deepEqual(report.problems, ["cannot list driver Pods of all namespaces: 410 too old"]);
  });

  it("at the other namespaces where one cannot be listed, and tells", async () => {
    const { deleted, report } = await sweepScripted(
      { driverPages: (call) => (call === 1 ? forbidden : page(drivers("a"))) },
      { namespaces: ["closed", "open"] },
    );
    assert.deepEqual(deleted, ["a"]);
    assert.deepEqual(report.problems, [
      "cannot list driver Pods of namespace closed: 403 pods is forbidden: no",
    ]);
    assert.ok(isPartial(report));
  });

  it("and deletes drivers also where claims cannot be listed, and tells", async () => {
    const { deleted, report } = await sweepScripted({
      drivers: drivers("a"),
      claimPages: () => CONNECTION_LOST,
    });
    assert.deepEqual(deleted, ["a"]);
    assert.deepEqual(report.problems, [
      "cannot look for claims of all namespaces: read ECONNRESET",
    ]);
  });

  it("and deletes nothing where the selector is none", async () => {
    await assert.rejects(
      sweepScripted(
        {
          driverPages: (call) =>
            call === 1 ? page(drivers("a")) : new HttpError(400, "unable to parse requirement"),
        },
        { namespaces: ["a", "b"], selector: "a b" },
      ),
      (error) => error instanceof BadSelectorError && /400 unable to parse/.test(error.message),
    );
  });
});

describe("a sweep deletes", () => {
  it("what is due, one after the other, and tells of each", async () => {
    const running = finishedDriver({ name: "b", phase: "Running" });
    const { told, report } = await sweepScripted({
      drivers: [...drivers("a"), running, ...drivers("c")],
    });
    assert.deepEqual(told, ["due 2", "a deleted", "c deleted"]);
    assert.deepEqual(report.left, [{ namespace: "team-a", name: "b", reason: "not-finished" }]);
    assert.equal(isPartial(report), false);
  });

  it("nothing unless it is told to", async () => {
    const { deleted, report, told } = await sweepScripted(
      { drivers: drivers("a") },
      { deletes: false },
    );
    assert.deepEqual(deleted, []);
    assert.deepEqual(told, ["due 1", "a due"]);
    assert.equal(report.drivers[0]?.outcome, "due");
  });

  it("and goes on over what is gone or has changed, which is nothing to worry about", async () => {
    const { told, report } = await sweepScripted({
      drivers: drivers("a", "b", "c"),
      deletion: ({ name }) => (name === "a" ? "gone" : name === "b" ? "changed" : "deleted"),
    });
    assert.deepEqual(told, ["due 3", "a gone", "b changed", "c deleted"]);
    assert.equal(isPartial(report), false);
  });

  it("and goes on over what is refused, however often, and tells why", async () => {
    const { report } = await sweepScripted({
      drivers: drivers("a", "b", "c", "d", "e"),
      deletion: ({ name }) => (name === "e" ? "deleted" : forbidden),
    });
    assert.deepEqual(
      report.drivers.map(({ outcome, text }) => text ?? outcome),
      [...Array<string>(4).fill("403 pods is forbidden: no"), "deleted"],
    );
    assert.ok(isPartial(report));
  });

  it("and goes on after a call without an answer, which may have been done", async () => {
    const { told, report } = await sweepScripted({
      drivers: drivers("a", "b", "c"),
      deletion: ({ name }) => (name === "b" ? CONNECTION_LOST : "deleted"),
    });
    assert.deepEqual(told, ["due 3", "a deleted", "b failed", "c deleted"]);
    assert.equal(report.drivers[1]?.text, "read ECONNRESET (it may be deleted all the same)");
    assert.ok(isPartial(report));
  });

  for (const [what, error] of [
    ["the connection is lost", CONNECTION_LOST],
    ["the API server fails", new HttpError(500, "etcd")],
    ["it has no room", new HttpError(429, "too many")],
    ["the token counts no more", new HttpError(401, "Unauthorized")],
  ] as const) {
    it(`no more when ${what} three times in a row, here, and tells what was not tried`, async () => {
      const { told, deleted } = await sweepScripted({
        drivers: drivers("a", "b", "c", "d", "e", "f", "g"),
        deletion: (_driver, call) => ([1, 3, 4, 5].includes(call) ? error : "deleted"),
      });
      assert.deepEqual(deleted, ["a", "b", "c", "d", "e"]);
      assert.deepEqual(told.slice(-3), ["e failed", "f not-tried", "g not-tried"]);
    });
  }

  it("no more when it is stopped, and tells what was not tried", async () => {
    const stop = new AbortController();
    const { told, report } = await sweepScripted(
      {
        drivers: drivers("a", "b", "c"),
        deletion: () => {
          stop.abort();
          return "deleted";
        },
      },
      {},
      stop.signal,
    );
    assert.deepEqual(told, ["due 3", "a deleted", "b not-tried", "c not-tried"]);
    assert.ok(isPartial(report));
  });
});
