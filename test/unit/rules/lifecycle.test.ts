import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Effect } from "../../../src/engine/policy.ts";
import type { Pod, PodSpec, StringMap } from "../../../src/kubernetes/pod.ts";
import { problemText } from "../../../src/policy/problem.ts";
import { decided, outcomeOf } from "../../fixtures/decided.ts";
import { driverPod, executorPod } from "../../fixtures/pods.ts";
import { compile, policySet, policyText } from "../../fixtures/policies.ts";

const SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const DO_NOT_DISRUPT = "karpenter.sh/do-not-disrupt";
const TTL = "sparkgate.io/ttl-seconds-after-finished";
const CAPACITY = "karpenter.sh/capacity-type";

interface Options {
  readonly platform?: string;
  readonly more?: readonly string[];
}

interface Result {
  readonly pod: Pod;
  readonly effect: Effect | undefined;
  readonly annotations: StringMap;
}

/** What a lifecycle makes of a Pod; the second pass must leave it. */
function run(
  lifecycle: object,
  object: Pod,
  { platform = "eks", more = [] }: Options = {},
): Result {
  const set = policySet([policyText("life", { lifecycle }), ...more], { platform });
  const { enforced } = decided(set, object);
  const again = decided(set, enforced.pod);
  assert.deepEqual(again.enforced.operations, [], "a second pass changes nothing");
  assert.equal(enforced.refused, false);
  const annotations = Object.fromEntries(
    Object.entries(enforced.pod.metadata?.annotations ?? {}).filter(
      ([key]) => key !== "sparkgate.io/applied",
    ),
  );
  return { pod: enforced.pod, effect: outcomeOf(enforced, "life").effect, annotations };
}

const told = ({ effect }: Result) => [...(effect?.replaced ?? []), ...(effect?.kept ?? [])];

