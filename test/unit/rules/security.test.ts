import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Run } from "../../../src/engine/decision.ts";
import type { Facts } from "../../../src/engine/facts.ts";
import type { Container, Pod, PodSpec, SecurityContext } from "../../../src/kubernetes/pod.ts";
import { decided, outcomeOf } from "../../fixtures/decided.ts";
import { NO_FACTS } from "../../fixtures/facts.ts";
import { driverPod, executorPod } from "../../fixtures/pods.ts";
import { compile, policySet, policyText } from "../../fixtures/policies.ts";

const RESTRICTED = { profile: "Restricted" };
const REPLACE = { profile: "Restricted", onUserChoice: "Replace" };
const DENY = { profile: "Restricted", onUserChoice: "Deny" };

function run(security: object, pod: Pod, facts: Facts = NO_FACTS): Run {
  const set = policySet(policyText("pass", { security }));
  const { enforced } = decided(set, pod, facts);
  const again = decided(set, enforced.pod, facts).enforced;
  assert.deepEqual(again.operations, [], "a second pass changes nothing");
  return enforced;
}

const spark = (securityContext?: SecurityContext | null, more: object = {}): Container => ({
  ...{ name: "spark-kubernetes-driver", image: "reg.acme.com/spark:1", args: ["driver"] },
  ...(securityContext === undefined ? {} : { securityContext }),
  ...more,
});
const sidecar = (securityContext?: SecurityContext): Container => ({
  ...{ name: "log", image: "reg.acme.com/log:1" },
  ...(securityContext === undefined ? {} : { securityContext }),
});
const driver = (spec: PodSpec): Pod => driverPod({ spec: { containers: [spark()], ...spec } });
const contextsOf = ({ pod: { spec } }: Run) => ({
  pod: spec?.securityContext,
  containers: spec?.containers?.map(({ securityContext }) => securityContext),
});
const effectOf = (of: Run) => outcomeOf(of, "pass").effect;
const DROPPED = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
const IN_POD = { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };

describe("security: what is missing for restricted", () => {
  it("is said once for the Pod where that does, and for each container where it must", () => {
    const result = run(RESTRICTED, driver({ containers: [sidecar(), spark()] }));
    assert.deepEqual(contextsOf(result), {
      pod: IN_POD,
      containers: [DROPPED, { ...DROPPED, runAsUser: 185 }],
    });
    assert.deepEqual(effectOf(result), {
      summary: "made to pass PodSecurity restricted",
      replaced: [],
      kept: ["no runAsUser for 'log': its image's USER must be a number, not 0"],
    });
  });

  it("is said of init containers and native sidecars too, whose user is their image's", () => {
    const { pod } = run(RESTRICTED, driver({ initContainers: [sidecar()] }));
    assert.deepEqual(pod.spec?.initContainers?.[0]?.securityContext, DROPPED);
  });

  it("is no user where there is one, or where the job has said that it is not root", () => {
    const userOf = (pod: Pod) => run(RESTRICTED, pod).pod.spec?.containers?.[0]?.securityContext;
    assert.equal(userOf(driver({}))?.runAsUser, 185);
    assert.equal(userOf(driver({ securityContext: { runAsUser: 1000 } }))?.runAsUser, undefined);
    assert.equal(userOf(driver({ containers: [spark({ runAsUser: 7 })] }))?.runAsUser, 7);
    assert.equal(userOf(driver({ securityContext: { runAsNonRoot: true } }))?.runAsUser, undefined);
    const own = driver({ containers: [spark({ runAsNonRoot: true })] });
    assert.equal(userOf(own)?.runAsUser, undefined);
    // Null is what is left out.
    const nothing = { runAsNonRoot: null, runAsUser: null };
    assert.equal(userOf(driver({ securityContext: nothing }))?.runAsUser, 185);
    assert.equal(
      userOf(driver({ containers: [spark(null)], securityContext: null }))?.runAsUser,
      185,
    );
  });

  it("is the policy's user and group, for Spark alone", () => {
    const rule = { ...RESTRICTED, runAsUser: 999, runAsGroup: 1000 };
    const [first, last] =
      contextsOf(run(rule, driver({ containers: [spark(), sidecar()] }))).containers ?? [];
    assert.deepEqual(first, { ...DROPPED, runAsUser: 999, runAsGroup: 1000 });
    assert.deepEqual(last, DROPPED);
    const grouped = run(rule, driver({ securityContext: { runAsGroup: 5 } }));
    assert.deepEqual(contextsOf(grouped).containers?.[0], { ...DROPPED, runAsUser: 999 });
  });

  it("leaves what is said beside it: drops and additions, Localhost, groups", () => {
    const own: SecurityContext = {
      ...{ runAsUser: 7, seccompProfile: { type: "Localhost" } },
      capabilities: { add: ["NET_BIND_SERVICE"], drop: ["NET_RAW"] },
    };
    const result = run(
      RESTRICTED,
      driver({ containers: [spark(own)], securityContext: { fsGroup: 3 } }),
    );
    assert.deepEqual(contextsOf(result), {
      pod: { fsGroup: 3, runAsNonRoot: true },
      containers: [
        {
          ...own,
          allowPrivilegeEscalation: false,
          capabilities: { add: ["NET_BIND_SERVICE"], drop: ["NET_RAW", "ALL"] },
        },
      ],
    });
  });

  it("is nothing of the user in a user namespace, where root is nobody outside", () => {
    const root = driver({ hostUsers: false, containers: [spark({ runAsUser: 0 }), sidecar()] });
    const result = run(DENY, root);
    assert.equal(result.refused, false);
    assert.deepEqual(contextsOf(result), {
      pod: { seccompProfile: { type: "RuntimeDefault" } },
      containers: [{ runAsUser: 0, ...DROPPED }, DROPPED],
    });
    assert.deepEqual(effectOf(result)?.kept, []);
  });

  it("is nothing for Windows", () => {
    const result = run(DENY, driver({ os: { name: "windows" }, hostNetwork: true }));
    assert.deepEqual([result.operations, result.refused], [[], false]);
    assert.deepEqual(effectOf(result)?.kept, ["a Pod for Windows is left as it is"]);
  });
});

