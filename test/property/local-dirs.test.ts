import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import jsonpatch, { type Operation } from "fast-json-patch";
import { decide } from "../../src/engine/decide.ts";
import type { Facts } from "../../src/engine/facts.ts";
import type { Pod, Volume } from "../../src/kubernetes/pod.ts";
import { deepFreeze } from "../fixtures/deep-freeze.ts";
import { admitted, executorPod } from "../fixtures/pods.ts";
import { policySet, policyText } from "../fixtures/policies.ts";

const facts: Facts = { namespace: { name: "team-a", labels: {} }, at: 0 };

const source = fc.constantFrom<Omit<Volume, "name">>(
  { emptyDir: {} },
  { emptyDir: { sizeLimit: "9Gi" } },
  { hostPath: { path: "/mnt/0", type: "Directory" } },
  { hostPath: { path: "/mnt/1", type: "Directory" } },
  { ephemeral: { volumeClaimTemplate: { spec: { storageClassName: "fast-disks" } } } },
);
const rule = fc.record(
  {
    volumeSources: fc.array(source, { minLength: 1, maxLength: 4 }),
    diskNodes: fc.constantFrom("Required", "Off"),
    tmpfs: fc.constantFrom("Keep", "Replace"),
  },
  { requiredKeys: ["volumeSources"] },
);

const plain = { noNullPrototype: true } as const;
const volumeNames = ["spark-local-dir-1", "spark-local-dir-2", "spark-local-dir-x", "data", "conf"];
const paths = ["/var/data/spark-1", "/var/data", "/a", "/a/b", "/scratch", "/spark-local-dir-2"];
const pod: fc.Arbitrary<Pod> = fc
  .record({
    volumes: fc.uniqueArray(
      fc.record(
        {
          name: fc.constantFrom(...volumeNames),
          source: fc.oneof(
            source,
            fc.constantFrom<Omit<Volume, "name">>(
              { emptyDir: { medium: "Memory" } },
              { persistentVolumeClaim: { claimName: "c" } },
            ),
          ),
          path: fc.option(fc.constantFrom(...paths), { freq: 5 }),
        },
        plain,
      ),
      { selector: ({ name }) => name, maxLength: 4 },
    ),
    env: fc.array(
      fc.record(
        {
          name: fc.constantFrom("SPARK_LOCAL_DIRS", "SPARK_LOCAL_DIRS", "__proto__", "X"),
          value: fc.constantFrom("/a", "/a,/scratch", "/var/data/spark-1", "", "$(X)", "/x/../a"),
        },
        plain,
      ),
      { maxLength: 3 },
    ),
  })
  .map(({ volumes, env }) => {
    const used = new Set<string>();
    const volumeMounts = volumes.flatMap(({ name, path }) => {
      if (path === null || used.has(path)) return []; // a mountPath is unique in a valid container
      used.add(path);
      return [{ name, mountPath: path }];
    });
    return executorPod(1, {
      spec: {
        volumes: volumes.map(({ name, source: kind }) => ({ name, ...kind })),
        containers: [{ name: "spark", image: "spark:1", args: ["executor"], env, volumeMounts }],
      },
    });
  });

const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

function partsOf({ spec }: Pod) {
  const container = spec?.containers?.[0];
  return {
    volumes: spec?.volumes ?? [],
    mounts: (container?.volumeMounts ?? []).map(({ name, mountPath }) => [name, mountPath ?? ""]),
    dirs: container?.env?.findLast(({ name }) => name === "SPARK_LOCAL_DIRS")?.value?.split(","),
  };
}

const isSwappable = ({ name, emptyDir }: Volume) =>
  emptyDir != null && name.startsWith("spark-local-dir-");

/** Every mount has its volume, every new mount a place of its own that Spark is told of. */
function assertConsistent(object: Pod, result: Pod): void {
  const [before, after] = [partsOf(object), partsOf(result)];
  const names = after.volumes.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const volume of after.volumes) assert.equal(Object.keys(volume).length, 2, "one source");
  for (const [index, volume] of before.volumes.entries()) {
    if (!isSwappable(volume)) assert.deepEqual(after.volumes[index], volume);
  }
  for (const [name = ""] of after.mounts) assert.ok(names.includes(name));
  assert.deepEqual(after.mounts.slice(0, before.mounts.length), before.mounts);
  const paths = after.mounts.map(([, path = ""]) => path);
  for (const path of paths.slice(before.mounts.length)) {
    const clashing = paths.filter((other) => within(other, path) || within(path, other));
    assert.deepEqual(clashing, [path]);
    assert.ok(after.dirs?.includes(path), path);
  }
}

describe("localDirs", () => {
  it("leaves a valid Pod valid, the job's own volumes as they are, and nothing for a second pass", () => {
    fc.assert(
      fc.property(rule, pod, (block, object) => {
        const set = policySet(policyText("disk", { localDirs: block }), { platform: "node-pool" });
        const decision = decide(set, admitted(deepFreeze(object)), facts);
        assert.ok(decision.kind === "decided");
        const { pod: after, operations } = decision.enforced;

        const patched = jsonpatch.applyPatch(
          structuredClone(object),
          structuredClone(operations) as Operation[],
          true,
        ).newDocument;
        assert.deepEqual(patched, after);
        const again = decide(set, admitted(deepFreeze(patched)), facts);
        assert.ok(again.kind === "decided");
        assert.deepEqual(again.enforced.operations, []);

        assertConsistent(object, after);
      }),
      { numRuns: 1500 },
    );
  });
});