function annotated(annotations: StringMap): Pod {
  const pod = driverPod();
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

/** A Pod as the API server sends it: defaulted. */
function defaulted(spec: PodSpec & Readonly<Record<string, unknown>> = {}, id?: number): Pod {
  const filled = {
    ...{ terminationGracePeriodSeconds: 30, priority: 0 },
    ...{ preemptionPolicy: "PreemptLowerPriority" },
    ...spec,
  };
  return id === undefined ? driverPod({ spec: filled }) : executorPod(id, { spec: filled });
}

describe("lifecycle: eviction", () => {
  const cases: readonly (readonly [string, "Protect" | "Allow", StringMap])[] = [
    ["karpenter", "Protect", { [DO_NOT_DISRUPT]: "true" }],
    ["karpenter", "Allow", {}],
    ["eks", "Protect", { [SAFE_TO_EVICT]: "false", [DO_NOT_DISRUPT]: "true" }],
    ["eks", "Allow", { [SAFE_TO_EVICT]: "true" }],
    ["gke", "Protect", { [SAFE_TO_EVICT]: "false" }],
    ["gke", "Allow", { [SAFE_TO_EVICT]: "true" }],
    ["aks", "Protect", { [SAFE_TO_EVICT]: "false" }],
    ["oke", "Protect", { [SAFE_TO_EVICT]: "false" }],
    ["ack", "Protect", { [SAFE_TO_EVICT]: "false", "goatscaler.io/safe-to-evict": "false" }],
    ["node-pool", "Protect", { [SAFE_TO_EVICT]: "false", [DO_NOT_DISRUPT]: "true" }],
  ];
  for (const [platform, eviction, annotations] of cases) {
    it(`${eviction} is said as the autoscalers of ${platform} have it`, () => {
      assert.deepEqual(run({ eviction }, driverPod(), { platform }).annotations, annotations);
    });
  }

  it("is said by the platform's own annotations, or by the well-known ones where it names none", () => {
    const capacities = [
      {
        name: "on-demand",
        nodeSelectorTerms: [{ matchExpressions: [{ key: "pool", operator: "Exists" }] }],
      },
    ];
    const own = (more: object) =>
      JSON.stringify({
        apiVersion: "sparkgate.io/v1alpha1",
        kind: "SparkPlatform",
        metadata: { name: "acme" },
        spec: { capacityKeys: ["pool"], capacities, ...more },
      });
    const of = (more: object, eviction: string) =>
      run({ platform: "acme", eviction }, driverPod(), { more: [own(more)] }).annotations;
    assert.deepEqual(of({}, "Protect"), { [SAFE_TO_EVICT]: "false", [DO_NOT_DISRUPT]: "true" });
    assert.deepEqual(of({}, "Allow"), { [SAFE_TO_EVICT]: "true" });
    const eviction = { protect: { "acme.com/stay": "yes" } };
    assert.deepEqual(of({ eviction }, "Protect"), { "acme.com/stay": "yes" });
    assert.deepEqual(of({ eviction }, "Allow"), {});
  });

  it("tells what it did, and leaves what is so already", () => {
    const { effect } = run({ eviction: "Protect" }, driverPod());
    assert.deepEqual(effect, { summary: "protected from eviction", replaced: [], kept: [] });
    assert.equal(run({ eviction: "Allow" }, executorPod(1)).effect?.summary, "may be evicted");
    const already = annotated({ [SAFE_TO_EVICT]: "false", [DO_NOT_DISRUPT]: "true" });
    assert.deepEqual(run({ eviction: "Protect" }, already).effect, {
      summary: undefined,
      replaced: [],
      kept: [],
    });
  });

  it("keeps or replaces what the job says itself, each annotation on its own", () => {
    const own = annotated({ [DO_NOT_DISRUPT]: "30m", constructor: "x" });
    const kept = run({ eviction: "Protect" }, own);
    assert.deepEqual(kept.annotations, {
      [DO_NOT_DISRUPT]: "30m",
      constructor: "x",
      [SAFE_TO_EVICT]: "false",
    });
    assert.deepEqual(kept.effect, {
      summary: "protected from eviction",
      replaced: [],
      kept: [`metadata.annotations[${DO_NOT_DISRUPT}] stays as the job has it`],
    });
    const replaced = run({ eviction: "Protect", onUserChoice: "Replace" }, own);
    assert.equal(replaced.annotations[DO_NOT_DISRUPT], "true");
    assert.deepEqual(replaced.effect?.replaced, [
      `metadata.annotations[${DO_NOT_DISRUPT}] replaced: 'true'`,
      "protected from eviction",
    ]);
  });

  it("Allow takes away, or keeps, what would protect", () => {
    const own = annotated({ [DO_NOT_DISRUPT]: "true", [SAFE_TO_EVICT]: "false" });
    const kept = run({ eviction: "Allow" }, own);
    assert.deepEqual(kept.annotations, own.metadata?.annotations);
    assert.equal(kept.effect?.kept.length, 2);
    const replaced = run({ eviction: "Allow", onUserChoice: "Replace" }, own);
    assert.deepEqual(replaced.annotations, { [SAFE_TO_EVICT]: "true" });
    assert.deepEqual(replaced.effect?.replaced, [
      `metadata.annotations[${SAFE_TO_EVICT}] replaced: 'true'`,
      `metadata.annotations[${DO_NOT_DISRUPT}] taken away`,
      "may be evicted",
    ]);
  });
});

describe("lifecycle: priorityClassName", () => {
  const lifecycle = { priorityClassName: "spark-driver" };
  const prioritySpec = ({ pod }: Result) => {
    const { priorityClassName, ...spec } = pod.spec ?? {};
    return [
      priorityClassName,
      Object.hasOwn(spec, "priority"),
      Object.hasOwn(spec, "preemptionPolicy"),
    ];
  };

  it("is set, and what the Priority plugin had made of the lack of one is taken out", () => {
    const result = run(lifecycle, defaulted());
    assert.deepEqual(prioritySpec(result), ["spark-driver", false, false]);
    assert.equal(result.effect?.summary, "priorityClassName spark-driver");
  });

  it("is set on a Pod as Spark has it in a file, too", () => {
    assert.deepEqual(prioritySpec(run(lifecycle, driverPod())), ["spark-driver", false, false]);
  });

  it("leaves a Pod that has it already with its priority", () => {
    const result = run(lifecycle, defaulted({ priorityClassName: "spark-driver", priority: 7 }));
    assert.deepEqual(prioritySpec(result), ["spark-driver", true, true]);
    assert.deepEqual(told(result), []);
  });

  it("keeps or replaces another class, the job's own or the cluster's default", () => {
    const object = defaulted({ priorityClassName: "batch", priority: 100 });
    const kept = run(lifecycle, object);
    assert.deepEqual(prioritySpec(kept), ["batch", true, true]);
    assert.deepEqual(told(kept), [
      "spec.priorityClassName 'batch' stays: the job's own, or the cluster's default",
    ]);
    const replaced = run({ ...lifecycle, onUserChoice: "Replace" }, object);
    assert.deepEqual(prioritySpec(replaced), ["spark-driver", false, false]);
    assert.deepEqual(told(replaced), ["spec.priorityClassName 'batch' replaced: 'spark-driver'"]);
  });
});

describe("lifecycle: terminationGracePeriodSeconds", () => {
  const on = (capacity: string) => ({ nodeSelector: { [CAPACITY]: capacity } });
  const grace = ({ pod }: Result) => pod.spec?.terminationGracePeriodSeconds;

  const notices: readonly (readonly [platform: string, notice: number, grace: number])[] = [
    ["karpenter", 120, 110],
    ["eks", 120, 110],
    ["gke", 15, 13],
    ["aks", 30, 27],
    ["oke", 30, 27],
    ["ack", 180, 170],
    ["node-pool", 30, 27],
  ];
  for (const [platform, notice, most] of notices) {
    it(`on ${platform} ends ${notice - most} s before the node, and may be shorter`, () => {
      const cut = run({ terminationGracePeriodSeconds: 600 }, defaulted({}, 1), { platform });
      assert.equal(grace(cut), most);
      assert.equal(
        cut.effect?.summary,
        `terminationGracePeriodSeconds ${most}, not 600: spot gives ${notice} s of notice`,
      );
      const short = run({ terminationGracePeriodSeconds: 10 }, defaulted({}, 1), { platform });
      assert.equal(grace(short), 10);
      assert.equal(short.effect?.summary, "terminationGracePeriodSeconds 10");
    });
  }

  it("has no bound where the Pod runs on capacity that nobody takes away", () => {
    const lifecycle = { terminationGracePeriodSeconds: 600 };
    assert.equal(grace(run(lifecycle, defaulted(on("on-demand")))), 600);
    assert.equal(grace(run(lifecycle, defaulted(on("spot")))), 110);
    assert.equal(grace(run(lifecycle, defaulted(on("unheard-of")))), 110);
    assert.equal(grace(run(lifecycle, defaulted({ nodeName: "node-1" }))), 110);
  });

  it("goes by where a placement puts the Pod, in whatever order the policies come", () => {
    for (const [capacity, fallback, seconds] of [
      ["on-demand", [], 600],
      ["on-demand", ["spot"], 110],
      ["spot", [], 110],
    ] as const) {
      for (const priority of [-1, 1]) {
        for (const name of ["a", "z"]) {
          const more = [policyText(name, { priority, placement: { capacity, fallback } })];
          const result = run({ terminationGracePeriodSeconds: 600 }, defaulted(), { more });
          assert.equal(grace(result), seconds, `${capacity} ${priority} ${name}`);
        }
      }
    }
  });

  it("goes by the capacity with the shortest notice on which the Pod may run", () => {
    const capacity = (name: string, interruptionNoticeSeconds?: number) => ({
      name,
      nodeSelectorTerms: [{ matchExpressions: [{ key: "pool", operator: "In", values: [name] }] }],
      ...(interruptionNoticeSeconds !== undefined && { interruptionNoticeSeconds }),
    });
    const capacities = [capacity("short", 20), capacity("long", 100), capacity("stable")];
    const platform = JSON.stringify({
      apiVersion: "sparkgate.io/v1alpha1",
      kind: "SparkPlatform",
      metadata: { name: "acme" },
      spec: { capacityKeys: ["pool"], capacities },
    });
    const lifecycle = { platform: "acme", terminationGracePeriodSeconds: 600 };
    const among = (...values: readonly string[]) => {
      const matchExpressions = [{ key: "pool", operator: "In", values }];
      const required = { nodeSelectorTerms: [{ matchExpressions }] };
      const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required };
      const object = defaulted({ affinity: { nodeAffinity } });
      return grace(run(lifecycle, object, { more: [platform] }));
    };
    assert.deepEqual(
      [among("stable"), among("long"), among("long", "stable"), among("short", "stable")],
      [600, 90, 90, 18],
    );
  });

  it("counts 30, with which Pods arrive that say nothing, as nothing said", () => {
    const lifecycle = { terminationGracePeriodSeconds: 60 };
    assert.equal(grace(run(lifecycle, defaulted())), 60);
    assert.equal(grace(run(lifecycle, driverPod())), 60);
    assert.equal(grace(run({ terminationGracePeriodSeconds: 30 }, driverPod())), undefined);
  });

  it("lets the job's own be where the notice has room for it, and keeps or replaces a longer one", () => {
    const lifecycle = { terminationGracePeriodSeconds: 110 };
    const replace = { ...lifecycle, onUserChoice: "Replace" };
    for (const rule of [lifecycle, replace]) {
      for (const own of [5, 109, 115, 120]) {
        const within = run(rule, defaulted({ terminationGracePeriodSeconds: own }));
        assert.deepEqual([grace(within), told(within)], [own, []]);
      }
      const stable = defaulted({ ...on("on-demand"), terminationGracePeriodSeconds: 7200 });
      assert.deepEqual([grace(run(rule, stable)), told(run(rule, stable))], [7200, []]);
    }
    const longer = defaulted({ terminationGracePeriodSeconds: 121 });
    const field = "spec.terminationGracePeriodSeconds 121";
    const kept = run(lifecycle, longer);
    assert.equal(grace(kept), 121);
    assert.deepEqual(told(kept), [`${field} stays as the job has it: spot gives 120 s of notice`]);
    const replaced = run(replace, longer);
    assert.deepEqual([grace(replaced), told(replaced)], [110, [`${field} replaced: 110`]]);
    const cut = run({ ...replace, terminationGracePeriodSeconds: 200 }, longer);
    assert.deepEqual(told(cut), [`${field} replaced: 110, not 200: spot gives 120 s of notice`]);
  });

  it("is not cut below the sleep of a hook, with which the API server would refuse the Pod", () => {
    const [container] = driverPod().spec?.containers ?? [];
    assert.ok(container !== undefined);
    const sleeping = (hook: string, seconds: number) =>
      defaulted({ containers: [{ ...container, lifecycle: { [hook]: { sleep: { seconds } } } }] });
    const lifecycle = { terminationGracePeriodSeconds: 20 };
    for (const hook of ["preStop", "postStart"]) {
      const result = run(lifecycle, sleeping(hook, 25));
      assert.deepEqual(
        [grace(result), told(result)],
        [
          30,
          [
            "spec.terminationGracePeriodSeconds 30 stays: a hook sleeps for 25 s, and must be within",
          ],
        ],
      );
    }
    assert.equal(grace(run(lifecycle, sleeping("preStop", 20))), 20);
  });
});