describe("security: local dirs", () => {
  const claim = { persistentVolumeClaim: { claimName: "c" } };
  const pod = (source: object, securityContext?: PodSpec["securityContext"]) =>
    executorPod(1, {
      spec: {
        ...(securityContext && { securityContext }),
        volumes: [
          { name: "spark-local-dir-1", ...source },
          { name: "data", ...claim },
        ],
        containers: [
          {
            ...{ name: "spark-kubernetes-executor", image: "s:1", args: ["executor"] },
            volumeMounts: [
              { name: "spark-local-dir-1", mountPath: "/a" },
              { name: "data", mountPath: "/data" },
            ],
          },
        ],
      },
    });
  const groupOf = (object: Pod, rule: object = RESTRICTED) => {
    const { fsGroup, fsGroupChangePolicy } = run(rule, object).pod.spec?.securityContext ?? {};
    return [fsGroup, fsGroupChangePolicy];
  };

  it("on claims are handed to a group, since they are root's", () => {
    assert.deepEqual(groupOf(pod(claim)), [185, "OnRootMismatch"]);
    assert.deepEqual(groupOf(pod({ ephemeral: {} })), [185, "OnRootMismatch"]);
    assert.deepEqual(groupOf(pod(claim), { ...RESTRICTED, fsGroup: 1000 })[0], 1000);
  });

  it("are left where anybody may write, where the job has a group, or a user that it saw to", () => {
    assert.deepEqual(groupOf(pod({ emptyDir: {} })), [undefined, undefined]);
    assert.deepEqual(groupOf(pod(claim, { fsGroup: 3 })), [3, undefined]);
    assert.deepEqual(groupOf(pod(claim, { runAsNonRoot: true })), [undefined, undefined]);
    const policy = { fsGroupChangePolicy: "Always" };
    assert.deepEqual(groupOf(pod(claim, policy)), [185, "Always"]);
  });
});

