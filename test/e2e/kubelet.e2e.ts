// The process kubelet, on which other suites rely, by plain Pods of bash: what it does as the real one. Needs root and mount
// namespaces.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, afterEach, before, describe, it } from "node:test";
import { patchTypes } from "./api-client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { memoryEnforcement } from "./kubelet/memory-limit.ts";
import { type RunningNodes, startNodes } from "./nodes.ts";
import type { Container, ContainerStatus, Pod } from "./pod.ts";
import { until } from "./polling.ts";
import { cannotRunPods, type ProcessKubelet, startProcessKubelet } from "./process-kubelet.ts";
import { type Provisioner, startProvisioner, STORAGE_CLASS } from "./provisioner.ts";

const NAMESPACE = "/api/v1/namespaces/default";
const PODS = `${NAMESPACE}/pods`;
/** Keeps a deleted Pod's object, so that its last status can be read. */
const HOLD = "e2e.sparkgate.io/hold";
const KILLED = 137;

describe("the process kubelet", { skip: cannotRunPods }, () => {
  let cluster: Cluster;
  let nodes: RunningNodes;
  let kubelet: ProcessKubelet;
  let provisioner: Provisioner;

  before(async () => {
    cluster = await startCluster({ controllers: true });
    nodes = await startNodes(cluster, [{ name: "large" }, { name: "small" }, { name: "lost" }]);
    provisioner = await startProvisioner(cluster);
    const applications = join(cluster.directory, "applications");
    mkdirSync(applications);
    kubelet = await startProcessKubelet(cluster, {
      nodes: nodes.names,
      diskSizes: { small: "4Mi" },
      ...{ sparkHome: applications, applications }, // Spark is not needed
    });
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await kubelet.stop();
    provisioner.stop();
    nodes.stop();
    await cluster.stop();
  });

  it("runs init containers one after the other, a sidecar beside all, and ends it last", async () => {
    await run("ordered", {
      initContainers: [
        bash("first", "sleep 0.3; echo first >> /shared/order"),
        {
          ...bash(
            "sidecar",
            "trap 'cat /shared/order; exit' TERM; touch /shared/up; sleep 600 & wait",
          ),
          restartPolicy: "Always",
        },
        bash("second", "until [ -e /shared/up ]; do sleep 0.1; done; echo second >> /shared/order"),
      ],
      containers: [
        bash("slow", "sleep 0.5; echo slow >> /shared/order"),
        bash("quick", "echo quick >> /shared/order"),
      ],
      volumes: [{ name: "shared", emptyDir: {} }],
    });
    const { status } = await untilPhase("ordered", "Succeeded");
    assert.equal(kubelet.log("ordered", "sidecar"), "first\nsecond\nquick\nslow\n");
    assert.deepEqual(exitCodes(status?.initContainerStatuses), { first: 0, sidecar: 0, second: 0 });
    assert.deepEqual(exitCodes(status?.containerStatuses), { slow: 0, quick: 0 });
  });

  it("fails a Pod with an init container, and starts no other", async () => {
    await run("uninitialized", {
      initContainers: [bash("bad", "exit 3"), bash("next", "true")],
      containers: [bash("main", "true")],
    });
    const { status } = await untilPhase("uninitialized", "Failed");
    assert.deepEqual(exitCodes(status?.initContainerStatuses), { bad: 3, next: undefined });
    assert.equal(status?.containerStatuses?.[0]?.state.waiting?.reason, "PodInitializing");
  });

  it("calls a Pod Running until all containers have ended, and Failed where one of them has", async () => {
    await run("mixed", {
      containers: [
        bash("bad", "exit 4"),
        bash("good", "until [ -e /shared/end ]; do sleep 0.1; done"),
      ],
      volumes: [{ name: "shared", hostPath: { path: "/mnt/mixed" } }],
    });
    await until("one of two has ended, and the Pod is Running", async () => {
      const { status } = await read("mixed");
      return exitCodes(status?.containerStatuses)["bad"] === 4 && status?.phase === "Running";
    });
    mkdirSync(join(kubelet.nodeFolder("large", "/mnt/mixed"), "end"));
    const { status } = await untilPhase("mixed", "Failed");
    assert.deepEqual(exitCodes(status?.containerStatuses), { bad: 4, good: 0 });
  });

  it("runs preStop in the container, and only then sends SIGTERM", async () => {
    const preStop =
      "sleep 0.5; ps -C bash -o args= | grep -c [t]rap > /shared/seen; echo preStop > /shared/order";
    await run("asked", {
      containers: [
        {
          ...bash(
            "main",
            "trap 'cat /shared/seen /shared/order; exit 5' TERM; echo up; sleep 600 & wait",
          ),
          lifecycle: { preStop: { exec: { command: ["bash", "-c", preStop] } } },
        },
      ],
      volumes: [{ name: "shared", emptyDir: {} }],
    });
    await untilUp("asked");
    const { status } = await deleted("asked");
    // It sees the container's own process, and none of the machine's.
    assert.equal(kubelet.log("asked"), "up\n1\npreStop\n");
    assert.deepEqual(exitCodes(status?.containerStatuses), { main: 5 });
  });

  it("kills what outlives its grace; a preStop that takes all of it is not waited for", async () => {
    await run("stubborn", {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          ...bash("main", "trap 'echo asked' TERM; echo up; while :; do sleep 0.1; done"),
          lifecycle: { preStop: { exec: { command: ["sleep", "600"] } } },
        },
      ],
    });
    await untilUp("stubborn");
    const { status } = await deleted("stubborn");
    assert.equal(kubelet.log("stubborn"), "up\nasked\n");
    assert.deepEqual(exitCodes(status?.containerStatuses), { main: KILLED });
  });

  it(
    "kills a container with all of its processes where one takes more than its memory limit",
    { skip: memoryEnforcement === "ulimit" && "no memory cgroup here" },
    async () => {
      const greedy = bash("greedy", "head -c 200M /dev/zero | tail > /dev/null & sleep 600");
      const frugal = bash("frugal", "until [ -e /shared/end ]; do sleep 0.1; done");
      const limit = { resources: { limits: { memory: "64Mi" } } };
      await run("oom", {
        containers: [
          { ...greedy, ...limit },
          { ...frugal, ...limit },
        ],
        volumes: [{ name: "shared", hostPath: { path: "/mnt/oom" } }],
      });
      const ended = await until("one is killed", async () => {
        const statuses = (await read("oom")).status?.containerStatuses ?? [];
        return statuses.find(({ state }) => state.terminated)?.state.terminated;
      });
      assert.equal(ended.exitCode, KILLED);
      assert.equal(ended.reason, "OOMKilled");
      mkdirSync(join(kubelet.nodeFolder("large", "/mnt/oom"), "end"));
      const { status } = await untilPhase("oom", "Failed");
      assert.deepEqual(exitCodes(status?.containerStatuses), { greedy: KILLED, frugal: 0 });
      const folder = memoryEnforcement === "cgroup v1" ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
      const uid = (await read("oom")).metadata.uid ?? "";
      assert.deepEqual(
        readdirSync(folder).filter((group) => group.includes(uid)),
        [],
      );
    },
  );

  it(
    "gives a process no more than its limit where there is no memory cgroup",
    { skip: memoryEnforcement !== "ulimit" && "there is one" },
    async () => {
      const greedy = bash("greedy", "head -c 200M /dev/zero | tail > /dev/null");
      await run("ulimit", {
        containers: [{ ...greedy, resources: { limits: { memory: "64Mi" } } }],
      });
      const { status } = await untilPhase("ulimit", "Failed");
      assert.deepEqual(exitCodes(status?.containerStatuses), { greedy: 1 });
      assert.match(kubelet.log("ulimit"), /memory exhausted/);
    },
  );

  it("lets nobody write more than fits on a node's disk, or into an emptyDir in memory", async () => {
    const fill = (path: string) =>
      `head -c 8M /dev/zero > ${path}/file; echo $(stat -c %s ${path}/file)`;
    await run("full", {
      nodeName: "small",
      containers: [
        {
          ...bash("main", `${fill("/shared")}; ${fill("/memory")}`),
          volumeMounts: [
            { name: "shared", mountPath: "/shared" },
            { name: "memory", mountPath: "/memory" },
          ],
        },
      ],
      volumes: [
        { name: "shared", emptyDir: {} },
        { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "2Mi" } },
      ],
    });
    await untilPhase("full", "Succeeded");
    const log = kubelet.log("full");
    assert.equal(log.match(/No space left on device/g)?.length, 2, log);
    const [onDisk = 0, inMemory = 0] = (log.match(/^\d+$/gm) ?? []).map(Number);
    assert.ok(onDisk > 3 << 20 && onDisk < 4 << 20, log);
    assert.equal(inMemory, 2 << 20);
  });

  it("evicts who writes more than the sizeLimit of an emptyDir on disk", async () => {
    await run("evicted", {
      containers: [bash("main", "head -c 3M /dev/zero > /shared/file; sleep 600")],
      volumes: [{ name: "shared", emptyDir: { sizeLimit: "1Mi" } }],
    });
    const { status } = await untilPhase("evicted", "Failed");
    assert.equal(status?.reason, "Evicted");
    assert.equal(status.message, 'Usage of EmptyDir volume "shared" exceeds the limit "1Mi". ');
    assert.deepEqual(exitCodes(status.containerStatuses), { main: KILLED });
  });

  it("keeps a claim's files from Pod to Pod, for the group that may write them", async () => {
    await cluster.api("POST", `${NAMESPACE}/persistentvolumeclaims`, {
      metadata: { name: "kept" },
      spec: {
        storageClassName: STORAGE_CLASS,
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
      },
    });
    const volumes = [{ name: "shared", persistentVolumeClaim: { claimName: "kept" } }];
    const write = bash("main", "echo kept > /shared/file");
    // Placed by the scheduler, which chooses the claim's node.
    const scheduled = { nodeName: "", volumes };
    await run("forbidden", { ...scheduled, containers: [write] });
    await untilPhase("forbidden", "Failed");
    assert.match(kubelet.log("forbidden"), /Permission denied/);
    const securityContext = { fsGroup: 185 };
    await run("writer", { ...scheduled, securityContext, containers: [write] });
    await untilPhase("writer", "Succeeded");
    await run("reader", { ...scheduled, containers: [bash("main", "cat /shared/file")] });
    await untilPhase("reader", "Succeeded");
    assert.equal(kubelet.log("reader"), "kept\n");
  });

  it("takes a node with its disk and all that runs on it, of which the cluster is told nothing", async () => {
    const beat = "while :; do echo beat; sleep 0.05; done";
    for (const node of ["lost", "large"]) {
      await run(`on-${node}`, {
        nodeName: node,
        containers: [bash("main", `echo > /shared/file; ${beat}`)],
        volumes: [{ name: "shared", emptyDir: {} }],
      });
      await until(`on-${node} runs`, () => kubelet.log(`on-${node}`).includes("beat"));
    }
    await untilPhase("on-lost", "Running");
    nodes.forget("lost");
    await kubelet.takeNode("lost");
    const lengths = () => ["on-lost", "on-large"].map((pod) => kubelet.log(pod).length);
    const [lost, large = 0] = lengths();
    await until("the other Pod has gone on", () => (lengths()[1] ?? 0) > large + 50);
    assert.equal(lengths()[0], lost);
    assert.ok(!existsSync(kubelet.nodeFolder("lost", "")));
    assert.equal((await read("on-lost")).status?.phase, "Running");
    await run("too-late", { nodeName: "lost", containers: [bash("main", "true")] });
    await sleep(500);
    assert.equal((await read("too-late")).status?.phase, "Pending");
  });

  /** Creates a Pod on the node `large`, unless told otherwise. */
  async function run(name: string, spec: Partial<Pod["spec"]>): Promise<void> {
    await cluster.api("POST", PODS, {
      metadata: { name, finalizers: [HOLD] },
      spec: { nodeName: "large", restartPolicy: "Never", ...spec },
    });
  }

  async function read(name: string): Promise<Pod> {
    return (await cluster.api("GET", `${PODS}/${name}`)) as Pod;
  }

  function untilPhase(name: string, phase: string): Promise<Pod> {
    return until(`${name} is ${phase}`, async () => {
      const pod = await read(name);
      return pod.status?.phase === phase && pod;
    });
  }

  /** Running, and its trap is set. */
  async function untilUp(name: string): Promise<void> {
    await untilPhase(name, "Running");
    await until(`${name} is up`, () => kubelet.log(name).startsWith("up"));
  }

  /** Deletes a Pod, and answers its last state. */
  async function deleted(name: string): Promise<Pod> {
    await cluster.api("DELETE", `${PODS}/${name}`);
    const pod = await until(`the kubelet is done with ${name}`, async () => {
      const last = await read(name);
      return last.metadata.deletionGracePeriodSeconds === 0 && last;
    });
    const released = { metadata: { finalizers: null } };
    await cluster.api("PATCH", `${PODS}/${name}`, released, patchTypes.merge);
    return pod;
  }
});

/** A container that runs a script and has the volume `shared`, which its Pod may have. */
function bash(name: string, script: string): Container {
  return {
    ...{ name, image: "bash", command: ["bash", "-c", script] },
    ...(script.includes("/shared")
      ? { volumeMounts: [{ name: "shared", mountPath: "/shared" }] }
      : {}),
  };
}

function exitCodes(statuses: readonly ContainerStatus[] = []): Record<string, number | undefined> {
  return Object.fromEntries(statuses.map(({ name, state }) => [name, state.terminated?.exitCode]));
}