describe("lifecycle: activeDeadlineSeconds", () => {
  const lifecycle = { activeDeadlineSeconds: 86_400 };
  const deadline = ({ pod }: Result) => pod.spec?.activeDeadlineSeconds;

  it("is set; a shorter one of the job's own stays, a longer one is kept or replaced", () => {
    const set = run(lifecycle, defaulted());
    assert.deepEqual([deadline(set), set.effect?.summary], [86_400, "activeDeadlineSeconds 86400"]);
    const replace = { ...lifecycle, onUserChoice: "Replace" };
    for (const rule of [lifecycle, replace]) {
      const shorter = run(rule, defaulted({ activeDeadlineSeconds: 60 }));
      assert.deepEqual([deadline(shorter), told(shorter)], [60, []]);
    }
    const longer = defaulted({ activeDeadlineSeconds: 100_000 });
    assert.deepEqual(
      [deadline(run(lifecycle, longer)), told(run(lifecycle, longer))],
      [100_000, ["spec.activeDeadlineSeconds 100000 stays as the job has it"]],
    );
    assert.deepEqual(
      [deadline(run(replace, longer)), told(run(replace, longer))],
      [86_400, ["spec.activeDeadlineSeconds 100000 replaced: 86400"]],
    );
  });

  it("is not for Pods that their controller would replace at once", () => {
    const result = run(lifecycle, defaulted({ restartPolicy: "Always" }, 1));
    assert.equal(deadline(result), undefined);
    assert.deepEqual(told(result), [
      "spec.activeDeadlineSeconds not set: with restartPolicy Always the Pod would come again",
    ]);
  });
});

