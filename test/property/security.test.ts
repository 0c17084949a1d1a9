import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import jsonpatch, { type Operation } from "fast-json-patch";
import { isDeepStrictEqual } from "node:util";
import type { Run } from "../../src/engine/decision.ts";
import { isRecord } from "../../src/kubernetes/json.ts";
import type { Container, Pod } from "../../src/kubernetes/pod.ts";
import { sparkContainerIndex } from "../../src/spark/container.ts";
import type { Role } from "../../src/spark/role.ts";
import { decided, outcomeOf } from "../fixtures/decided.ts";
import { NO_FACTS } from "../fixtures/facts.ts";
import { securityPod } from "../fixtures/generated-security.ts";
import { violatedControls } from "../fixtures/pod-security-standards.ts";
import { policySet, policyText } from "../fixtures/policies.ts";

const runs = { numRuns: 2000 };

const profile = fc.constantFrom("Restricted" as const, "Baseline" as const);
const onUserChoice = fc.constantFrom("Keep" as const, "Replace" as const, "Deny" as const);

function setOf(block: object) {
  return policySet(policyText("pass", { security: block }));
}

/** Compiled once: there are six. */
const sets = new Map<string, ReturnType<typeof setOf>>();
function setFor(block: object) {
  const key = JSON.stringify(block);
  const known = sets.get(key) ?? setOf(block);
  sets.set(key, known);
  return known;
}

const levelOf = (name: "Restricted" | "Baseline") =>
  name === "Restricted" ? ("restricted" as const) : ("baseline" as const);

/** Whether the run says that something stays which the level refuses. */
function saysSomethingStays(run: Run): boolean {
  const { effect, violations } = outcomeOf(run, "pass");
  return violations.length > 0 || (effect?.kept ?? []).some((text) => text.includes("refuses it"));
}

/** Every value that is no object or list, by its path; of a list the whole. */
function leaves(value: unknown, path = ""): ReadonlyMap<string, unknown> {
  if (!isRecord(value) && !Array.isArray(value)) return new Map([[path, value]]);
  if (Array.isArray(value) && !value.some(isRecord)) return new Map([[path, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, each]) => [...leaves(each, `${path}/${key}`)]),
  );
}

/** What a job may lose: nothing but these, and only under Replace. */
const LOSSES: readonly (readonly [path: RegExp, was: unknown])[] = [
  [/\/runAsNonRoot$/, false],
  [/\/runAsUser$/, 0],
  [/\/(?:seccompProfile|appArmorProfile)\/type$/, "Unconfined"],
  [/\/allowPrivilegeEscalation$/, true],
  [/\/privileged$/, true],
  [/\/procMount$/, "Unmasked"],
  [/annotations\/(?:container\.apparmor|(?:container\.)?seccomp)\./, "unconfined"],
];

const isDropped = (path: string) => path.endsWith("/capabilities/drop");
const isAdded = (path: string) => path.endsWith("/capabilities/add");

const containersOf = ({ spec }: Pod): readonly Container[] => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
];