/** One thing that a job asks for: what is told of it, and what becomes of it under Replace. */
const RIGHTS: readonly (readonly [name: string, spec: PodSpec, told: string, instead: string])[] = [
  [
    "privileged",
    { containers: [spark({ privileged: true })] },
    "spec.containers[0].securityContext.privileged is true",
    "replaced: false",
  ],
  [
    "privilege escalation",
    { initContainers: [sidecar({ allowPrivilegeEscalation: true })] },
    "spec.initContainers[0].securityContext.allowPrivilegeEscalation is true",
    "replaced: false",
  ],
  [
    "capabilities",
    { containers: [spark({ capabilities: { add: ["SYS_PTRACE", "NET_BIND_SERVICE"] } })] },
    "spec.containers[0].securityContext.capabilities.add has 'SYS_PTRACE'",
    "replaced: 'NET_BIND_SERVICE'",
  ],
  [
    "no seccomp profile",
    { securityContext: { seccompProfile: { type: "Unconfined" } } },
    "spec.securityContext.seccompProfile is 'Unconfined'",
    "replaced: RuntimeDefault",
  ],
  [
    "no AppArmor profile",
    { containers: [spark({ appArmorProfile: { type: "Unconfined" } })] },
    "spec.containers[0].securityContext.appArmorProfile is 'Unconfined'",
    "taken away",
  ],
  [
    "an unmasked /proc",
    { hostUsers: false, containers: [spark({ procMount: "Unmasked" })] },
    "spec.containers[0].securityContext.procMount is 'Unmasked'",
    "taken away",
  ],
  [
    "Spark as root",
    { containers: [spark({ runAsUser: 0 })] },
    "spec.containers[0].securityContext.runAsUser is 0 (root)",
    "replaced: 185",
  ],
  [
    "all as root",
    { securityContext: { runAsUser: 0 } },
    "spec.securityContext.runAsUser is 0 (root)",
    "replaced: 185",
  ],
  [
    "root, if it comes to that",
    { securityContext: { runAsNonRoot: false } },
    "spec.securityContext.runAsNonRoot is false",
    "replaced: true",
  ],
  [
    "root, if it comes to that, for a sidecar with a user",
    { containers: [spark(), sidecar({ runAsNonRoot: false, runAsUser: 7 })] },
    "spec.containers[1].securityContext.runAsNonRoot is false",
    "replaced: true",
  ],
];

describe("security: rights that a job asks for", () => {
  for (const [name, spec, told, instead] of RIGHTS) {
    it(`${name}: kept, replaced or refused`, () => {
      const kept = run(RESTRICTED, driver(spec));
      assert.deepEqual([kept.operations, kept.refused], [[], false]);
      assert.deepEqual(effectOf(kept)?.kept, [
        `${told}: kept, PodSecurity restricted refuses it`,
        "nothing is added: with what stays it would not pass",
      ]);
      const replaced = run(REPLACE, driver(spec));
      assert.deepEqual(effectOf(replaced)?.replaced, [`${told}, ${instead}`]);
      assert.equal(effectOf(replaced)?.summary, "made to pass PodSecurity restricted");
      const refused = run(DENY, driver(spec));
      assert.equal(refused.refused, true);
      const [violation] = outcomeOf(refused, "pass").violations;
      assert.equal(`${violation?.field} ${violation?.message}`.startsWith(told), true);
      assert.equal(violation?.fix, "take it out of the pod template");
    });
  }

  it("name a user where root was to be", () => {
    const { pod } = run(REPLACE, driver({ securityContext: { runAsNonRoot: false } }));
    assert.equal(pod.spec?.containers?.[0]?.securityContext?.runAsUser, 185);
  });

  const OTHERS: readonly (readonly [name: string, spec: PodSpec])[] = [
    ["a sidecar's root", { containers: [spark(), sidecar({ runAsUser: 0 })] }],
    ["an init container's", { initContainers: [sidecar({ runAsNonRoot: false })] }],
    ["of all of several", { containers: [spark(), sidecar()], securityContext: { runAsUser: 0 } }],
    [
      "with which a mount stands and falls",
      {
        containers: [
          spark(
            { privileged: true },
            { volumeMounts: [{ name: "a", mountPath: "/a", mountPropagation: "Bidirectional" }] },
          ),
        ],
      },
    ],
  ];
  for (const [name, spec] of OTHERS) {
    it(`are not replaced where Spark alone could do without: ${name}`, () => {
      const result = run(REPLACE, driver(spec));
      assert.deepEqual(result.operations, []);
      assert.equal(effectOf(result)?.kept.length, 2);
    });
  }

  const POD = "seccomp.security.alpha.kubernetes.io/pod";
  const CONTAINER = "container.seccomp.security.alpha.kubernetes.io/spark-kubernetes-driver";
  const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/spark-kubernetes-driver";
  const unconfined = { seccompProfile: { type: "Unconfined" } };
  const annotated = (annotations: Readonly<Record<string, string>>, spec: PodSpec = {}): Pod => ({
    ...driver(spec),
    metadata: { ...driverPod().metadata, annotations },
  });

  const OLD: readonly (readonly [name: string, pod: Pod])[] = [
    ["seccomp of the Pod, which says none by a field", annotated({ [POD]: "localhost/a" })],
    [
      "seccomp of the Pod, which says the same by a field",
      annotated({ [POD]: "unconfined" }, { securityContext: unconfined }),
    ],
    [
      "seccomp of a container, which says the same by a field",
      annotated({ [CONTAINER]: "unconfined" }, { containers: [spark(unconfined)] }),
    ],
    ["AppArmor", annotated({ [APP_ARMOR]: "unconfined" })],
  ];
  for (const [name, pod] of OLD) {
    it(`of old annotations go with the fields, since both must say the same: ${name}`, () => {
      assert.deepEqual(run(RESTRICTED, pod).operations, []);
      assert.equal(run(DENY, pod).refused, true);
      const { metadata, spec } = run(REPLACE, pod).pod;
      assert.deepEqual(Object.keys(metadata?.annotations ?? {}), ["sparkgate.io/applied"]);
      const own = spec?.containers?.[0]?.securityContext?.seccompProfile;
      assert.deepEqual(own ?? spec?.securityContext?.seccompProfile, { type: "RuntimeDefault" });
    });
  }

  it("of old annotations may say what the fields will say, or nothing of what is added", () => {
    const annotations = {
      ...{ [POD]: "runtime/default", [CONTAINER]: "unconfined", [APP_ARMOR]: "localhost/a" },
    };
    assert.equal(run(DENY, annotated(annotations)).refused, false);
    const said = { containers: [spark({ seccompProfile: { type: "Localhost" } })] };
    assert.equal(run(DENY, annotated({ [POD]: "unconfined" }, said)).refused, false);
  });
});

