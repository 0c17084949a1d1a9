import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decide } from "../../../src/engine/decide.ts";
import type { Run } from "../../../src/engine/decision.ts";
import type { Facts } from "../../../src/engine/facts.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import type { Container, Pod, PodSpec, Volume } from "../../../src/kubernetes/pod.ts";
import { problemText } from "../../../src/policy/problem.ts";
import { deepFreeze } from "../../fixtures/deep-freeze.ts";
import { admitted, executorPod } from "../../fixtures/pods.ts";
import { compile, policySet, policyText } from "../../fixtures/policies.ts";

const LEVEL = "pod-security.kubernetes.io/enforce";
const namespace = (level?: string): Facts => ({
  ...NO_FACTS,
  namespace: { name: "team-a", labels: level === undefined ? {} : { [LEVEL]: level } },
});
const hostPath = (path: string): Omit<Volume, "name"> => ({
  hostPath: { path, type: "Directory" },
});
const two = [hostPath("/mnt/0"), hostPath("/mnt/1")];
const claim = {
  ephemeral: { volumeClaimTemplate: { spec: { accessModes: ["ReadWriteOnce"] } } },
};

interface Shape {
  readonly volumes?: readonly Volume[];
  readonly mounts?: readonly (readonly [string, string])[];
  readonly env?: Container["env"];
  readonly container?: Partial<Container>;
  readonly spec?: PodSpec;
}

/** An executor with one local dir, as Spark makes it, unless told otherwise. */
function executor({ volumes, mounts, env, container, spec }: Shape = {}): Pod {
  return executorPod(1, {
    spec: {
      volumes: volumes ?? [{ name: "spark-local-dir-1", emptyDir: {} }],
      containers: [
        { name: "log", image: "log:1", env: [{ name: "SPARK_LOCAL_DIRS", value: "/not/this" }] },
        {
          name: "spark-kubernetes-executor",
          image: "spark:3.5.9",
          args: ["executor"],
          env: env ?? [{ name: "SPARK_LOCAL_DIRS", value: "/var/data/spark-1" }],
          volumeMounts: (mounts ?? [["spark-local-dir-1", "/var/data/spark-1"]]).map(
            ([name, mountPath]) => ({ name, mountPath }),
          ),
          ...container,
        },
      ],
      ...spec,
    },
  });
}

function run(rule: object, pod: Pod, facts: Facts = namespace(), platform = "node-pool"): Run {
  const set = policySet(policyText("disk", { localDirs: rule }), { platform });
  const decision = decide(set, admitted(deepFreeze(pod)), facts);
  assert.equal(decision.kind, "decided");
  const { enforced } = decision;
  if (!enforced.refused) {
    const again = decide(set, admitted(deepFreeze(enforced.pod)), facts);
    assert.ok(again.kind === "decided");
    assert.deepEqual(again.enforced.operations, [], "a second pass changes nothing");
    assert.equal(again.enforced.outcomes[0]?.error, enforced.outcomes[0]?.error);
  }
  return enforced;
}

const sparkOf = ({ pod }: Run) =>
  pod.spec?.containers?.find(({ args }) => args?.[0] === "executor");
const dirsOf = (result: Run) => ({
  volumes: result.pod.spec?.volumes,
  mounts: sparkOf(result)?.volumeMounts?.map(({ name, mountPath }) => [name, mountPath]),
  env: sparkOf(result)?.env,
});
const keptOf = (result: Run) => result.outcomes[0]?.effect?.kept ?? [];
const terms = ({ pod }: Run) =>
  pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms;
const onDisk = (name: string) => ({
  matchExpressions: [{ key: "sparkgate.io/local-disk", operator: "In", values: [name] }],
});