describe("lifecycle: ttlSecondsAfterFinished", () => {
  const lifecycle = { ttlSecondsAfterFinished: 3600 };
  const field = `metadata.annotations[${TTL}]`;

  it("is an annotation of drivers alone", () => {
    const { annotations, effect } = run(lifecycle, driverPod());
    assert.deepEqual(annotations, { [TTL]: "3600" });
    assert.equal(effect?.summary, "may be deleted 3600 s after its end");
    for (const other of [
      executorPod(1),
      driverPod({ labels: { "spark-role": "connect-server" } }),
    ]) {
      assert.deepEqual(run(lifecycle, other).annotations, {});
    }
  });

  it("may be shorter by the job's own choice; a longer or senseless one is kept or replaced", () => {
    const replace = { ...lifecycle, onUserChoice: "Replace" };
    for (const rule of [lifecycle, replace]) {
      const shorter = run(rule, annotated({ [TTL]: "60" }));
      assert.deepEqual([shorter.annotations[TTL], told(shorter)], ["60", []]);
    }
    for (const own of ["7200", "never", "-1", "1e2", ""]) {
      const kept = run(lifecycle, annotated({ [TTL]: own }));
      assert.deepEqual(
        [kept.annotations[TTL], told(kept)],
        [own, [`${field} '${own}' stays as the job has it`]],
      );
      const replaced = run(replace, annotated({ [TTL]: own }));
      assert.deepEqual(
        [replaced.annotations[TTL], told(replaced)],
        ["3600", [`${field} '${own}' replaced: '3600'`]],
      );
    }
  });
});

