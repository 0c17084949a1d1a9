// The memory rule on Pods.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PolicyOutcome, Run } from "../../../src/engine/decision.ts";
import type { EnvVar, Pod, ResourceRequirements } from "../../../src/kubernetes/pod.ts";
import { decided } from "../../fixtures/decided.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { driverPod, executorPod } from "../../fixtures/pods.ts";
import { policySet, policyText } from "../../fixtures/policies.ts";

type Block = Readonly<Record<string, unknown>>;

const memory = (amount: string | undefined, request = amount): ResourceRequirements => ({
  requests: { cpu: "1", ...(request !== undefined && { memory: request }) },
  limits: amount === undefined ? {} : { memory: amount },
});

interface Executor {
  readonly heap?: readonly EnvVar[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly profile?: string;
  readonly pod?: Block;
}

const heapOf = (value: string): readonly EnvVar[] => [{ name: "SPARK_EXECUTOR_MEMORY", value }];
const CARRIED = { "sparkgate.io/app": '{"v":1,"language":"python","shuffle":"executors"}' };

/** With a heap of 8 GiB unless told; a sidecar comes before the container that runs Spark. */
function executor(resources: ResourceRequirements, details: Executor = {}): Pod {
  const { heap = heapOf("8192m"), annotations, profile = "0", pod: more } = details;
  const pod = executorPod(1, { labels: { "spark-exec-resourceprofile-id": profile } });
  const containers = (pod.spec?.containers ?? []).map((container) => ({
    ...container,
    env: [...(container.env ?? []), ...heap],
    resources,
  }));
  return {
    ...pod,
    metadata: { ...pod.metadata, ...(annotations && { annotations }) },
    spec: {
      ...pod.spec,
      containers: [{ name: "log", image: "log:1", resources: memory("1Mi") }, ...containers],
      ...more,
    },
  };
}

function run(block: Block, pod: Pod, policy: Block = {}): Run {
  const set = policySet(policyText("p", { ...policy, memory: block }));
  const { enforced } = decided(set, pod);
  const again = decided(set, enforced.pod).enforced;
  assert.deepEqual(again.operations, []);
  return enforced;
}

const RAISE = { action: "Raise" };
const outcome = ({ outcomes }: Run): PolicyOutcome | undefined => outcomes[0];
const kept = (result: Run) => outcome(result)?.effect?.kept ?? [];
const told = (result: Run) =>
  (outcome(result)?.violations ?? []).map(
    ({ field, message, fix }) => `${field} ${message}. ${fix ?? ""}`,
  );
/** Request and limit of the container that runs Spark. */
const amounts = ({ pod }: Run) => {
  const { requests, limits } = pod.spec?.containers?.[1]?.resources ?? {};
  return [requests?.["memory"], limits?.["memory"]];
};

describe("memory: Raise on executors' Pods", () => {
  const cases: readonly (readonly [string, Pod, Block, readonly (string | undefined)[]])[] = [
    ["request and limit", executor(memory("8576Mi")), {}, ["9011Mi", "9011Mi"]],
    ["in other units too", executor(memory("8Gi")), {}, ["9011Mi", "9011Mi"]],
    [
      "a request of its own with the limit",
      executor(memory("8576Mi", "4Gi")),
      {},
      ["9011Mi", "9011Mi"],
    ],
    [
      "the limit alone where there is no request",
      executor({ limits: { memory: "8576Mi" } }),
      {},
      [undefined, "9011Mi"],
    ],
    [
      "no request that is higher, which the API server refuses",
      executor(memory("8576Mi", "64Gi")),
      {},
      ["64Gi", "9011Mi"],
    ],
    ["nothing where there is enough", executor(memory("9011Mi")), {}, ["9011Mi", "9011Mi"]],
    ["nothing where there is more", executor(memory("64Gi")), {}, ["64Gi", "64Gi"]],
    [
      "no request that is lower than a limit with room",
      executor(memory("10Gi", "1Gi")),
      {},
      ["1Gi", "10Gi"],
    ],
    ["nothing without a limit", executor(memory(undefined, "1Gi")), {}, ["1Gi", undefined]],
    [
      "to minOverhead",
      executor(memory("1Gi"), { heap: heapOf("512m") }),
      { minOverhead: "1Gi" },
      ["1536Mi", "1536Mi"],
    ],
    [
      "by the last of two heaps, as the kubelet does",
      executor(memory("9011Mi"), { heap: [...heapOf("1g"), ...heapOf("10g")] }),
      {},
      ["11264Mi", "11264Mi"],
    ],
    ["up to maxTotal", executor(memory("8576Mi")), { maxTotal: "9011Mi" }, ["9011Mi", "9011Mi"]],
    [
      "nothing above maxTotal",
      executor(memory("8576Mi")),
      { maxTotal: "9010Mi" },
      ["8576Mi", "8576Mi"],
    ],
    [
      "none whose conf was seen",
      executor(memory("8576Mi"), { annotations: CARRIED }),
      {},
      ["8576Mi", "8576Mi"],
    ],
    [
      "those of another profile, of which no conf tells, by the language that is known",
      executor(memory("8576Mi"), { annotations: CARRIED, profile: "1" }),
      {},
      ["11468Mi", "11468Mi"],
    ],
    [
      "none with a heap that only the kubelet knows",
      executor(memory("8Gi"), { heap: [{ name: "SPARK_EXECUTOR_MEMORY", valueFrom: {} }] }),
      {},
      ["8Gi", "8Gi"],
    ],
    [
      "none with a limit for the Pod as a whole",
      executor(memory("8576Mi"), { pod: { resources: { limits: { memory: "8700Mi" } } } }),
      {},
      ["8576Mi", "8576Mi"],
    ],
  ];
  for (const [name, pod, block, expected] of cases) {
    it(`raises ${name}`, () => {
      assert.deepEqual(amounts(run({ ...RAISE, ...block }, pod)), expected);
    });
  }

  it("touches nothing else of the Pod, and says what it did", () => {
    const result = run(RAISE, executor(memory("8576Mi")));
    assert.deepEqual(
      result.operations.filter(({ path }) => !path.includes("annotations")),
      [
        { op: "replace", path: "/spec/containers/1/resources/limits/memory", value: "9011Mi" },
        { op: "replace", path: "/spec/containers/1/resources/requests/memory", value: "9011Mi" },
      ],
    );
    assert.deepEqual(outcome(result)?.effect, {
      ...{ summary: "memory 8576 -> 9011 MiB", replaced: [], kept: [] },
    });
  });

  it("says why it did not", () => {
    const low =
      "spec.containers[1].resources.limits.memory leaves 384 MiB beside the heap of 8192 MiB, needs 819 MiB: --conf spark.executor.memoryOverhead=819m";
    const pod = executor(memory("8576Mi"));
    assert.deepEqual(kept(run({ ...RAISE, maxTotal: "9010Mi" }, pod)), [
      `${low}; not raised: maxTotal leaves no room`,
    ]);
    const whole = executor(memory("8576Mi"), {
      pod: { resources: { limits: { memory: "8700Mi" } } },
    });
    assert.deepEqual(kept(run(RAISE, whole)), [
      `${low}; not raised: the Pod has a limit as a whole`,
    ]);
    for (const size of ["lots", "0m", "-1g", ""]) {
      assert.deepEqual(kept(run(RAISE, executor(memory("8Gi"), { heap: heapOf(size) }))), [
        "spec.containers[1].env cannot be judged: SPARK_EXECUTOR_MEMORY says no size: write the value out",
      ]);
    }
    assert.deepEqual(kept(run({}, pod)), [low]);
  });

  it("is never a reason to refuse", () => {
    const result = run({ ...RAISE, maxTotal: "1Gi" }, executor(memory("8576Mi")), {
      denyExecutors: true,
    });
    assert.equal(result.refused, false);
  });
});

describe("memory: Deny on Pods", () => {
  const block = { action: "Deny", maxTotal: "64Gi" };
  const low =
    "spec.containers[1].resources.limits.memory leaves 384 MiB beside the heap of 8192 MiB, needs 819 MiB. --conf spark.executor.memoryOverhead=819m";

  it("refuses no executor unless the policy says so", () => {
    const pod = executor(memory("8576Mi"));
    const lenient = run(block, pod);
    assert.deepEqual(told(lenient), [low]);
    assert.equal(lenient.refused, false);
    assert.equal(run(block, pod, { denyExecutors: true }).refused, true);
  });

  it("is not lifted by what a job carries, nor made more by it", () => {
    const annotations = CARRIED;
    assert.deepEqual(told(run(block, executor(memory("8576Mi"), { annotations }))), [low]);
    // Python by its conf, with workers that have memory of their own.
    assert.deepEqual(told(run(block, executor(memory("9011Mi"), { annotations }))), []);
  });

  it("judges the whole of a driver, whose heap no Pod says", () => {
    const driver = (resources: ResourceRequirements) => {
      const pod = driverPod();
      const containers = (pod.spec?.containers ?? []).map((each) => ({ ...each, resources }));
      return { ...pod, spec: { ...pod.spec, containers } };
    };
    assert.equal(run(block, driver(memory("64Gi"))).refused, false);
    const refused = run(block, driver(memory("65Gi")));
    assert.equal(refused.refused, true);
    assert.deepEqual(told(refused), [
      "spec.containers[0].resources.limits.memory '65Gi' is above 64Gi. less of spark.driver.memory and what comes on top of it",
    ]);
    const requests = { requests: { memory: "65Gi" } };
    assert.match(told(run(block, driver(requests))).join(), /resources\.requests\.memory '65Gi'/);
    assert.deepEqual(kept(run({ ...block, action: "Warn" }, driver(requests))).length, 1);
    assert.deepEqual(told(run({ action: "Deny" }, driver(memory("65Gi")))), []);
  });

  it("judges the whole of an executor", () => {
    assert.deepEqual(told(run(block, executor(memory("65Gi")))), [
      "spec.containers[1].resources.limits.memory '65Gi' is above 64Gi. less of spark.executor.memory and what comes on top of it",
    ]);
  });

  it("has nothing to say of a Pod that runs already", () => {
    const set = policySet(policyText("p", { memory: block }));
    const pod = executor(memory("65Gi"));
    const request = { operation: "UPDATE", oldObject: pod, admission: "validating" } as const;
    assert.deepEqual(decided(set, pod, NO_FACTS, request).enforced.outcomes, []);
  });
});
