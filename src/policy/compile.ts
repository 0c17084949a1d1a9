import { createHash } from "node:crypto";
import type { CompiledPolicy, Mode } from "../engine/policy.ts";
import { createPolicySet, type PolicySet } from "../engine/policy-set.ts";
import { RuleProblem } from "../engine/rule-kind.ts";
import type { Platform } from "../kubernetes/platform.ts";
import { RULE_KINDS } from "../rules/index.ts";
import { collectDocuments, uniqueDocuments, type NamedDocument } from "./collect.ts";
import type { Source, SourceDocument } from "./document.ts";
import { compileMatch, matchedRoles, type MatchSpec } from "./match.ts";
import { compileModeOverrides, type ModeOverrideSpec } from "./mode-overrides.ts";
import { toPlatform } from "./platform.ts";
import { nearMiss, type Problem } from "./problem.ts";

export interface CompileOptions {
  /** The installation's platform, for placements that name none. */
  readonly platform?: string | undefined;
  /** In place of what the policies say. */
  readonly mode?: Mode | undefined;
}

export interface Compiled {
  /** The documents without a problem. Whether that is enough is for the caller to say. */
  readonly set: PolicySet;
  /** Names of the platforms that placements can use. */
  readonly platforms: readonly string[];
  readonly problems: readonly Problem[];
}

interface PolicySpec {
  readonly mode?: Mode;
  readonly modeOverrides?: readonly ModeOverrideSpec[];
  readonly priority?: number;
  readonly onError?: "Deny" | "Allow";
  readonly denyExecutors?: boolean;
  readonly match?: MatchSpec;
  readonly exclude?: MatchSpec;
  readonly [rule: string]: unknown;
}

/** Reads, validates and compiles all documents of all sources, and tells everything that is wrong with any of them. */
export function compilePolicies(sources: readonly Source[], options: CompileOptions): Compiled {
  const problems: Problem[] = [];
  const named = collectDocuments(sources, problems);
  const usedPlatforms = uniqueDocuments(named.SparkPlatform, problems);
  const platforms = new Map(
    usedPlatforms.map(({ name, document }) => [name, toPlatform(name, document.value)]),
  );
  if (options.platform !== undefined && !platforms.has(options.platform)) {
    problems.push(unknownPlatform("--platform", options.platform, [...platforms.keys()]));
  }
  const usedPolicies = uniqueDocuments(named.SparkPolicy, problems);
  const policies = usedPolicies.flatMap((entry) =>
    compilePolicy(entry, platforms, options, problems),
  );
  const digest = digestOf([...usedPlatforms, ...usedPolicies], options);
  const set = createPolicySet(policies, digest);
  return { set, platforms: [...platforms.keys()].sort(), problems: inOrder(problems) };
}

function compilePolicy(
  { name, document }: NamedDocument,
  platforms: ReadonlyMap<string, Platform>,
  options: CompileOptions,
  problems: Problem[],
): readonly CompiledPolicy[] {
  const { spec } = document.value as { spec: PolicySpec };
  const kind = RULE_KINDS.find(({ key }) => Object.hasOwn(spec, key));
  if (kind === undefined) return []; // told by its schema
  const clauses = (key: "match" | "exclude") =>
    guarded(document, ["spec", key], problems, () => compileMatch(spec[key]));
  const included = clauses("match");
  const excluded = clauses("exclude");
  const rule = guarded(document, ["spec", kind.key], problems, () =>
    kind.compile(spec[kind.key], {
      platform: (wanted) => findPlatform(platforms, wanted, options.platform),
    }),
  );
  const modeOverrides = guarded(document, ["spec", "modeOverrides"], problems, () =>
    compileModeOverrides(spec.modeOverrides ?? []),
  );
  if (included === undefined || excluded === undefined) return [];
  if (modeOverrides === undefined || rule === undefined) return [];
  return [
    {
      name,
      rule: kind.key,
      combine: kind.combine,
      mode: options.mode ?? spec.mode ?? "Audit",
      modeOverrides: options.mode === undefined ? modeOverrides : [],
      priority: spec.priority ?? 0,
      onError: spec.onError ?? "Deny",
      denyExecutors: spec.denyExecutors ?? false,
      roles: matchedRoles(spec.match ?? {}),
      matches:
        spec.exclude === undefined
          ? included
          : (subject, facts) => included(subject, facts) && !excluded(subject, facts),
      ...rule,
    },
  ];
}

/** Runs a compilation step; what it throws of a rule is a problem of the document. */
function guarded<T>(
  document: SourceDocument,
  path: readonly string[],
  problems: Problem[],
  step: () => T,
): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof RuleProblem) {
      const hint = error.found === undefined ? "" : nearMiss(error.found, error.allowed);
      const allowed = error.allowed.length > 0 ? `, allowed: ${error.allowed.join(", ")}` : "";
      problems.push(document.problem([...path, ...error.path], error.message + allowed + hint));
      return undefined;
    }
    if (error instanceof ToldAlready) return undefined;
    if (error instanceof TypeError) {
      problems.push(document.problem(path, error.message));
      return undefined;
    }
    throw error;
  }
}

/** The installation's platform is not there, which is one problem and not one of each policy. */
class ToldAlready extends Error {}

function findPlatform(
  platforms: ReadonlyMap<string, Platform>,
  wanted: string | undefined,
  installation: string | undefined,
): Platform {
  const name = wanted ?? installation;
  const allowed = [...platforms.keys()];
  if (name === undefined) {
    const message = "no platform: say --platform NAME, or spec.placement.platform";
    throw new RuleProblem(message, { path: [], allowed });
  }
  const platform = platforms.get(name);
  if (platform !== undefined) return platform;
  if (wanted === undefined) throw new ToldAlready();
  throw new RuleProblem(`there is no platform '${name}'`, {
    path: ["platform"],
    found: name,
    allowed,
  });
}

function unknownPlatform(file: string, name: string, allowed: readonly string[]): Problem {
  const message = `there is no platform '${name}', allowed: ${allowed.join(", ")}`;
  return { file, line: 0, column: 0, path: "", message: message + nearMiss(name, allowed) };
}

/** Two replicas with the same digest decide alike. The order of keys and what the API server adds make no difference. */
function digestOf(used: readonly NamedDocument[], { platform, mode }: CompileOptions): string {
  const documents = used
    .map(({ name, document }) => {
      const { kind, spec } = document.value as { kind: unknown; spec: unknown };
      return JSON.stringify([kind, name, spec], sortKeys);
    })
    .sort();
  return createHash("sha256")
    .update(JSON.stringify({ documents, platform, mode }))
    .digest("hex")
    .slice(0, 12);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
