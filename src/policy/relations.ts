import type { CompiledPolicy, Mode } from "../engine/policy.ts";
import type { RuleDoubt } from "../engine/rule-kind.ts";
import { RULE_KINDS } from "../rules/index.ts";
import type { NamedDocument } from "./collect.ts";
import { mayDenyExecutors, type PolicySpec } from "./compile-policy.ts";
import type { DocumentPath } from "./document.ts";
import { contradictionsOf } from "./contradictions.ts";
import { covers, scopeCovers, scopesOverlap, type Scope } from "./match-relations.ts";
import { matchedRoles } from "./match.ts";
import type { ModeOverrideSpec } from "./mode-overrides.ts";
import type { Problem } from "./problem.ts";

/** Something that is not wrong by itself, and yet hardly meant, or to be known. */
export interface Notice extends Problem {
  /** `error`: it cannot have been meant. `warning`: hardly. `note`: what was decided, for who asks. */
  readonly severity: "error" | "warning" | "note";
  /** `never-applies`, `shadowed`, `conflict`: another policy speaks of the same thing. `doubtful`: what is hardly meant. */
  readonly kind: "never-applies" | "shadowed" | "conflict" | "doubtful";
  readonly policy: string;
  /** The policy that wins. */
  readonly other: string | undefined;
}

/** A policy beside the document that it was compiled from. */
export interface PolicyDocument extends NamedDocument {
  readonly policy: CompiledPolicy;
}

/** What is to be told of policies as such and of each two of them, in the order in which they apply. */
export function relationsOf(policies: readonly PolicyDocument[]): readonly Notice[] {
  return policies.flatMap((lower, index) => {
    const before = policies.slice(0, index);
    return [
      ...ofOne(lower),
      ...before.flatMap((higher) => ofTwo(higher, lower)),
      ...ofSeveral(before, lower),
    ];
  });
}

function specOf({ document }: PolicyDocument): PolicySpec {
  return (document.value as { readonly spec: PolicySpec }).spec;
}

type Tell = (
  severity: Notice["severity"],
  kind: Notice["kind"],
  path: DocumentPath,
  message: string,
) => void;

function ofOne(entry: PolicyDocument): readonly Notice[] {
  const spec = specOf(entry);
  const { match = {}, exclude, denyExecutors, modeOverrides = [] } = spec;
  const notices: Notice[] = [];
  const tell: Tell = (severity, kind, path, message) => {
    const problem = entry.document.problem(["spec", ...path], message);
    notices.push({ ...problem, severity, kind, policy: entry.name, other: undefined });
  };
  if (exclude !== undefined && covers(exclude, match)) {
    tell("error", "never-applies", ["exclude"], "leaves out all that match takes in");
  }
  if (!modesOf(spec).includes("Enforce")) {
    for (const key of ["enforceFrom", "rollout"]) {
      if (spec[key] === undefined) continue;
      tell("warning", "doubtful", [key], "has no effect: no mode is Enforce; say mode: Enforce");
    }
  }
  if (denyExecutors === true && !matchedRoles(match).includes("executor")) {
    tell("warning", "doubtful", ["denyExecutors"], "has no effect: match.roles has no executor");
  } else if (denyExecutors === true && !mayDenyExecutors(spec)) {
    const message =
      "has no effect beside enforceFrom and rollout: they may turn the policy on while a job runs, which would lose its executors";
    tell("warning", "doubtful", ["denyExecutors"], message);
  }
  for (const { path, message } of doubtsOf(entry)) tell("warning", "doubtful", path, message);
  for (const message of contradictionsOf(entry.policy, undefined)) {
    tell("warning", "conflict", [entry.policy.rule], message);
  }
  notices.push(...unreachedOverrides(entry, modeOverrides));
  return notices;
}

/** What the rule itself finds hardly meant. */
function doubtsOf(entry: PolicyDocument): readonly RuleDoubt[] {
  const { rule, roles } = entry.policy;
  const kind = RULE_KINDS.find(({ key }) => key === rule);
  const doubts = kind?.doubts?.(specOf(entry)[rule], roles) ?? [];
  return doubts.map(({ path, message }) => ({ path: [rule, ...path], message }));
}

function unreachedOverrides(
  { name, document }: PolicyDocument,
  overrides: readonly ModeOverrideSpec[],
): readonly Notice[] {
  return overrides.flatMap((override, index) => {
    const before = overrides.findIndex((other) => covers(other, override));
    if (before >= index) return [];
    const path = ["spec", "modeOverrides", index];
    const message = `is never reached: modeOverrides[${before}] holds for the same namespaces`;
    const common = { policy: name, other: undefined };
    return [
      { ...document.problem(path, message), ...common, severity: "warning", kind: "doubtful" },
    ];
  });
}

