import { createHash } from "node:crypto";
import type { Mode, PolicyException } from "../engine/policy.ts";
import { createPolicySet, inTurn, type PolicySet } from "../engine/policy-set.ts";
import { RuleProblem } from "../engine/rule-kind.ts";
import type { Platform } from "../kubernetes/platform.ts";
import { SURFACES } from "../spark/subject.ts";
import { collectDocuments, uniqueDocuments, type NamedDocument } from "./collect.ts";
import { compilePolicy, type PolicyContext, type PolicySpec } from "./compile-policy.ts";
import type { Source } from "./document.ts";
import { compileException, type ExceptionSpec } from "./exception.ts";
import { ToldAlready } from "./guarded.ts";
import { relationsOf, type Notice, type PolicyDocument } from "./relations.ts";
import { toPlatform } from "./platform.ts";
import { listText, nearMiss, type Problem } from "./problem.ts";
import { unstableClauses, type Selecting, type Writer } from "./unstable-clauses.ts";

export interface CompileOptions {
  /** The installation's platform, for placements that name none. */
  readonly platform?: string | undefined;
  /** In place of what the policies say. */
  readonly mode?: Mode | undefined;
  /** The only policy that is compiled; all are read. */
  readonly only?: string | undefined;
}

export interface Compiled {
  /** The documents without a problem. Whether that is enough is for the caller to say. */
  readonly set: PolicySet;
  /** Names of the platforms that placements can use. */
  readonly platforms: readonly string[];
  readonly problems: readonly Problem[];
  /** What is hardly meant, or to be known. */
  readonly notices: readonly Notice[];
}

/** Reads the exceptions alone, in order of their names: who lists them need not know the platform of the policies. */
export function compileExceptions(sources: readonly Source[]): {
  readonly exceptions: readonly PolicyException[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const broken = new Set<string>();
  const named = collectDocuments(sources, problems, broken);
  const names = named.SparkPolicy.map(({ name }) => name);
  const exceptions = uniqueDocuments(named.SparkPolicyException, problems)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => compileException(entry, { names, broken }, problems) ?? []);
  return { exceptions, problems: inOrder(problems) };
}

/** Reads, validates and compiles all documents of all sources, and tells everything that is wrong with any of them. */
export function compilePolicies(sources: readonly Source[], options: CompileOptions): Compiled {
  const problems: Problem[] = [];
  const broken = new Set<string>();
  const named = collectDocuments(sources, problems, broken);
  const usedPlatforms = uniqueDocuments(named.SparkPlatform, problems);
  const platforms = new Map(
    usedPlatforms.map(({ name, document }) => [name, toPlatform(name, document.value)]),
  );
  const isBroken = (name: string) => broken.has(`SparkPlatform/${name}`);
  const { platform } = options;
  if (platform !== undefined && !platforms.has(platform) && !isBroken(platform)) {
    problems.push(unknownPlatform("--platform", platform, [...platforms.keys()]));
  }
  const usedPolicies = uniqueDocuments(named.SparkPolicy, problems);
  const names = usedPolicies.map(({ name }) => name);
  const usedExceptions = uniqueDocuments(named.SparkPolicyException, problems);
  const exceptions = usedExceptions
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => compileException(entry, { names, broken }, problems) ?? []);
  const context: PolicyContext = {
    mode: options.mode,
    exceptions,
    platform: (wanted) => findPlatform(platforms, wanted, platform, isBroken),
    usualPlatform: platforms.get(platform ?? ""),
  };
  const wanted = usedPolicies.filter(({ name }) => (options.only ?? name) === name);
  const policies = wanted.flatMap((entry) => {
    const policy = compilePolicy(entry, context, problems);
    return policy === undefined ? [] : [{ policy, ...entry }];
  });
  const digest = digestOf([...usedPlatforms, ...usedPolicies, ...usedExceptions], options);
  const relations = relationsOf([...policies].sort((a, b) => inTurn(a.policy, b.policy)));
  const conflicts = relations.filter(({ other }) => other !== undefined).length;
  const compiled = policies.map(({ policy }) => policy);
  const set = createPolicySet(compiled, digest, { exceptions, conflicts });
  const sound = usedExceptions.filter(({ name }) =>
    exceptions.some(({ terms }) => terms.name === name),
  );
  const unstable = unstableClauses(
    [...policies.map(selectingPolicy), ...sound.flatMap(selectingExceptions)],
    policies.map(writer),
  );
  const errors = [...relations.filter(({ severity }) => severity === "error"), ...unstable.errors];
  return {
    set,
    platforms: [...platforms.keys()].sort(),
    problems: inOrder([...problems, ...errors]),
    notices: inOrder([
      ...relations.filter(({ severity }) => severity !== "error"),
      ...unstable.notes,
    ]),
  };
}

function selectingPolicy({ name, document, policy }: PolicyDocument): Selecting {
  const { spec } = document.value as { readonly spec: PolicySpec };
  const clauses = (["match", "exclude"] as const).map((key) => ({
    path: ["spec", key],
    match: spec[key] ?? {},
  }));
  return { name, document, clauses, scope: spec, surfaces: policy.surfaces };
}

function selectingExceptions({ name, document }: NamedDocument): readonly Selecting[] {
  const { spec } = document.value as { readonly spec: ExceptionSpec };
  return spec.subjects.map((match, index) => ({
    name,
    document,
    clauses: [{ path: ["spec", "subjects", index], match }],
    scope: { match },
    surfaces: match.surfaces ?? SURFACES,
  }));
}

function writer({ name, document, policy }: PolicyDocument): Writer {
  const { spec } = document.value as { readonly spec: PolicySpec };
  // It may only judge on some of its surfaces.
  const surfaces = policy.surfaces.filter((surface) =>
    surface === "pod" ? policy.mutate !== undefined : policy.conf?.mutate !== undefined,
  );
  const { writes = [], rewrites = [] } = policy;
  return { name, writes, rewrites, scope: spec, surfaces };
}

function findPlatform(
  platforms: ReadonlyMap<string, Platform>,
  wanted: string | undefined,
  installation: string | undefined,
  isBroken: (name: string) => boolean,
): Platform {
  const name = wanted ?? installation;
  const allowed = [...platforms.keys()];
  if (name === undefined) {
    const message = "no platform: say --platform NAME, or platform in this block";
    throw new RuleProblem(message, { path: [], allowed });
  }
  const platform = platforms.get(name);
  if (platform !== undefined) return platform;
  if (wanted === undefined || isBroken(wanted)) throw new ToldAlready();
  throw new RuleProblem(`there is no platform '${name}'`, {
    path: ["platform"],
    found: name,
    allowed,
  });
}

function unknownPlatform(file: string, name: string, allowed: readonly string[]): Problem {
  const message = `there is no platform '${name}', allowed: ${listText(allowed)}`;
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

function inOrder<T extends Problem>(problems: readonly T[]): readonly T[] {
  return [...problems].sort(
    (a, b) =>
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
