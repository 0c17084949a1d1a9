import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startClusterFacts } from "../../../src/cluster/cluster-facts.ts";
import type { ClusterApi, QuotaObject } from "../../../src/cluster/connect.ts";
import type { Namespace } from "../../../src/kubernetes/namespace.ts";

const never = <T>() => new Promise<T>(() => undefined);
const listing = <T>(items: readonly T[] | Error | undefined) => ({
  list: () =>
    items === undefined
      ? never<never>()
      : items instanceof Error
        ? Promise.reject(items)
        : Promise.resolve({ items, resourceVersion: "1", next: undefined }),
  watch: () => ({ connected: Promise.resolve(), ended: never<undefined>() }),
});

/** A cluster with these; undefined: it does not answer. */
async function start(
  t: TestContext,
  content: {
    readonly namespaces?: readonly Namespace[] | Error;
    readonly quotas?: readonly QuotaObject[] | Error;
    readonly readNamespace?: ClusterApi["readNamespace"];
  },
) {
  const errors: string[] = [];
  const facts = startClusterFacts(
    {
      namespaces: listing(content.namespaces),
      quotas: listing(content.quotas),
      readNamespace: content.readNamespace ?? never,
    },
    {
      onError: (resource) => errors.push(resource),
      backOff: () => 60_000,
      lookUpMilliseconds: 30,
    },
  );
  t.after(facts.close);
  await delay(5);
  return { facts, errors };
}

const gold: Namespace = { name: "gold", labels: { tier: "gold" } };

describe("startClusterFacts", () => {
  it("knows namespaces and their quotas", async (t) => {
    const { facts } = await start(t, {
      namespaces: [gold, { name: "off", labels: { "sparkgate.io/bypass": "" } }],
      quotas: [{ namespace: "gold", name: "q", hard: { pods: "5" } }],
    });
    assert.deepEqual(facts.get("gold"), {
      namespace: gold,
      quotas: [{ name: "q", hard: { pods: "5" } }],
    });
    assert.deepEqual(facts.get("off")?.quotas, []);
    assert.equal(facts.countBypassed(), 1);
    assert.equal(facts.get("constructor"), undefined);
  });

  it("knows namespaces where quotas may not be read, and no quotas: unknown is not none", async (t) => {
    const { facts, errors } = await start(t, {
      namespaces: [gold],
      quotas: new Error("403 Forbidden"),
    });
    assert.deepEqual(facts.get("gold"), { namespace: gold, quotas: undefined });
    assert.deepEqual(errors, ["resourcequotas"]);
    assert.equal(facts.ageSeconds("resourcequotas"), Infinity);
  });

  it("asks once for what it does not know, whoever wants it, and then knows it", async (t) => {
    let asked = 0;
    const { facts } = await start(t, {
      readNamespace: async () => {
        asked++;
        await delay(5);
        return gold;
      },
    });
    const found = await Promise.all([1, 2, 3].map(() => facts.lookUp("gold")));
    for (const each of found) assert.deepEqual(each.namespace, gold);
    assert.equal(asked, 1);
    assert.deepEqual(facts.get("gold")?.namespace, gold);
  });

  for (const [what, readNamespace] of [
    ["does not exist", () => Promise.resolve(undefined)],
    ["cannot be read", () => Promise.reject(new Error("500"))],
    ["is not told in time", never<undefined>],
  ] as const) {
    it(`knows nothing of a namespace that ${what}, and asks again the next time`, async (t) => {
      let asked = 0;
      const { facts } = await start(t, {
        readNamespace: () => {
          asked++;
          return readNamespace();
        },
      });
      for (const times of [1, 2]) {
        assert.deepEqual(await facts.lookUp("gone"), {});
        assert.equal(asked, times);
      }
      assert.equal(facts.get("gone"), undefined);
    });
  }

  it("does not ask for what is no name, nor for more than 50 at a time", async (t) => {
    let asked = 0;
    const { facts } = await start(t, {
      readNamespace: () => {
        asked++;
        return never();
      },
    });
    for (const name of ["", "../secrets", "A", "x".repeat(64), "a_b"]) {
      assert.deepEqual(await facts.lookUp(name), {});
    }
    assert.equal(asked, 0);
    const many = Array.from({ length: 80 }, (_none, index) => facts.lookUp(`n-${index}`));
    assert.equal(asked, 50);
    await Promise.all(many);
  });
});