describe("security", () => {
  it("makes a Pod pass, or says what stands in the way: never the one without the other", () => {
    fc.assert(
      fc.property(securityPod, profile, onUserChoice, (pod, name, choice) => {
        const run = decided(setFor({ profile: name, onUserChoice: choice }), pod).enforced;
        const violated = violatedControls(run.pod, levelOf(name));
        assert.equal(violated.length > 0, saysSomethingStays(run), violated.join(", "));
        assert.equal(run.refused, violated.length > 0 && choice === "Deny" && !isExecutor(pod));
      }),
      runs,
    );
  });

  it("leaves alone what passes", () => {
    let passing = 0;
    fc.assert(
      fc.property(securityPod, profile, onUserChoice, (pod, name, choice) => {
        if (violatedControls(pod, levelOf(name)).length > 0) return;
        passing++;
        const run = decided(setFor({ profile: name, onUserChoice: choice }), pod).enforced;
        assert.deepEqual(run.operations, []);
        assert.deepEqual(outcomeOf(run, "pass").effect?.kept ?? [], []);
      }),
      { numRuns: 8000 },
    );
    assert.ok(passing > 1000, `${passing} passed`);
  });

  it("is a patch that applies, and has nothing to add to what it did", () => {
    fc.assert(
      fc.property(securityPod, profile, onUserChoice, (pod, name, choice) => {
        const set = setFor({ profile: name, onUserChoice: choice });
        const { pod: after, operations } = decided(set, pod).enforced;
        const patch = structuredClone(operations) as Operation[];
        const patched = jsonpatch.applyPatch(structuredClone(pod), patch, true).newDocument;
        assert.deepEqual(patched, after);
        assert.deepEqual(decided(set, after).enforced.operations, []);
      }),
      runs,
    );
  });

  it("takes nothing that the job chose, unless told to replace what may not be", () => {
    fc.assert(
      fc.property(securityPod, profile, onUserChoice, (pod, name, choice) => {
        const run = decided(setFor({ profile: name, onUserChoice: choice }), pod).enforced;
        const after = leaves(run.pod);
        const losses = [...leaves(pod)].filter(
          ([path, was]) => !isDeepStrictEqual(after.get(path), was) && !isEmpty(was),
        );
        let taken = 0;
        for (const [path, was] of losses) {
          const now = after.get(path);
          if (isDropped(path)) {
            assert.deepEqual(now, [...(was as string[]), "ALL"]);
            continue;
          }
          taken++;
          if (isAdded(path)) {
            assert.ok((was as string[]).some((each) => !(now as string[]).includes(each)));
            continue;
          }
          assert.ok(
            LOSSES.some(([pattern, bad]) => pattern.test(path) && bad === was),
            `${path}: ${JSON.stringify(was)}`,
          );
        }
        if (choice !== "Replace") assert.equal(taken, 0);
        assert.equal(taken, outcomeOf(run, "pass").effect?.replaced.length ?? 0, "each is told");
      }),
      runs,
    );
  });

  it("names a user for Spark alone, and never one that is root", () => {
    fc.assert(
      fc.property(securityPod, onUserChoice, (pod, choice) => {
        const set = setFor({ profile: "Restricted", onUserChoice: choice, runAsUser: 999 });
        const { pod: after } = decided(set, pod).enforced;
        const role = (pod.metadata?.labels?.["spark-role"] ?? "") as Role;
        const spark = containersOf(after).indexOf(
          after.spec?.containers?.[sparkContainerIndex(after, role) ?? 0] ?? { name: "" },
        );
        for (const [index, { securityContext }] of containersOf(after).entries()) {
          const before = containersOf(pod)[index]?.securityContext?.runAsUser;
          if (securityContext?.runAsUser === before) continue;
          assert.equal(index, spark);
          assert.equal(securityContext?.runAsUser, 999);
        }
      }),
      runs,
    );
  });

  it("comes to the same before and behind local dirs, and behind a mesh", () => {
    const security = { profile: "Restricted", onUserChoice: "Replace" };
    const source = { ephemeral: { volumeClaimTemplate: { spec: { storageClassName: "fast" } } } };
    const hostPath = { hostPath: { path: "/mnt/0", type: "Directory" } };
    const both = (priority: number, volume: object) =>
      policySet(
        [
          policyText("pass", { security, priority }),
          policyText("disks", { localDirs: { volumeSources: [volume], diskNodes: "Off" } }),
        ],
        { platform: "node-pool" },
      );
    const orders = [source, hostPath].map((volume) => [both(1, volume), both(-1, volume)] as const);
    const facts = { ...NO_FACTS, namespace: { name: "team-a", labels: {} } };
    fc.assert(
      fc.property(securityPod, fc.constantFrom(...orders), (pod, [first, last]) => {
        const contexts = (set: typeof first) => {
          const { spec } = decided(set, pod, facts).enforced.pod;
          const context = { ...spec?.securityContext, fsGroupChangePolicy: undefined };
          return [context, containersOf({ spec }).map(({ securityContext }) => securityContext)];
        };
        assert.deepEqual(contexts(first), contexts(last));
      }),
      { numRuns: 1000 },
    );
    const set = setFor(security);
    fc.assert(
      fc.property(securityPod, (pod) => {
        // Whose root it is depends on who inherits it.
        fc.pre(pod.spec?.securityContext?.runAsUser !== 0);
        const early = decided(set, withSidecar(decided(set, pod).enforced.pod)).enforced.pod;
        const late = decided(set, withSidecar(pod)).enforced.pod;
        assert.deepEqual(early.spec, late.spec);
      }),
      { numRuns: 1000 },
    );
  });
});

function isExecutor({ metadata }: Pod): boolean {
  return metadata?.labels?.["spark-role"] === "executor";
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function withSidecar(pod: Pod): Pod {
  const mesh = { name: "mesh", image: "registry.example.com/mesh:1" };
  return { ...pod, spec: { ...pod.spec, containers: [mesh, ...(pod.spec?.containers ?? [])] } };
}
