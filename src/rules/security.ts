import { EACH } from "../cel/reads.ts";
import type { Draft } from "../engine/draft.ts";
import { knownNamespace, type Facts } from "../engine/facts.ts";
import type { Effect, Violation } from "../engine/policy.ts";
import type { RuleDoubt, RuleKind } from "../engine/rule-kind.ts";
import { fieldPathText } from "../kubernetes/field-path.ts";
import { podSecurityLevel } from "../kubernetes/namespace.ts";
import {
  isForWindows,
  profileOfLevel,
  type PodSecurityProfile,
} from "../kubernetes/pod-security.ts";
import type { Pod } from "../kubernetes/pod.ts";
import { sparkContainerIndex } from "../spark/container.ts";
import type { PodSubject } from "../spark/subject.ts";
import type { SecurityFault } from "./security-fault.ts";
import { securityFaults } from "./security-faults.ts";
import { fillSecurity, usersOfImages } from "./security-fill.ts";
import { SECURITY_SCHEMA, SPARK_UID, type SecuritySpec } from "./security-schema.ts";

/** Pods that pass a level of PodSecurity. */
export const security: RuleKind = {
  key: "security",
  combine: "one",
  surfaces: ["pod"],
  description:
    "Spark's Pods pass PodSecurity: what the level asks for is added where the job says nothing.",
  example: `security:
  profile: Restricted
  runAsUser: 185
  onUserChoice: Replace`,
  schema: SECURITY_SCHEMA,
  doubts: (block) => doubtsOf(block as SecuritySpec),
  compile: (block) => {
    const spec = block as SecuritySpec;
    return {
      writes: writesOf(spec),
      mutate: (draft, subject, facts) => {
        const profile =
          facts.namespace === undefined ? fixedProfile(spec) : profileFor(spec, facts);
        return profile === undefined ? undefined : mutate(draft, subject, { ...spec, profile });
      },
      ...(spec.onUserChoice === "Deny" && {
        judge: (pod: Pod, subject: PodSubject, facts: Facts) => {
          const profile = profileFor(spec, facts);
          return profile === undefined ? [] : judge(pod, subject, { ...spec, profile });
        },
      }),
    };
  },
};

/** A block for a Pod of which the level is known. */
type Security = SecuritySpec & { readonly profile: PodSecurityProfile };

function fixedProfile({ profile }: SecuritySpec): PodSecurityProfile | undefined {
  return profile === "Enforced" ? undefined : profile;
}

/** The level that counts in a namespace. Throws where that takes one that is not known. */
function profileFor(spec: SecuritySpec, facts: Facts): PodSecurityProfile | undefined {
  if (spec.profile !== "Enforced") return spec.profile;
  return profileOfLevel(podSecurityLevel(knownNamespace(facts)));
}

/** With what a rule of Baseline has nothing to do. */
const OF_RESTRICTED = ["runAsUser", "runAsGroup", "fsGroup"] as const;

function doubtsOf(spec: SecuritySpec): readonly RuleDoubt[] {
  if (spec.profile !== "Baseline") return [];
  return OF_RESTRICTED.filter((key) => spec[key] !== undefined).map((key) => ({
    path: [key],
    message: "has no effect: Baseline asks for no user; say profile: Restricted",
  }));
}

/** Fields of a Pod's security context, and of a container's, that are filled, and those that are mended. */
const FILLED = {
  pod: ["runAsNonRoot", "seccompProfile", "fsGroup", "fsGroupChangePolicy"],
  container: ["runAsUser", "runAsGroup", "allowPrivilegeEscalation", "capabilities"],
};
const MENDED = {
  pod: ["runAsNonRoot", "runAsUser", "seccompProfile", "appArmorProfile"],
  container: [
    ...["runAsNonRoot", "runAsUser", "seccompProfile", "appArmorProfile"],
    ...["privileged", "allowPrivilegeEscalation", "capabilities", "procMount"],
  ],
};

