import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HttpError, page, sweepScripted, type Script } from "./fake-sweep-api.ts";

const APPLICATION = "spark-7f3a";
const owner = (name: string, kind = "Pod") => ({ kind, name, uid: `uid-of-${name}` });

function claimOf(name: string, ownerReferences?: readonly object[], metadata: object = {}): object {
  return {
    metadata: {
      ...{ name, namespace: "team-a", labels: { "spark-app-selector": APPLICATION } },
      ...(ownerReferences && { ownerReferences }),
      ...metadata,
    },
    spec: { resources: { requests: { storage: "500Gi" } } },
  };
}

function podOf(
  name: string,
  phase: string,
  namespace = "team-a",
  application = APPLICATION,
): object {
  const labels = { "spark-app-selector": application };
  return { metadata: { name, namespace, uid: `uid-of-${name}`, labels }, status: { phase } };
}

const found = async (claims: readonly object[], script: Script = {}) => {
  const { report } = await sweepScripted({ claimPages: () => page(claims), ...script });
  return report.claims.map(({ name, why }) => `${name}: ${why}`);
};

describe("a claim is named as nobody's", () => {
  it("where nobody owns it, and no Pod of its application is there", async () => {
    assert.deepEqual(await found([claimOf("a")]), ["a: no owner"]);
  });

  it("where all Pods of its application have ended", async () => {
    const applicationPods = [podOf("driver", "Failed"), podOf("exec-1", "Succeeded")];
    assert.deepEqual(await found([claimOf("a")], { applicationPods }), ["a: no owner"]);
  });

  it("where its owner is gone, though another Pod has its name", async () => {
    const again = { ...podOf("driver", "Running"), metadata: { name: "driver", uid: "other" } };
    const podsByName = { driver: [again] };
    const claims = [claimOf("a", [owner("driver")]), claimOf("b", [owner("driver")])];
    const { report, lists } = await sweepScripted({ claimPages: () => page(claims), podsByName });
    assert.deepEqual(
      report.claims.map(({ name, why }) => `${name}: ${why}`),
      ["a: its owner is gone", "b: its owner is gone"],
    );
    assert.equal(lists.filter(({ fieldSelector }) => fieldSelector !== undefined).length, 1);
  });

  it("with what it holds", async () => {
    const { report } = await sweepScripted({ claimPages: () => page([claimOf("a")]) });
    assert.deepEqual(report.claims, [
      {
        ...{ namespace: "team-a", name: "a", application: APPLICATION, storage: "500Gi" },
        ...{ owners: [], why: "no owner" },
      },
    ]);
  });
});

describe("a claim is not named", () => {
  const cases: readonly (readonly [string, object, Script])[] = [
    ["while an executor may mount it", claimOf("a"), { applicationPods: [podOf("e", "Running")] }],
    ["while an executor waits for it", claimOf("a"), { applicationPods: [podOf("e", "Pending")] }],
    [
      "while its driver is there, with which it goes, though that has ended",
      claimOf("a", [owner("driver")]),
      { applicationPods: [podOf("driver", "Succeeded")] },
    ],
    [
      "while its owner is there, a notebook without labels of Spark's",
      claimOf("a", [owner("notebook")]),
      { podsByName: { notebook: [podOf("notebook", "Running")] } },
    ],
    ["that something else owns", claimOf("a", [owner("etl", "SparkApplication")]), {}],
    ["that is being deleted", claimOf("a", [], { deletionTimestamp: "2026-11-20T00:00:00Z" }), {}],
    ["without an application", claimOf("a", [], { labels: { "spark-app-selector": "" } }), {}],
  ];
  for (const [what, claim, script] of cases) {
    it(what, async () => {
      assert.deepEqual(await found([claim], script), []);
    });
  }

  it("for what runs in another namespace, or is another application", async () => {
    const applicationPods = [
      podOf("e", "Running", "team-b"),
      podOf("f", "Running", "team-a", "spark-other"),
    ];
    assert.deepEqual(await found([claimOf("a")], { applicationPods }), ["a: no owner"]);
  });

  it("where only half of what there is to know could be read", async () => {
    const { report } = await sweepScripted({
      claimPages: (call) =>
        call === 1 ? page([claimOf("a")], "more") : new HttpError(500, "etcd"),
    });
    assert.deepEqual(report.claims, []);
    assert.deepEqual(report.problems, ["cannot look for claims of all namespaces: 500 etcd"]);
  });
});