describe("localDirs: what Spark has made", () => {
  it("keeps names, paths and the variable, and swaps what is under them", () => {
    const result = run({ disk: "host-path" }, executor());
    assert.deepEqual(dirsOf(result), {
      volumes: [{ name: "spark-local-dir-1", ...hostPath("/mnt/disks/ssd0") }],
      mounts: [["spark-local-dir-1", "/var/data/spark-1"]],
      env: [{ name: "SPARK_LOCAL_DIRS", value: "/var/data/spark-1" }],
    });
    const { summary, replaced } = result.outcomes[0]?.effect ?? {};
    assert.equal(summary, "shuffle on local disk host-path (1 dir)");
    assert.deepEqual(replaced, []);
    assert.deepEqual(terms(result), [onDisk("host-path")]);
  });

  it("matches dirs and disks by their order; more dirs than disks share them", () => {
    const pod = executor({
      volumes: ["a", "b", "c"].map((x) => ({ name: `spark-local-dir-${x}`, emptyDir: {} })),
      mounts: ["c", "a", "b"].map((x) => [`spark-local-dir-${x}`, `/data/${x}`] as const),
    });
    const { volumes } = dirsOf(run({ volumeSources: two }, pod));
    assert.deepEqual(volumes, [
      { name: "spark-local-dir-a", ...hostPath("/mnt/1") },
      { name: "spark-local-dir-b", ...hostPath("/mnt/0") },
      { name: "spark-local-dir-c", ...hostPath("/mnt/0") },
    ]);
  });

  it("adds dirs for further disks, and tells Spark of them in the last SPARK_LOCAL_DIRS", () => {
    const pod = executor({
      env: [
        { name: "SPARK_LOCAL_DIRS", value: "/template" },
        { name: "__proto__", value: "x" },
        { name: "SPARK_LOCAL_DIRS", value: "/var/data/spark-1" },
      ],
    });
    assert.deepEqual(dirsOf(run({ volumeSources: two }, pod)), {
      volumes: [
        { name: "spark-local-dir-1", ...hostPath("/mnt/0") },
        { name: "spark-local-dir-2", ...hostPath("/mnt/1") },
      ],
      mounts: [
        ["spark-local-dir-1", "/var/data/spark-1"],
        ["spark-local-dir-2", "/var/data/spark-local-dir-2"],
      ],
      env: [
        { name: "SPARK_LOCAL_DIRS", value: "/template" },
        { name: "__proto__", value: "x" },
        { name: "SPARK_LOCAL_DIRS", value: "/var/data/spark-1,/var/data/spark-local-dir-2" },
      ],
    });
  });

  it("tells Spark of all where it was told of none", () => {
    const result = run({ volumeSources: two }, executor({ env: [] }));
    assert.deepEqual(dirsOf(result).env, [
      { name: "SPARK_LOCAL_DIRS", value: "/var/data/spark-1,/var/data/spark-local-dir-2" },
    ]);
    assert.match(result.outcomes[0]?.effect?.summary ?? "", /\(2 dirs\)$/);
  });

  it("never mounts a further dir below or above a mount, nor takes a name twice", () => {
    const pod = executor({
      volumes: [
        { name: "spark-local-dir-1", emptyDir: {} },
        { name: "spark-local-dir-2", configMap: { name: "x" } },
        { name: "data", emptyDir: {} },
      ],
      mounts: [
        ["spark-local-dir-1", "/scratch"],
        ["data", "/var/data"],
      ],
      env: [{ name: "SPARK_LOCAL_DIRS", value: "/scratch" }],
    });
    const { mounts, env } = dirsOf(run({ volumeSources: two }, pod));
    assert.deepEqual(mounts?.at(-1), ["spark-local-dir-3", "/spark-local-dir-3"]);
    assert.equal(env?.[0]?.value, "/scratch,/spark-local-dir-3");
  });

  it("adds no dir where nobody can tell what the variable says", () => {
    for (const entry of [
      { value: "$(BASE)/spark" },
      { valueFrom: { configMapKeyRef: { name: "x", key: "y" } } },
    ]) {
      const env = [{ name: "SPARK_LOCAL_DIRS", ...entry }];
      const result = run({ volumeSources: two }, executor({ env }));
      assert.deepEqual(dirsOf(result).env, env);
      assert.equal(dirsOf(result).volumes?.length, 1);
      assert.deepEqual(keptOf(result), ["SPARK_LOCAL_DIRS cannot be read here: no further disks"]);
    }
  });

  it("gives a volume that is mounted twice one disk", () => {
    const pod = executor({
      mounts: [
        ["spark-local-dir-1", "/a"],
        ["spark-local-dir-1", "/b"],
      ],
    });
    const { volumes } = dirsOf(run({ volumeSources: [hostPath("/mnt/0")] }, pod));
    assert.deepEqual(volumes, [{ name: "spark-local-dir-1", ...hostPath("/mnt/0") }]);
  });
});