function writesOf({ profile, onUserChoice }: SecuritySpec): readonly string[][] {
  const kinds = [
    ...(profile === "Baseline" ? [] : [FILLED]),
    ...(onUserChoice === "Replace" ? [MENDED] : []),
  ];
  const keysOf = (part: "pod" | "container") => [...new Set(kinds.flatMap((kind) => kind[part]))];
  return [
    ...keysOf("pod").map((key) => ["spec", "securityContext", key]),
    ...["containers", "initContainers"].flatMap((list) =>
      keysOf("container").map((key) => ["spec", list, EACH, "securityContext", key]),
    ),
  ];
}

function levelOf({ profile }: Security): string {
  return profile.toLowerCase();
}

function faultsOf(pod: Pod, { role }: PodSubject, spec: Security): readonly SecurityFault[] {
  const { profile, runAsUser: uid = SPARK_UID } = spec;
  return securityFaults({ pod, profile, uid, spark: sparkContainerIndex(pod, role) });
}

function mutate(draft: Draft, subject: PodSubject, spec: Security): Effect | undefined {
  if (isForWindows(draft.pod)) {
    return { summary: undefined, replaced: [], kept: ["a Pod for Windows is left as it is"] };
  }
  const faults = faultsOf(draft.pod, subject, spec);
  const rights = faults.filter(({ about }) => about === "rights");
  const replaces =
    spec.onUserChoice === "Replace" && rights.every(({ mend }) => mend !== undefined);
  const stay = replaces ? faults.filter(({ about }) => about === "node") : faults;
  // What stays is told by the refusal.
  const kept = spec.onUserChoice === "Deny" ? [] : stay.map((fault) => keptText(fault, spec));
  if (rights.length > 0 && !replaces) {
    // Half of it would break what the job relies on (root without its capabilities), and it would not pass either way.
    if (kept.length > 0) kept.push("nothing is added: with what stays it would not pass");
    return { summary: undefined, replaced: [], kept };
  }
  const mark = draft.mark();
  const asked = draft.pod;
  for (const fault of rights) apply(draft, fault);
  if (spec.profile === "Restricted") {
    fillSecurity(draft, asked, sparkContainerIndex(asked, subject.role), spec);
    if (draft.isChangedSince(mark)) kept.push(...usersOfImages(draft.pod));
  }
  const summary = draft.isChangedSince(mark) ? summaryOf(spec, stay.length === 0) : undefined;
  return { summary, replaced: rights.map(replacedText), kept };
}

function summaryOf(spec: Security, passes: boolean): string {
  const level = `PodSecurity ${levelOf(spec)}`;
  return passes ? `made to pass ${level}` : `made to pass ${level}, but for what is kept`;
}

function apply(draft: Draft, { path, mend }: SecurityFault): void {
  if (mend?.kind === "set") draft.set(path, mend.value);
  else draft.remove(path);
}

function keptText({ path, found }: SecurityFault, spec: Security): string {
  return `${fieldPathText(path)} ${found}: kept, PodSecurity ${levelOf(spec)} refuses it`;
}

function replacedText({ path, found, mend }: SecurityFault): string {
  const what = mend?.kind === "set" ? `replaced: ${mend.text}` : "taken away";
  return `${fieldPathText(path)} ${found}, ${what}`;
}

/**
 * Judged as it was sent. What comes behind us is the API server's to refuse: a mesh may add what it must in a namespace
 * that does not enforce the level.
 */
function judge(pod: Pod, subject: PodSubject, spec: Security): readonly Violation[] {
  if (subject.stage === "validating" || isForWindows(pod)) return [];
  return faultsOf(pod, subject, spec).map((fault) => ({
    field: fieldPathText(fault.path),
    message: `${fault.found}, PodSecurity ${levelOf(spec)} ${
      fault.allowed === undefined ? "refuses it" : `wants ${fault.allowed}`
    }`,
    fix: fixOf(fault, subject),
  }));
}

function fixOf({ path: [root, part] }: SecurityFault, { role }: PodSubject): string {
  if (root === "metadata") return "leave the annotation out";
  if (part !== "volumes") return "take it out of the pod template";
  const prefix = `spark.kubernetes.${role === "executor" ? "executor" : "driver"}.volumes`;
  return `an emptyDir or a claim in its place: ${prefix}.persistentVolumeClaim.*`;
}