function ofTwo(higher: PolicyDocument, lower: PolicyDocument): readonly Notice[] {
  const { policy: winner } = higher;
  const { policy: loser } = lower;
  if (winner.rule !== loser.rule || (loser.combine === "all" && !hasFields(loser))) {
    return []; // of which all apply, and none sets anything
  }
  if (!scopesOverlap(specOf(higher), specOf(lower))) return [];
  const byName = winner.priority === loser.priority;
  const why = byName
    ? `both have priority ${winner.priority} and its name comes first: give one of them a priority`
    : `it has priority ${winner.priority}, this one ${loser.priority}`;
  const at = (path: DocumentPath, message: string): Problem =>
    lower.document.problem(path, `${message} (${why})`);
  const common = { policy: lower.name, other: higher.name };
  if (winner.combine === "one") {
    if (isAlwaysBefore(higher, lower)) {
      const message = `never applies: ${higher.name} takes its place for all that it matches`;
      const severity = byName ? "error" : "warning";
      return [{ ...at(["metadata", "name"], message), ...common, severity, kind: "shadowed" }];
    }
    const message = `gives way to ${higher.name} where both match`;
    const severity = byName ? "warning" : "note";
    return [{ ...at(["metadata", "name"], message), ...common, severity, kind: "shadowed" }];
  }
  const contradictions = contradictionsOf(loser, winner).map((message): Notice => {
    const problem = lower.document.problem(["spec", loser.rule], message);
    return { ...problem, ...common, severity: "warning", kind: "conflict" };
  });
  const claims = [...(loser.claims ?? [])].flatMap(([field, value]): readonly Notice[] => {
    const other = winner.claims?.get(field);
    if (other === undefined || other === value) return [];
    const message = `${field} is set to '${other}' by ${higher.name} where both match, not to '${value}'`;
    const severity = byName ? "warning" : "note";
    return [{ ...at(["spec", loser.rule], message), ...common, severity, kind: "conflict" }];
  });
  return [...claims, ...contradictions];
}

/** Whether several higher ones together take the place of one everywhere: some of its roles each, or of its namespaces. */
function ofSeveral(before: readonly PolicyDocument[], lower: PolicyDocument): readonly Notice[] {
  const { match = {}, exclude } = specOf(lower);
  const rivals = before.filter(({ policy }) => policy.rule === lower.policy.rule);
  if (lower.policy.combine !== "one" || rivals.some((each) => isAlwaysBefore(each, lower)))
    return [];
  const parts = matchedRoles(match).flatMap((role) =>
    (match.namespaces ?? [undefined]).map((namespace) => {
      const namespaces = namespace === undefined ? {} : { namespaces: [namespace] };
      return { match: { ...match, roles: [role], ...namespaces }, exclude };
    }),
  );
  const winners = parts.map((part) => rivals.find((each) => isAlwaysBefore(each, lower, part)));
  if (winners.includes(undefined)) return [];
  const together = [...new Set(winners.flatMap((winner) => winner ?? []))];
  const byName = together.every(({ policy }) => policy.priority === lower.policy.priority);
  const names = together.map(({ name }) => name).join(" and ");
  const why = byName ? "all have the same priority and their names come first" : "by priority";
  const message = `never applies: ${names} together take its place for all that it matches (${why})`;
  const problem = lower.document.problem(["metadata", "name"], message);
  const severity = byName ? "error" : "warning";
  return [{ ...problem, policy: lower.name, other: undefined, severity, kind: "shadowed" }];
}

/** Whether a policy of which all apply sets fields, or says what they must be. */
function hasFields({ claims, demands }: CompiledPolicy): boolean {
  return claims !== undefined || demands !== undefined;
}

/**
 * Whether the higher one applies wherever the lower one would, as both are written: `--mode` is for a look. One that only
 * audits takes nobody's place.
 */
function isAlwaysBefore(
  higher: PolicyDocument,
  lower: PolicyDocument,
  scope: Scope = specOf(lower),
): boolean {
  const spec = specOf(higher);
  const isWhole =
    higher.policy.exceptions.length === 0 &&
    spec.rollout === undefined &&
    spec.enforceFrom === undefined &&
    (spec.modeOverrides ?? []).length === 0;
  const goesAsFar = spec.mode === "Enforce" || !modesOf(specOf(lower)).includes("Enforce");
  return isWhole && goesAsFar && scopeCovers(spec, scope);
}

function modesOf({ mode, modeOverrides = [] }: PolicySpec): readonly Mode[] {
  return [mode ?? "Audit", ...modeOverrides.map((override) => override.mode)];
}