describe("localDirs: what the job has chosen", () => {
  const own: readonly (readonly [string, Volume])[] = [
    [
      "persistentVolumeClaim",
      { name: "spark-local-dir-1", persistentVolumeClaim: { claimName: "OnDemand" } },
    ],
    ["hostPath", { name: "spark-local-dir-1", ...hostPath("/mine") }],
    ["nfs", { name: "spark-local-dir-1", nfs: { server: "s", path: "/" } } as Volume],
    ["ephemeral", { name: "spark-local-dir-1", ephemeral: { volumeClaimTemplate: { spec: {} } } }],
  ];
  for (const [kind, volume] of own) {
    it(`leaves its ${kind} alone, adds no disks, asks for no nodes, and says so`, () => {
      const result = run({ volumeSources: two }, executor({ volumes: [volume] }));
      assert.deepEqual(result.operations, []);
      assert.deepEqual(keptOf(result), [`spark-local-dir-1 is left on the job's own ${kind}`]);
      assert.deepEqual(result.outcomes[0]?.effect?.replaced, []);
    });
  }

  it("swaps the others beside it", () => {
    const pod = executor({
      volumes: [
        { name: "spark-local-dir-1", emptyDir: {} },
        { name: "spark-local-dir-2", persistentVolumeClaim: { claimName: "c" } },
      ],
      mounts: [
        ["spark-local-dir-1", "/a"],
        ["spark-local-dir-2", "/b"],
      ],
    });
    const result = run({ volumeSources: [...two, ...two] }, pod);
    assert.equal(dirsOf(result).volumes?.length, 2);
    assert.deepEqual(dirsOf(result).volumes?.[0]?.hostPath?.path, "/mnt/0");
    assert.equal(keptOf(result).length, 1);
  });

  it("leaves tmpfs, or replaces it and says so", () => {
    const pod = executor({
      volumes: [{ name: "spark-local-dir-1", emptyDir: { medium: "Memory", sizeLimit: "1Gi" } }],
    });
    const kept = run({ disk: "host-path" }, pod);
    assert.deepEqual(kept.operations, []);
    assert.deepEqual(keptOf(kept), ["spark-local-dir-1 is left in memory (tmpfs)"]);
    for (const disk of ["host-path", "nvme"]) {
      const replaced = run({ disk, tmpfs: "Replace" }, pod);
      assert.equal(dirsOf(replaced).volumes?.[0]?.emptyDir?.medium, undefined);
      assert.deepEqual(replaced.outcomes[0]?.effect?.replaced, [
        "spark-local-dir-1 in memory (tmpfs) replaced: disk",
      ]);
    }
  });

  it("leaves everything where SPARK_EXECUTOR_DIRS is set, which the JVM takes first", () => {
    const env = [{ name: "SPARK_EXECUTOR_DIRS", value: "/x" }];
    const result = run({ volumeSources: two }, executor({ env }));
    assert.deepEqual(result.operations, []);
    assert.equal(keptOf(result).length, 1);
  });

  it("keeps its own size limit, and gets one where it has none", () => {
    const rule = { volumeSources: [{ emptyDir: { sizeLimit: "100Gi" } }], diskNodes: "Off" };
    const sized = (sizeLimit?: string) =>
      executor({
        volumes: [{ name: "spark-local-dir-1", emptyDir: sizeLimit ? { sizeLimit } : {} }],
      });
    assert.deepEqual(run(rule, sized("1Gi")).operations, []);
    assert.equal(dirsOf(run(rule, sized())).volumes?.[0]?.emptyDir?.sizeLimit, "100Gi");
  });
});