/** What of the node a job asks for, and from which level on that is forbidden. */
const NODE: readonly (readonly [field: string, spec: PodSpec, restrictedAlone?: true])[] = [
  ["spec.hostNetwork", { hostNetwork: true }],
  ["spec.hostPID", { hostPID: true }],
  ["spec.hostIPC", { hostIPC: true }],
  ["spec.volumes[0]", { volumes: [{ name: "a", hostPath: { path: "/a" } }] }],
  ["spec.volumes[0]", { volumes: [{ name: "a", ...{ nfs: {} } }] }, true],
  [
    "spec.containers[0].ports[0].hostPort",
    { containers: [spark({}, { ports: [{ hostPort: 1 }] })] },
  ],
  [
    "spec.securityContext.sysctls[0]",
    { securityContext: { sysctls: [{ name: "kernel.shmmax" }] } },
  ],
  [
    "spec.securityContext.seLinuxOptions",
    { securityContext: { seLinuxOptions: { type: "spc_t" } } },
  ],
  [
    "spec.containers[0].securityContext.windowsOptions.hostProcess",
    { containers: [spark({ windowsOptions: { hostProcess: true } })] },
  ],
  [
    "spec.containers[0].livenessProbe.httpGet.host",
    { containers: [spark({}, { livenessProbe: { httpGet: { host: "h" } } })] },
  ],
  [
    "spec.containers[0].lifecycle.preStop.tcpSocket.host",
    { containers: [spark({}, { lifecycle: { preStop: { tcpSocket: { host: "h" } } } })] },
  ],
];