describe("lifecycle: several policies", () => {
  it("go together field by field, the higher priority winning, also the second time", () => {
    const more = [
      policyText("first", {
        priority: 1,
        lifecycle: { eviction: "Allow", activeDeadlineSeconds: 60, onUserChoice: "Replace" },
      }),
    ];
    const lifecycle = {
      eviction: "Protect",
      activeDeadlineSeconds: 50,
      ttlSecondsAfterFinished: 9,
      onUserChoice: "Replace",
    };
    const { pod, annotations } = run(lifecycle, defaulted(), { more });
    assert.equal(pod.spec?.activeDeadlineSeconds, 60);
    assert.deepEqual(annotations, { [SAFE_TO_EVICT]: "true", [TTL]: "9" });
  });

  it("leave an annotation to a metadata policy that sets it, of whatever priority", () => {
    for (const priority of [-1, 1]) {
      const metadata = { annotations: { [SAFE_TO_EVICT]: "true" }, onUserChoice: "Replace" };
      const more = [policyText("meta", { priority, metadata })];
      const lifecycle = { eviction: "Protect", onUserChoice: "Replace" };
      const { annotations } = run(lifecycle, driverPod(), { more });
      assert.deepEqual(annotations, { [SAFE_TO_EVICT]: "true", [DO_NOT_DISRUPT]: "true" });
    }
  });

  it("are told of where they set the same field to different values", () => {
    const { notices } = compile([
      policyText("a", { lifecycle: { activeDeadlineSeconds: 1, ttlSecondsAfterFinished: 1 } }),
      policyText("b", { lifecycle: { activeDeadlineSeconds: 2, ttlSecondsAfterFinished: 1 } }),
    ]);
    const conflicts = notices.filter(({ kind }) => kind === "conflict");
    assert.deepEqual(
      conflicts.map(({ message }) => message),
      [
        "spec.activeDeadlineSeconds is set to '1' by a where both match, not to '2' (both have priority 0 and its name comes first: give one of them a priority)",
      ],
    );
  });
});

describe("a lifecycle that is hardly meant, or cannot be", () => {
  const problems = (lifecycle: object, platform?: string) =>
    compile(policyText("p", { lifecycle }), { platform }).problems.map(problemText);
  const doubts = (lifecycle: object, roles: readonly string[]) =>
    compile(policyText("p", { match: { roles }, lifecycle }))
      .notices.filter(({ kind }) => kind === "doubtful")
      .map(({ path }) => path);

  it("is told with what to write instead", () => {
    assert.match(
      problems({ onUserChoice: "Keep" }, "eks")[0] ?? "",
      /spec\.lifecycle: says nothing of a Pod's life, allowed: eviction, priorityClassName/,
    );
    assert.match(
      problems({ eviction: "Protect" })[0] ?? "",
      /spec\.lifecycle: no platform: say --platform NAME, or platform in this block/,
    );
    assert.match(
      problems({ eviction: "Allow", platform: "karpentr" })[0] ?? "",
      /there is no platform 'karpentr'.*did you mean 'karpenter'\?/,
    );
    assert.equal(problems({ priorityClassName: "Spark Driver" }, "eks").length, 1);
    assert.equal(problems({ terminationGracePeriodSeconds: 0 }, "eks").length, 1);
    assert.equal(problems({ activeDeadlineSeconds: 2 ** 31 }, "eks").length, 1);
    assert.deepEqual(problems({ activeDeadlineSeconds: 1, priorityClassName: "x.y-z" }), []);
  });

  it("is doubted where it does to a role what nobody wants", () => {
    assert.deepEqual(doubts({ eviction: "Allow" }, ["driver"]), ["spec.lifecycle.eviction"]);
    assert.deepEqual(doubts({ eviction: "Allow" }, ["executor"]), []);
    assert.deepEqual(doubts({ activeDeadlineSeconds: 1 }, ["executor"]), [
      "spec.lifecycle.activeDeadlineSeconds",
    ]);
    assert.deepEqual(doubts({ ttlSecondsAfterFinished: 1 }, ["executor"]), [
      "spec.lifecycle.ttlSecondsAfterFinished",
    ]);
    const sound = { eviction: "Protect", activeDeadlineSeconds: 1, ttlSecondsAfterFinished: 1 };
    assert.deepEqual(doubts(sound, ["driver"]), []);
  });
});