describe("localDirs: a Pod without local dirs", () => {
  const none = { volumes: [], mounts: [] as const };

  it("gets them whole, with the variable", () => {
    const result = run({ volumeSources: two }, executor({ ...none, env: [] }));
    assert.deepEqual(dirsOf(result), {
      volumes: [
        { name: "spark-local-dir-1", ...hostPath("/mnt/0") },
        { name: "spark-local-dir-2", ...hostPath("/mnt/1") },
      ],
      mounts: [
        ["spark-local-dir-1", "/var/data/spark-local-dir-1"],
        ["spark-local-dir-2", "/var/data/spark-local-dir-2"],
      ],
      env: [
        {
          name: "SPARK_LOCAL_DIRS",
          value: "/var/data/spark-local-dir-1,/var/data/spark-local-dir-2",
        },
      ],
    });
    const { replaced, kept } = result.outcomes[0]?.effect ?? {};
    assert.deepEqual([replaced, kept], [[], []]);
  });

  it("has no lists at all: they are made", () => {
    const bare = executorPod(1, {
      spec: {
        volumes: null,
        containers: [{ name: "spark", image: "spark:1", args: ["executor"] }],
      },
    });
    assert.equal(dirsOf(run({ disk: "host-path" }, bare)).volumes?.length, 1);
  });

  it("has no container for Spark: nothing is done, and nothing fails", () => {
    for (const spec of [{ containers: [] }, { containers: null }, null]) {
      const { metadata } = executor();
      for (const ifNotAllowed of ["Keep", "Deny"]) {
        const pod = { ...(metadata != null && { metadata }), ...(spec !== null && { spec }) };
        const result = run({ disk: "host-path", ifNotAllowed }, pod, namespace("baseline"));
        const { error, violations } = result.outcomes[0] ?? {};
        assert.deepEqual([result.operations, error, violations], [[], undefined, []]);
      }
    }
  });

  it("gets them where the variable says", () => {
    const env = [{ name: "SPARK_LOCAL_DIRS", value: "/a, /b" }];
    const { mounts, env: after } = dirsOf(run({ disk: "host-path" }, executor({ ...none, env })));
    assert.deepEqual(mounts, [
      ["spark-local-dir-1", "/a"],
      ["spark-local-dir-2", "/b"],
    ]);
    assert.deepEqual(after, env);
  });

  it("is left alone where nobody can tell what the variable says", () => {
    const env = [{ name: "SPARK_LOCAL_DIRS", value: "$(BASE)/spark" }];
    const result = run({ volumeSources: two }, executor({ ...none, env }));
    assert.deepEqual(result.operations, []);
    assert.deepEqual(keptOf(result), ["SPARK_LOCAL_DIRS cannot be read here: left as it is"]);
  });

  it("is left alone where the variable names a path on its own volume, or none that can be mounted", () => {
    const own = {
      volumes: [{ name: "scratch", persistentVolumeClaim: { claimName: "c" } }],
      mounts: [["scratch", "/scratch"]] as const,
    };
    for (const value of [
      "/scratch",
      "/scratch/spark",
      "/",
      "//",
      "tmp",
      "/a/../b",
      "/a:b",
      "/a,/a/b",
    ]) {
      const env = [{ name: "SPARK_LOCAL_DIRS", value }];
      const result = run({ volumeSources: two }, executor({ ...own, env }));
      assert.deepEqual(result.operations, [], value);
      assert.equal(keptOf(result).length, 1, value);
      const where = value.startsWith("/scratch") ? "on a volume of the job's own" : "as it is";
      assert.equal(keptOf(result)[0]?.endsWith(`is left ${where}`), true, value);
    }
    const env = [{ name: "SPARK_LOCAL_DIRS", value: "/scratch2" }];
    const beside = dirsOf(run({ volumeSources: [hostPath("/mnt/0")] }, executor({ ...own, env })));
    assert.deepEqual(beside.mounts?.at(-1), ["spark-local-dir-1", "/scratch2"]);
  });
});

