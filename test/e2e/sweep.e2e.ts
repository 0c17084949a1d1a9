// `sparkgate sweep` on the real API server, with the rights that manifests/sweep gives it and no others: 500 drivers in all
// phases and other Pods beside them. Exactly the right ones are deleted, also where calls fail in between.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, startCluster } from "./cluster.ts";
import { assertExpected } from "./expected-output.ts";
import { type Fault, type FaultyApi, startFaultyApi } from "./faulty-api.ts";
import { createFinished } from "./finished-pods.ts";
import { contentKubectl } from "./installation.ts";
import { sparkgateKubeconfig } from "./restricted-kubeconfig.ts";
import { driverPod } from "./spark-pods.ts";
import {
  createDrivers,
  createOthers,
  DRIVERS,
  installSweep,
  LATER,
  nameOf,
  NAMESPACES,
  podsOf,
} from "./sweep-cluster.ts";
import { runSweep, sweepReport } from "./sweep-process.ts";

const ACCOUNT = "sparkgate-sweep";
const WEEK = ["--older-than", "7d"];
const DELETE = [...WEEK, "--delete"];

describe("sparkgate sweep", () => {
  let cluster: Cluster;
  let kubeconfig: string;
  let faulty: FaultyApi;
  let faultOf: (method: string, path: string) => Fault | Promise<Fault> = () => undefined;
  let byFaultyApi: string;
  /** `namespace/name` of drivers that are due, and are not deleted yet. */
  const due = new Set<string>();

  before(async () => {
    cluster = await startCluster({ controllers: false });
    for (const namespace of NAMESPACES) await cluster.createNamespace(namespace);
    await installSweep(cluster);
    faulty = await startFaultyApi(cluster, (method, path) => faultOf(method, path));
    kubeconfig = await sparkgateKubeconfig(cluster, cluster.port, ACCOUNT);
    byFaultyApi = await sparkgateKubeconfig(cluster, faulty.port, ACCOUNT);
    await createDrivers(cluster, due);
    await createOthers(cluster);
  });

  afterEach((test) => {
    faultOf = () => undefined;
    cluster.keepIfFailed(test);
  });

  after(async () => {
    faulty.stop();
    await cluster.stop();
  });

  const everywhere = (...args: readonly string[]) =>
    sweepReport(["-A", ...args], { kubeconfig, later: LATER });

  /** Deletes what is due in a namespace, while calls fail; which Pods went, and what was told. */
  const withFaults = async (namespace: string, signal?: AbortSignal) => {
    const before = await podsOf(cluster);
    const swept = await sweepReport(["-n", namespace, ...DELETE], {
      ...{ kubeconfig: byFaultyApi, later: LATER, ...(signal && { signal }) },
    });
    const there = await podsOf(cluster);
    const gone = [...before].filter((pod) => !there.has(pod));
    const named = (outcome: string) =>
      swept.report.drivers.filter((driver) => driver.outcome === outcome).map(nameOf);
    return { ...swept, gone, named };
  };

  it("may list Pods and claims, delete Pods, and nothing else", async () => {
    const args = ["--kubeconfig", kubeconfig, "auth", "can-i", "--list", "--namespace=team-a"];
    const rights = (await contentKubectl(cluster, args))
      .split("\n")
      .filter((line) => !line.includes("[/"))
      .map((line) => line.trim().replaceAll(/ {2,}/g, "  "));
    assertExpected("sweep/rights.txt", rights.join("\n"));
  });

  it("names exactly what is due, and deletes nothing unless it is told to", async () => {
    const before = await podsOf(cluster);
    const { code, report } = await everywhere(...WEEK);
    assert.equal(code, 0);
    assert.deepEqual(new Set(report.drivers.map(nameOf)), due);
    assert.equal(report.left.length, DRIVERS - due.size + 2);
    assert.deepEqual(await podsOf(cluster), before);
  });

  it("tells of each Pod that stays why, and a person which ones to mend", async () => {
    const { report } = await everywhere(...WEEK);
    const reasons = new Set(report.left.map(({ name, reason }) => `${kindOf(name)}: ${reason}`));
    assert.deepEqual([...reasons].sort(), [
      ...[
        "apache: operator",
        "evicted-young: not-yet",
        "kubeflow: operator",
        "long-lived: not-yet",
      ],
      ...["mirrored: not-a-driver", "misspelt: bad-time-to-live", "of-a-job: controller"],
      ...["pending: not-finished", "placeholder: not-a-driver", "running: not-finished"],
      ...["sidecar-young: not-yet", "terminating: being-deleted", "young: not-yet"],
    ]);
    const { stdout } = await runSweep(["-A", ...WEEK], { kubeconfig, later: LATER });
    assert.match(
      stdout,
      /^ {2}team-a\/misspelt-\d+: metadata\.annotations\[sparkgate\.io\/ttl-seconds-after-finished\]: must be/m,
    );
    assert.match(
      stdout,
      /^502 driver Pods: 225 would be deleted; nothing was deleted: say --delete$/m,
    );
    assert.match(stdout, /^would delete +team-b +failed-\d+ +Failed +\S+Z +7d \(--older-than\)$/m);
  });

  it("keeps failed ones, other namespaces, other labels, and what has no time to live, where it is told", async () => {
    const kinds = async (...args: readonly string[]) => {
      const { report } = await sweepReport(args, { kubeconfig, later: LATER });
      return report.drivers.map(nameOf);
    };
    const all = [...due];
    const kept = all.filter(
      (pod) => !/\/(failed|short-failed|evicted|evicted-annotated)-\d/.test(pod),
    );
    assert.deepEqual(new Set(await kinds("-A", ...WEEK, "--keep-failed")), new Set(kept));
    const two = all.filter((pod) => !pod.startsWith("team-b/"));
    assert.deepEqual(new Set(await kinds("-n", "team-a", "-n", "team-c", ...WEEK)), new Set(two));
    const annotated = all.filter((pod) => /\/(short-.*|evicted-annotated)-\d/.test(pod));
    assert.deepEqual(new Set(await kinds("-A")), new Set(annotated));
    assert.deepEqual(await kinds("-A", ...WEEK, "-l", "team=none"), []);
    assert.deepEqual(await kinds("-A", "--older-than", "90d", "--at", "2020-01-01"), []);
  });

  it("exits with 2 for a selector that is none, and for a time to come", async () => {
    const surroundings = { kubeconfig, later: LATER };
    const selector = await runSweep(["-A", ...DELETE, "-l", "a b"], surroundings);
    assert.equal(selector.code, 2);
    assert.match(selector.stderr, /^--selector: 400 /);
    const future = await runSweep(["-A", ...DELETE, "--at", "2999-01-01"], surroundings);
    assert.equal(future.code, 2);
  });

  it("deletes nothing of a list of which it has seen a part, and exits with 3", async () => {
    faultOf = (_method, path) => (path.includes("continue=") ? 500 : undefined);
    const before = await podsOf(cluster);
    const { code, report, stderr } = await sweepReport(["-A", ...DELETE], {
      ...{ kubeconfig: byFaultyApi, later: LATER },
    });
    assert.equal(code, 3);
    assert.match(stderr, /^cannot list driver Pods of all namespaces: 500 fault 500$/m);
    assert.deepEqual(report.drivers, []);
    assert.deepEqual(await podsOf(cluster), before);
  });

  it("begins a list anew that took too long", async () => {
    let isFirst = true;
    faultOf = (_method, path) => {
      if (!path.includes("continue=") || !isFirst) return undefined;
      isFirst = false;
      return 410;
    };
    const { code, report } = await sweepReport(["-A", ...WEEK], {
      ...{ kubeconfig: byFaultyApi, later: LATER },
    });
    assert.equal(code, 0);
    assert.equal(isFirst, false);
    assert.equal(report.drivers.length, due.size);
    assert.deepEqual(new Set(report.drivers.map(nameOf)), due);
  });

  it("exits with 3 where there is no API server", async () => {
    faultOf = () => "cut";
    const { code, stderr } = await runSweep(["-A", ...DELETE], { kubeconfig: byFaultyApi });
    assert.equal(code, 3);
    assert.match(stderr, /^cannot list driver Pods of all namespaces: /);
  });

  it("goes on where calls fail in between, deletes nothing wrong, tells all of it, and exits with 3", async () => {
    const changed: string[] = [];
    const replaced: string[] = [];
    let calls = 0;
    faultOf = async (method, path) => {
      if (method !== "DELETE") return undefined;
      calls++;
      // Somebody starts it anew under the same name: another Pod, which runs.
      if (calls === 3) replaced.push(await replace(cluster, path));
      if (calls === 5) changed.push(await changeLabels(cluster, path));
      if (calls === 7) await cluster.api("DELETE", path);
      return new Map<number, Fault>([
        ...([
          [10, 500],
          [12, 403],
          [14, "cut"],
          [16, "cut-after"],
          [18, 429],
        ] as const),
      ]).get(calls);
    };
    const { code, report, gone, named } = await withFaults("team-a");
    const dueThere = [...due].filter((pod) => pod.startsWith("team-a/"));
    assert.equal(code, 3);
    assert.equal(calls, dueThere.length, "none is tried twice");
    assert.deepEqual(new Set(report.drivers.map(nameOf)), new Set(dueThere));
    assert.deepEqual(named("changed").sort(), [...changed, ...replaced].sort());
    assert.equal(named("gone").length, 1);
    assert.deepEqual(
      report.drivers.flatMap(({ text }) =>
        text === undefined ? [] : [text.replace(/\(it.*/, "(…")],
      ),
      [
        "500 fault 500",
        "403 fault 403",
        "other side closed (…",
        "other side closed (…",
        "429 fault 429",
      ],
    );
    // What failed for want of an answer was done all the same once: cut-after.
    const failed = named("failed");
    assert.equal(failed.filter((pod) => gone.includes(pod)).length, 1);
    const done = [
      ...named("deleted"),
      ...named("gone"),
      ...failed.filter((pod) => gone.includes(pod)),
    ];
    assert.deepEqual(new Set(gone), new Set(done));
    for (const pod of [...gone, ...replaced]) due.delete(pod);
  });

  it("ends when the API server does not come back, and tells what was not tried", async () => {
    let calls = 0;
    faultOf = (method) => (method === "DELETE" && ++calls > 20 ? "cut" : undefined);
    const { code, gone, named } = await withFaults("team-b");
    assert.equal(code, 3);
    assert.equal(calls, 25);
    assert.equal(named("deleted").length, 20);
    assert.equal(named("failed").length, 5);
    assert.equal(named("not-tried").length, 75 - 25);
    assert.deepEqual(new Set(gone), new Set(named("deleted")));
    for (const pod of gone) due.delete(pod);
  });

  it("ends after the call that it is at when it is stopped, and tells what was not tried", async () => {
    const stop = new AbortController();
    let calls = 0;
    faultOf = async (method) => {
      if (method === "DELETE" && ++calls === 3) {
        stop.abort();
        // It has the signal before it has the answer.
        await sleep(2000);
      }
      return undefined;
    };
    const { code, stderr, gone, named } = await withFaults("team-c", stop.signal);
    assert.equal(code, 3);
    assert.match(stderr, /^SIGTERM: no further driver is deleted$/m);
    assert.deepEqual(new Set(gone), new Set(named("deleted")));
    assert.equal(gone.length, 3);
    assert.equal(named("not-tried").length, 75 - 3);
    for (const pod of gone) due.delete(pod);
  });

  it("as the CronJob says it deletes the rest, and a second time nothing", async () => {
    const { items } = (await cluster.api("GET", "/apis/batch/v1/cronjobs")) as {
      items: readonly { spec: { jobTemplate: { spec: { template: { spec: PodSpec } } } } }[];
    };
    const [sweep, ...args] = items[0]?.spec.jobTemplate.spec.template.spec.containers[0].args ?? [];
    assert.equal(sweep, "sweep");
    const before = await podsOf(cluster);
    const asStored = args.filter((arg) => arg !== "--in-cluster");
    assert.equal(asStored.length, args.length - 1);
    const { code, stdout } = await runSweep(asStored, { kubeconfig, later: LATER });
    assert.equal(code, 0, stdout);
    assert.match(stdout, new RegExp(`^\\d+ driver Pods: ${due.size} deleted$`, "m"));
    const there = await podsOf(cluster);
    assert.deepEqual(new Set([...before].filter((pod) => !there.has(pod))), due);
    const again = await runSweep(asStored, { kubeconfig, later: LATER });
    assert.match(again.stdout, /^\d+ driver Pods: 0 deleted$/m);
    assert.deepEqual(await podsOf(cluster), there);
  });
});

interface PodSpec {
  readonly containers: readonly [{ readonly args: readonly string[] }];
}

/** `young-7`: young */
const kindOf = (name: string) => name.replace(/-\d+$/, "");

async function changeLabels(cluster: Cluster, path: string): Promise<string> {
  const labels = { seen: "again" };
  await cluster.api("PATCH", path, { metadata: { labels } }, "application/merge-patch+json");
  return placeIn(path);
}

async function replace(cluster: Cluster, path: string): Promise<string> {
  await cluster.api("DELETE", path);
  const [namespace = "", name = ""] = placeIn(path).split("/");
  await createFinished(cluster, namespace, driverPod({ name }), { phase: "Running" });
  return placeIn(path);
}

/** `namespace/name` of a Pod's path. */
function placeIn(path: string): string {
  const [, namespace = "", name = ""] = /\/namespaces\/([^/]+)\/pods\/([^/?]+)/.exec(path) ?? [];
  return `${namespace}/${name}`;
}
