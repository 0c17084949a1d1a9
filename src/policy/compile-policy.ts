import type {
  CompiledPolicy,
  EnforceFrom,
  Mode,
  ModeOverride,
  PolicyException,
} from "../engine/policy.ts";
import { RuleProblem, type RuleEnvironment, type RuleKind } from "../engine/rule-kind.ts";
import { compileGlobs } from "../kubernetes/glob.ts";
import { RULE_KINDS } from "../rules/index.ts";
import type { Surface } from "../spark/subject.ts";
import type { NamedDocument } from "./collect.ts";
import { guarded } from "./guarded.ts";
import { compileMatch, matchedRoles, namesObject, type MatchSpec } from "./match.ts";
import { compileModeOverrides, type ModeOverrideSpec } from "./mode-overrides.ts";
import { momentOf } from "./moment.ts";
import type { Problem } from "./problem.ts";

/** The spec of a SparkPolicy that fits its schema. */
export interface PolicySpec {
  readonly documentation?: string;
  readonly mode?: Mode;
  readonly modeOverrides?: readonly ModeOverrideSpec[];
  readonly enforceFrom?: string;
  readonly rollout?: { readonly percent: number };
  readonly priority?: number;
  readonly onError?: "Deny" | "Allow";
  readonly denyExecutors?: boolean;
  readonly match?: MatchSpec;
  readonly exclude?: MatchSpec;
  readonly [rule: string]: unknown;
}

/** What a policy is compiled with. */
export interface PolicyContext extends RuleEnvironment {
  /** In place of what the policies say. */
  readonly mode: Mode | undefined;
  readonly exceptions: readonly PolicyException[];
}

/** Compiles a policy that fits its schema; undefined where something is wrong with it, which is told. */
export function compilePolicy(
  { name, document }: NamedDocument,
  context: PolicyContext,
  problems: Problem[],
): CompiledPolicy | undefined {
  const { spec } = document.value as { spec: PolicySpec };
  const kind = RULE_KINDS.find(({ key }) => Object.hasOwn(spec, key));
  if (kind === undefined) return undefined; // told by its schema
  const before = problems.length;
  const step = <T>(key: string, compile: () => T) =>
    guarded(document, ["spec", key], problems, compile);
  const included = step("match", () => compileMatch(spec.match));
  const excluded = step("exclude", () => compileMatch(spec.exclude));
  const surfaces = step("match", () => surfacesOf(spec.match, kind));
  const rule = step(kind.key, () => kind.compile(spec[kind.key], context));
  const modeOverrides = step("modeOverrides", () => compileModeOverrides(spec.modeOverrides ?? []));
  const enforceFrom = step("enforceFrom", () => enforceFromOf(spec));
  if (problems.length > before || rule === undefined) return undefined;
  if (included === undefined || excluded === undefined || surfaces === undefined) return undefined;
  const exclusion = spec.exclude && { clause: "exclude", wanted: JSON.stringify(spec.exclude) };
  return {
    name,
    rule: kind.key,
    combine: kind.combine,
    ...modesOf(spec, context.mode, modeOverrides ?? [], enforceFrom),
    exceptions: context.exceptions.filter(({ terms }) => terms.policies.includes(name)),
    documentation: spec.documentation,
    priority: spec.priority ?? 0,
    onError: spec.onError ?? "Deny",
    denyExecutors: mayDenyExecutors(spec),
    roles: matchedRoles(spec.match ?? {}),
    surfaces,
    inNamespace: spec.match?.namespaces && compileGlobs(spec.match.namespaces),
    mismatch: (subject, facts) => {
      const mismatch = included(subject, facts);
      if (mismatch !== undefined || exclusion === undefined) return mismatch;
      return excluded(subject, facts) === undefined ? exclusion : undefined;
    },
    ...rule,
  };
}

/**
 * On which surfaces the policy speaks. A condition about the object is meant for what the rule is about in the first place,
 * which is Pods but for sparkConf, unless the policy says otherwise.
 * Throws a RuleProblem for one of which the rule has nothing to say.
 */
function surfacesOf(match: MatchSpec | undefined, kind: RuleKind): readonly Surface[] {
  const { key, surfaces, surfacesUnlessSaid = surfaces } = kind;
  if (match?.surfaces === undefined) {
    return namesObject(match) ? surfacesUnlessSaid.slice(0, 1) : surfacesUnlessSaid;
  }
  for (const [index, surface] of match.surfaces.entries()) {
    if (surfaces.includes(surface)) continue;
    const message = `${key} has nothing to say of a ${surface}`;
    throw new RuleProblem(message, { path: ["surfaces", index], allowed: surfaces });
  }
  return match.surfaces;
}

/** How far the policy goes where; a mode of the command line takes the place of all of it. */
function modesOf(
  { mode, rollout }: PolicySpec,
  instead: Mode | undefined,
  modeOverrides: readonly ModeOverride[],
  enforceFrom: EnforceFrom | undefined,
) {
  if (instead !== undefined) {
    const everywhere = { modeOverrides: [], enforceFrom: undefined, rolloutPercent: 100 };
    return { mode: instead, modeFrom: "--mode", ...everywhere };
  }
  const written = mode === undefined ? "default" : "spec.mode";
  const rolloutPercent = rollout?.percent ?? 100;
  return { mode: mode ?? "Audit", modeFrom: written, modeOverrides, enforceFrom, rolloutPercent };
}

function enforceFromOf({ enforceFrom }: PolicySpec): EnforceFrom | undefined {
  return enforceFrom === undefined ? undefined : { text: enforceFrom, at: momentOf(enforceFrom) };
}

/** What turns a policy on while jobs run must not take their executors: see `denyExecutors` in engine/policy.ts. */
export function mayDenyExecutors(spec: PolicySpec): boolean {
  const turnsOnLater = spec.enforceFrom !== undefined || spec.rollout !== undefined;
  return spec.denyExecutors === true && !turnsOnLater;
}