describe("localDirs: hostPath and PodSecurity", () => {
  for (const level of ["baseline", "restricted", "future"]) {
    it(`puts none into a namespace that enforces ${level}: keeps, or refuses`, () => {
      const kept = run({ disk: "host-path" }, executor(), namespace(level));
      assert.deepEqual(kept.operations, []);
      assert.match(keptOf(kept)[0] ?? "", /refuses hostPath: local dirs are left as they are$/);
      assert.deepEqual(kept.outcomes[0]?.violations, []);
      const rule = { localDirs: { disk: "host-path", ifNotAllowed: "Deny" }, denyExecutors: true };
      const set = policySet(policyText("disk", rule), { platform: "node-pool" });
      const denied = decide(set, admitted(executor()), namespace(level));
      assert.ok(denied.kind === "decided" && denied.enforced.refused);
      assert.match(denied.enforced.outcomes[0]?.violations[0]?.message ?? "", /refuses hostPath/);
    });
  }

  for (const level of ["privileged", undefined]) {
    it(`has nothing against them in a namespace that enforces ${level ?? "nothing"}`, () => {
      for (const disk of ["host-path", "nvme"]) {
        const result = run({ disk, ifNotAllowed: "Deny" }, executor(), namespace(level));
        assert.deepEqual(result.outcomes[0]?.violations, []);
        assert.equal(result.outcomes[0].changes.length > 0, true);
      }
    });
  }

  it("fails where nothing is known of the namespace: onError says what that means", () => {
    const set = policySet(policyText("disk", { localDirs: { disk: "host-path" } }), {
      platform: "node-pool",
    });
    const decision = decide(set, admitted(executor()), NO_FACTS);
    assert.ok(decision.kind === "decided");
    assert.deepEqual(decision.enforced.operations, []);
    assert.match(decision.enforced.outcomes[0]?.error ?? "", /not known/);
  });

  it("needs no namespace for other volumes, nor where a job has chosen for itself", () => {
    const claimed = { name: "spark-local-dir-1", persistentVolumeClaim: { claimName: "c" } };
    assert.deepEqual(run({ disk: "nvme" }, executor(), NO_FACTS).outcomes[0]?.error, undefined);
    const own = run({ disk: "host-path" }, executor({ volumes: [claimed] }), NO_FACTS);
    assert.equal(own.outcomes[0]?.error, undefined);
    for (const source of [{ emptyDir: { sizeLimit: "1Gi" } }, claim]) {
      const rule = { volumeSources: [source, source], diskNodes: "Off", ifNotAllowed: "Deny" };
      const other = run(rule, executor(), NO_FACTS);
      assert.equal(other.outcomes[0]?.error, undefined);
      assert.equal(dirsOf(other).volumes?.length, 2);
    }
  });
});

