import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as tick, setTimeout as delay } from "node:timers/promises";
import { watchResource, type Page, type WatchEvent } from "../../../src/cluster/watch-resource.ts";

/** An API that does what a test says, call by call. */
class FakeApi {
  readonly calls: string[] = [];
  readonly errors: string[] = [];
  /** What was known at each error. */
  readonly knownAtErrors: (readonly string[])[] = [];
  readonly known = new Set<string>();
  readonly #lists: (Page<string> | Error)[];
  readonly #watches: (readonly (WatchEvent<string> | Error)[])[];

  constructor(
    lists: readonly (Page<string> | Error)[],
    watches: readonly (readonly (WatchEvent<string> | Error)[])[] = [],
  ) {
    this.#lists = [...lists];
    this.#watches = [...watches];
  }

  /** Watches until the test ends; all that was scripted has happened when it resolves. */
  async run(t: TestContext) {
    const watch = watchResource<string>({
      list: (next) => {
        this.calls.push(`list ${next ?? ""}`.trim());
        const page = this.#lists.shift() ?? new Promise<Page<string>>(() => undefined);
        return page instanceof Error ? Promise.reject(page) : Promise.resolve(page);
      },
      watch: (version, onEvent) => {
        this.calls.push(`watch ${version}`);
        const script = this.#watches.shift();
        if (script === undefined) {
          return { connected: Promise.resolve(), ended: new Promise(() => undefined) };
        }
        if (script[0] instanceof Error) {
          const failed = Promise.reject(script[0]);
          return { connected: failed, ended: failed };
        }
        const ended = tick().then(() => {
          for (const event of script) {
            if (event instanceof Error) throw event;
            onEvent(event);
          }
        });
        return { connected: Promise.resolve(), ended };
      },
      onReplace: (items) => {
        this.known.clear();
        for (const item of items) this.known.add(item);
      },
      onChange: (item) => this.known.add(item),
      onDelete: (item) => this.known.delete(item),
      onError: (error) => {
        this.errors.push((error as Error).message);
        this.knownAtErrors.push([...this.known]);
      },
      backOff: (failures) => {
        this.calls.push(`wait ${failures}`);
        return 1;
      },
    });
    t.after(watch.close);
    let before = -1;
    while (before !== this.calls.length) {
      before = this.calls.length;
      await delay(20);
    }
    return watch;
  }
}

const page = (items: readonly string[], resourceVersion = "1", next?: string): Page<string> => ({
  ...{ items, resourceVersion, next },
});
const changed = (item: string, resourceVersion: string): WatchEvent<string> => ({
  ...{ kind: "changed", item, resourceVersion },
});
const gone: WatchEvent<string> = { kind: "error", code: 410 };

describe("watchResource", () => {
  it("lists all parts, and watches from the version of the first", async (t) => {
    const api = new FakeApi([page(["a"], "5", "x"), page(["b"], "6", "y"), page(["c"], "7")]);
    const watch = await api.run(t);
    await watch.synced;
    assert.deepEqual(api.calls, ["list", "list x", "list y", "watch 5"]);
    assert.deepEqual([...api.known], ["a", "b", "c"]);
    assert.ok(watch.ageSeconds() < 60);
  });

  it("tells what changes and goes, and after a quiet end goes on from there", async (t) => {
    const api = new FakeApi(
      [page(["a", "b"])],
      [
        [changed("c", "2"), { kind: "deleted", item: "a", resourceVersion: "3" }],
        [{ kind: "bookmark", resourceVersion: "9" }],
      ],
    );
    await api.run(t);
    assert.deepEqual([...api.known], ["b", "c"]);
    assert.deepEqual(api.calls, ["list", "watch 1", "watch 3", "watch 9"]);
    assert.deepEqual(api.errors, []);
  });

  it("lists again where its version is too old, and what went meanwhile is gone", async (t) => {
    const api = new FakeApi([page(["a", "b"]), page(["b", "c"], "8")], [[gone]]);
    await api.run(t);
    assert.deepEqual(api.calls, ["list", "watch 1", "list", "watch 8"]);
    assert.deepEqual([...api.known], ["b", "c"]);
  });

  it("does not go on from an event that came behind an error", async (t) => {
    const api = new FakeApi([page([]), page([], "8")], [[gone, changed("x", "5")]]);
    await api.run(t);
    assert.deepEqual(api.calls, ["list", "watch 1", "list", "watch 8"]);
  });

  it("keeps what it knows while all fails, waits longer each time, and lists when that ends", async (t) => {
    const api = new FakeApi(
      [page(["a"]), new Error("503"), new Error("504"), page(["b"], "4")],
      [[new Error("reset")]],
    );
    await api.run(t);
    assert.deepEqual(api.errors, ["reset", "503", "504"]);
    assert.deepEqual(api.calls, [
      ...["list", "watch 1", "wait 1", "list", "wait 2", "list", "wait 3"],
      ...["list", "watch 4"],
    ]);
    assert.deepEqual([...api.known], ["b"]);
  });

  it("keeps what it knows until the new list is whole", async (t) => {
    const api = new FakeApi(
      [page(["a"]), page(["b"], "2", "next"), new Error("half way"), page(["c"], "3")],
      [[gone]],
    );
    await api.run(t);
    assert.deepEqual(api.knownAtErrors, [["a"]]);
    assert.deepEqual([...api.known], ["c"]);
  });

  it("counts failures anew once a watch stood", async (t) => {
    const api = new FakeApi(
      [new Error("1"), page([]), page([]), page([])],
      [[new Error("2")], [changed("a", "2"), new Error("3")]],
    );
    await api.run(t);
    const waits = api.calls.filter((call) => call.startsWith("wait"));
    assert.deepEqual(waits, ["wait 1", "wait 2", "wait 1"]);
  });

  it("does nothing more when it is closed, and knows nothing before the first list", async (t) => {
    const api = new FakeApi([]);
    const watch = await api.run(t);
    assert.equal(watch.ageSeconds(), Infinity);
    watch.close();
    const { length } = api.calls;
    await delay(20);
    assert.equal(api.calls.length, length);
  });
});