describe("security: what a job asks for of the node", () => {
  for (const [field, spec, restrictedAlone = false] of NODE) {
    it(`${field}: is never replaced, and the rest is done`, () => {
      const result = run(REPLACE, driver(spec));
      assert.match(effectOf(result)?.kept[0] ?? "", /: kept, PodSecurity restricted refuses it$/);
      assert.ok(effectOf(result)?.kept[0]?.startsWith(`${field} `));
      assert.equal(
        effectOf(result)?.summary,
        "made to pass PodSecurity restricted, but for what is kept",
      );
      assert.equal(result.pod.spec?.securityContext?.runAsNonRoot, true);
      for (const [profile, isRefused] of [
        ["Restricted", true],
        ["Baseline", !restrictedAlone],
      ] as const) {
        const denied = run({ profile, onUserChoice: "Deny" }, driver(spec));
        assert.equal(denied.refused, isRefused, profile);
        const fields = outcomeOf(denied, "pass").violations.map((violation) => violation.field);
        assert.deepEqual(fields, isRefused ? [field] : []);
      }
    });
  }

  it("names the --conf by which a volume may stay", () => {
    const pod = driver({ volumes: [{ name: "a", hostPath: { path: "/a" } }] });
    assert.equal(
      outcomeOf(run(DENY, pod), "pass").violations[0]?.fix,
      "an emptyDir or a claim in its place: spark.kubernetes.driver.volumes.persistentVolumeClaim.*",
    );
  });

  it("does not refuse an executor, which would hang the job", () => {
    const result = run(DENY, executorPod(1, { spec: { hostNetwork: true } }));
    assert.equal(result.refused, false);
    assert.equal(outcomeOf(result, "pass").violations.length, 1);
  });

  it("is not refused when another webhook has brought it: that is PodSecurity's own to do", () => {
    const set = policySet(policyText("pass", { security: DENY }));
    const pod = driver({ hostNetwork: true });
    assert.equal(decided(set, pod, NO_FACTS, { admission: "validating" }).enforced.refused, false);
    assert.equal(decided(set, pod).enforced.refused, true);
  });
});

describe("security: baseline", () => {
  it("adds nothing, and takes away what it forbids", () => {
    const rule = { profile: "Baseline", onUserChoice: "Replace" };
    assert.deepEqual(run(rule, driverPod()).operations, []);
    const root = driver({ containers: [spark({ runAsUser: 0, allowPrivilegeEscalation: true })] });
    assert.deepEqual(run(rule, root).operations, []);
    const capable = { capabilities: { add: ["CHOWN", "SYS_ADMIN"] } };
    const { pod } = run(rule, driver({ containers: [spark(capable)] }));
    assert.deepEqual(pod.spec?.containers?.[0]?.securityContext, {
      capabilities: { add: ["CHOWN"] },
    });
  });
});

describe("security: the level that a namespace enforces", () => {
  const ENFORCED = { profile: "Enforced", onUserChoice: "Deny" };
  const facts = (level?: string): Facts => ({
    ...NO_FACTS,
    namespace: {
      name: "team-a",
      labels: level === undefined ? {} : { "pod-security.kubernetes.io/enforce": level },
    },
  });
  const nfs = driver({ volumes: [{ name: "a", ...{ nfs: {} } }] });

  it("counts, and none where it enforces none", () => {
    const changes = (level?: string) => {
      const { operations, refused } = run(ENFORCED, nfs, facts(level));
      return [operations.length > 0, refused];
    };
    assert.deepEqual(changes(), [false, false]);
    assert.deepEqual(changes("privileged"), [false, false]);
    assert.deepEqual(changes("baseline"), [false, false]);
    assert.deepEqual(changes("restricted"), [true, true]);
    assert.deepEqual(changes("a-typo"), [true, true], "as for the API server");
  });

  it("is not known: nothing is changed, and what would refuse fails", () => {
    const lenient = run({ ...ENFORCED, onUserChoice: "Replace" }, nfs);
    assert.deepEqual([lenient.operations, outcomeOf(lenient, "pass").error], [[], undefined]);
    assert.match(outcomeOf(run(ENFORCED, nfs), "pass").error ?? "", /labels .* are not known/);
  });
});

describe("security: its block", () => {
  const told = (security: object) => {
    const { problems, notices } = compile(policyText("p", { mode: "Enforce", security }));
    return [...problems, ...notices].map(({ path, message }) => `${path}: ${message}`);
  };

  it("says a profile, and no root", () => {
    assert.match(told({})[0] ?? "", /^spec\.security: .*profile/);
    assert.match(told({ ...RESTRICTED, runAsUser: 0 })[0] ?? "", /^spec\.security\.runAsUser: /);
    assert.deepEqual(told({ ...RESTRICTED, runAsGroup: 0 }), []);
  });

  it("says no user for baseline", () => {
    assert.deepEqual(told({ profile: "Baseline", runAsUser: 7 }), [
      "spec.security.runAsUser: has no effect: Baseline asks for no user; say profile: Restricted",
    ]);
  });
});