describe("localDirs: what goes with the disk", () => {
  it("sets fsGroup for a volume of a StorageClass, which is root's, unless the job has one", () => {
    const rule = { volumeSources: [claim], diskNodes: "Off" };
    assert.deepEqual(run(rule, executor()).pod.spec?.securityContext, { fsGroup: 185 });
    const mixed = { volumeSources: [{ emptyDir: {} }, claim], diskNodes: "Off" };
    assert.deepEqual(run(mixed, executor()).pod.spec?.securityContext, { fsGroup: 185 });
    const none = { volumeSources: [{ emptyDir: {} }], diskNodes: "Off" };
    assert.equal(run(none, executor()).pod.spec?.securityContext, undefined);
    const securityContext = { fsGroup: 1000, runAsUser: 5 };
    const result = run(rule, executor({ spec: { securityContext } }));
    assert.deepEqual(result.pod.spec?.securityContext, securityContext);
  });

  it("takes a claim for its own also after the API server has filled in defaults", () => {
    const defaulted: Volume = {
      name: "spark-local-dir-1",
      ephemeral: {
        volumeClaimTemplate: {
          metadata: { creationTimestamp: null },
          spec: { accessModes: ["ReadWriteOnce"], volumeMode: "Filesystem" },
        },
      },
    };
    const pod = executor({ volumes: [defaulted], spec: { securityContext: { fsGroup: 185 } } });
    const result = run({ volumeSources: [claim], diskNodes: "Off" }, pod);
    assert.deepEqual(result.operations, []);
    assert.deepEqual(keptOf(result), []);
  });

  it("asks for storage where the job asks for none", () => {
    const rule = { ephemeralStorage: { request: "50Gi", limit: "90Gi" } };
    const asking = (resources?: Container["resources"]) =>
      run(rule, executor({ container: resources === undefined ? {} : { resources } }));
    assert.deepEqual(sparkOf(asking())?.resources, {
      requests: { "ephemeral-storage": "50Gi" },
      limits: { "ephemeral-storage": "90Gi" },
    });
    const cpu = asking({ requests: { cpu: "1" } });
    assert.deepEqual(sparkOf(cpu)?.resources?.requests, { cpu: "1", "ephemeral-storage": "50Gi" });
    for (const resources of [
      { requests: { "ephemeral-storage": "1Gi" } },
      { limits: { "ephemeral-storage": "2Gi" } },
    ]) {
      const result = asking(resources);
      assert.deepEqual(sparkOf(result)?.resources, resources);
      assert.match(keptOf(result)[0] ?? "", /^ephemeral-storage [12]Gi is left, less than 50Gi$/);
    }
    for (const enough of ["50Gi", "60Gi"]) {
      assert.deepEqual(keptOf(asking({ requests: { "ephemeral-storage": enough } })), []);
    }
    const mixed = { volumeSources: [{ emptyDir: {} }, claim], diskNodes: "Off", ...rule };
    assert.equal(
      sparkOf(run(mixed, executor()))?.resources?.requests?.["ephemeral-storage"],
      "50Gi",
    );
  });

  it("asks for storage without a limit where the policy has none", () => {
    const result = run({ ephemeralStorage: { request: "50Gi" } }, executor());
    assert.deepEqual(sparkOf(result)?.resources, { requests: { "ephemeral-storage": "50Gi" } });
    assert.ok(result.operations.every(({ path }) => !path.includes("limits")));
  });

  it("asks for no storage where the dirs that are the policy's are on no emptyDir", () => {
    const pod = executor({
      volumes: [
        { name: "spark-local-dir-1", emptyDir: {} },
        { name: "spark-local-dir-2", persistentVolumeClaim: { claimName: "c" } },
      ],
      mounts: [
        ["spark-local-dir-1", "/a"],
        ["spark-local-dir-2", "/b"],
      ],
    });
    const ephemeralStorage = { request: "50Gi" };
    const more = { volumeSources: [...two, { emptyDir: {} }], ephemeralStorage };
    assert.notEqual(sparkOf(run(more, executor()))?.resources, undefined);
    const volumeSources = [hostPath("/mnt/0"), { emptyDir: {} }];
    const result = run({ volumeSources, ephemeralStorage }, pod);
    assert.equal(dirsOf(result).volumes?.[0]?.hostPath?.path, "/mnt/0");
    assert.equal(sparkOf(result)?.resources, undefined);
  });

  it("runs on nodes with the disk, rather there, or anywhere", () => {
    assert.deepEqual(terms(run({}, executor())), [onDisk("nvme")]);
    const preferred = run({ diskNodes: "Preferred" }, executor());
    assert.equal(terms(preferred), undefined);
    assert.deepEqual(
      preferred.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution,
      [{ weight: 50, preference: onDisk("nvme") }],
    );
    const anywhere = run({ diskNodes: "Off" }, executor());
    assert.deepEqual([anywhere.operations, anywhere.outcomes[0]?.effect], [[], undefined]);
  });

  it("copes with null at every level of the affinity", () => {
    for (const affinity of [null, {}, { nodeAffinity: null }, { nodeAffinity: {} }]) {
      const pod = executor({ spec: { affinity } });
      assert.deepEqual(terms(run({}, pod)), [onDisk("nvme")]);
      const preferred = run({ diskNodes: "Preferred" }, pod).pod.spec?.affinity?.nodeAffinity;
      assert.equal(preferred?.preferredDuringSchedulingIgnoredDuringExecution?.length, 1);
    }
  });

  it("keeps the job's own terms, each with the disk", () => {
    const zone = (value: string) => ({
      key: "topology.kubernetes.io/zone",
      operator: "In",
      values: [value],
    });
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: ["a", "b"].map((value) => ({ matchExpressions: [zone(value)] })),
        },
      },
    };
    assert.deepEqual(
      terms(run({}, executor({ spec: { affinity } }))),
      ["a", "b"].map((value) => ({
        matchExpressions: [zone(value), ...onDisk("nvme").matchExpressions],
      })),
    );
  });

  it("leaves the nodes to Kueue, and puts no hostPath where Kueue may choose others", () => {
    const queued = (spec: PodSpec = {}) => {
      const pod = executor({ spec });
      const labels = { ...pod.metadata?.labels, "kueue.x-k8s.io/queue-name": "q" };
      return { ...pod, metadata: { ...pod.metadata, labels } };
    };
    assert.deepEqual(run({}, queued()).operations, []);
    assert.match(keptOf(run({}, queued()))[0] ?? "", /^Kueue chooses the nodes/);
    assert.deepEqual(run({ disk: "host-path" }, queued()).operations, []);
    const nodeSelectorTerms = [onDisk("host-path")];
    const affinity = {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    };
    const there = run({ disk: "host-path" }, queued({ affinity }));
    assert.equal(dirsOf(there).volumes?.[0]?.hostPath?.path, "/mnt/disks/ssd0");
    const unasked = run({ disk: "host-path", diskNodes: "Off" }, queued());
    assert.equal(dirsOf(unasked).volumes?.[0]?.hostPath?.path, "/mnt/disks/ssd0");
    const asks = run({ ephemeralStorage: { request: "5Gi" } }, queued());
    assert.equal(sparkOf(asks)?.resources?.requests?.["ephemeral-storage"], "5Gi");
    assert.deepEqual(keptOf(asks), [
      "Kueue chooses the nodes: those with disk nvme are not asked for",
    ]);
  });
});

