import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pod } from "../../../src/kubernetes/pod.ts";
import { decided } from "../../fixtures/decided.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { executorPod } from "../../fixtures/pods.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

const hostPath = (path: string) => ({ hostPath: { path, type: "Directory" } });
const set = policySet(
  policyText("disk", {
    localDirs: { diskNodes: "Off", volumeSources: [hostPath("/mnt/0"), hostPath("/mnt/1")] },
  }),
);
const facts = { ...NO_FACTS, namespace: { name: "team-a", labels: {} } };

function executor(mounts: readonly (readonly [string, string | undefined])[], localDirs = ""): Pod {
  const names = [...new Set(mounts.map(([name]) => name))];
  return executorPod(1, {
    spec: {
      volumes: names.map((name) => ({ name, emptyDir: {} })),
      containers: [
        {
          name: "spark-kubernetes-executor",
          image: "spark:3.5.9",
          args: ["executor"],
          env: localDirs === "" ? [] : [{ name: "SPARK_LOCAL_DIRS", value: localDirs }],
          volumeMounts: mounts.map(([name, mountPath]) =>
            mountPath === undefined ? { name } : { name, mountPath },
          ),
        },
      ],
    },
  });
}

function keptOf(pod: Pod): readonly string[] {
  const { enforced } = decided(set, pod, facts);
  assert.deepEqual(enforced.operations, []);
  return enforced.outcomes[0]?.effect?.kept ?? [];
}

const range = (count: number) => Array.from({ length: count }, (_none, index) => index);

describe("localDirs, where nothing can be mounted beside what is there", () => {
  for (const path of ["/", "", undefined, "//"]) {
    it(`is left alone with a volume at '${path ?? "no path"}'`, () => {
      assert.deepEqual(keptOf(executor([["root", path]])), [
        "a volume is mounted at /: no local dir beside it",
      ]);
    });
  }

  it("swaps what is there, and adds no further disk", () => {
    const pod = executor([
      ["root", "/"],
      ["spark-local-dir-1", "/var/data/spark-1"],
    ]);
    const { enforced } = decided(set, pod, facts);
    assert.deepEqual(enforced.pod.spec?.volumes?.[1], {
      name: "spark-local-dir-1",
      ...hostPath("/mnt/0"),
    });
    assert.deepEqual(enforced.outcomes[0]?.effect?.kept, [
      "a volume is mounted at /: no local dir beside it",
    ]);
  });

  it("finds a place however many are taken", () => {
    const taken = range(300).map(
      (index) => [`spark-local-${index}`, `/spark-local-dir-${index}`] as const,
    );
    const pod = executor([...taken, ["var", "/var/data"]]);
    const { enforced } = decided(set, pod, facts);
    assert.deepEqual(
      enforced.pod.spec?.volumes?.slice(-2).map(({ name }) => name),
      ["spark-local-dir-300", "spark-local-dir-301"],
    );
  });
});

describe("localDirs, more of them than any node has disks", () => {
  const text = "300 local dirs are left as they are, more than 256";

  it("leaves volumes of Spark's alone", () => {
    const mounts = range(300).map((index) => [`spark-local-dir-${index}`, `/d/${index}`] as const);
    assert.deepEqual(keptOf(executor(mounts)), [text]);
  });

  it("leaves paths alone that no volume is at", () => {
    const paths = range(300).map((index) => `/d/${index}`);
    assert.deepEqual(keptOf(executor([], paths.join(","))), [text]);
  });

  it("leaves a variable alone that lists more than there are volumes", () => {
    const paths = range(300).map((index) => `/d/${index}`);
    const pod = executor([["spark-local-dir-1", "/var/data/spark-1"]], paths.join(","));
    assert.deepEqual(keptOf(pod), [text]);
  });
});