describe("localDirs: together with placement", () => {
  for (const [first, second] of [
    [1, 0],
    [0, 1],
  ]) {
    it(`requires both, with priorities ${first} and ${second}`, () => {
      const set = policySet(
        [
          policyText("place", { priority: first, placement: { capacity: "spot" } }),
          policyText("disk", { priority: second, localDirs: {} }),
        ],
        { platform: "eks" },
      );
      const once = decide(set, admitted(executor()), NO_FACTS);
      assert.ok(once.kind === "decided");
      const found = terms(once.enforced) ?? [];
      assert.equal(found.length, 6, "two labels for spot, three for the disk");
      assert.ok(found.every((term) => term.matchExpressions?.length === 2));
      const twice = decide(set, admitted(once.enforced.pod), NO_FACTS);
      assert.ok(twice.kind === "decided");
      assert.deepEqual(twice.enforced.operations, []);
    });
  }
});

describe("localDirs: what cannot be", () => {
  const cases: readonly (readonly [string, object, RegExp])[] = [
    [
      "a disk that there is not",
      { disk: "nvmee" },
      /localDirs\.disk: platform 'node-pool' has no local disk 'nvmee', allowed: nvme, host-path, local-volume; did you mean 'nvme'\?$/,
    ],
    [
      "Preferred with hostPath",
      { disk: "host-path", diskNodes: "Preferred" },
      /localDirs\.diskNodes: does not go with hostPath: .*allowed: Required, Off/,
    ],
    [
      "a folder that somebody else would make",
      { volumeSources: [{ hostPath: { path: "/x", type: "DirectoryOrCreate" } }] },
      /volumeSources\[0\]\.hostPath\.type: /,
    ],
    [
      "two sources in one",
      { volumeSources: [{ emptyDir: {}, ...hostPath("/x") }] },
      /volumeSources\[0\]: needs exactly one of: emptyDir, hostPath, ephemeral; found emptyDir and hostPath$/,
    ],
    [
      "no source",
      { volumeSources: [{}] },
      /volumeSources\[0\]: needs exactly one of: .*found none$/,
    ],
    ["a path that goes up", { volumeSources: [hostPath("/mnt/../etc")] }, /goes up by \.\.$/],
    [
      "tmpfs, which is no disk",
      { volumeSources: [{ emptyDir: { medium: "Memory" } }] },
      /emptyDir\.medium: unknown key/,
    ],
    [
      "a request above the limit",
      { ephemeralStorage: { request: "2Gi", limit: "1Gi" } },
      /ephemeralStorage\.limit: is less than the request$/,
    ],
    [
      "a request that is none",
      { ephemeralStorage: { request: "2 GB" } },
      /ephemeralStorage\.request: '2 GB' is no quantity such as 100Gi$/,
    ],
    [
      "a request that means nothing",
      { disk: "host-path", ephemeralStorage: { request: "2Gi" } },
      /ephemeralStorage: counts for emptyDir alone/,
    ],
  ];
  for (const [what, rule, expected] of cases) {
    it(`tells ${what}`, () => {
      const { problems } = compile(policyText("disk", { localDirs: rule }), {
        platform: "node-pool",
      });
      assert.equal(problems.length, 1, problems.map(problemText).join("\n"));
      assert.match(problems.map(problemText).join(), expected);
    });
  }
});
