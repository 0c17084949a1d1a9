import type { Platform } from "../kubernetes/platform.ts";
import type { Role } from "../spark/role.ts";
import type { Surface } from "../spark/subject.ts";
import type { Combine, CompiledRule } from "./policy.ts";

/** What a rule may ask of the installation while it is compiled. */
export interface RuleEnvironment {
  /** The platform of that name, or the installation's for undefined. Throws a RuleProblem where there is none. */
  readonly platform: (name: string | undefined) => Platform;
  /** The installation's, for what does without where there is none. */
  readonly usualPlatform: Platform | undefined;
}

/** One kind of rule: the key under which it stands in a policy's spec, the schema of its block, and its meaning. */
export interface RuleKind {
  readonly key: string;
  readonly combine: Combine;
  /** On which it can speak; first what it is mostly about. */
  readonly surfaces: readonly Surface[];
  /** On which it speaks where a policy's match does not say. Left out: all of them. */
  readonly surfacesUnlessSaid?: readonly Surface[];
  /** What it is for, one sentence. */
  readonly description: string;
  /** A block as YAML, with its key, for the reference. */
  readonly example: string;
  /** JSON Schema (2020-12) of the block. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** What is hardly meant of a block that fits the schema, for a policy of these roles. */
  readonly doubts?: (spec: unknown, roles: readonly Role[]) => readonly RuleDoubt[];
  /** Called with a block that fits the schema. Throws a RuleProblem for what a schema cannot say. */
  readonly compile: (spec: unknown, environment: RuleEnvironment) => CompiledRule;
}

/** Something that a policy says and hardly means. */
export interface RuleDoubt {
  /** Where in the rule's block. */
  readonly path: readonly string[];
  readonly message: string;
}

/** A rule that fits its schema and still cannot be: a capacity that its platform does not have. */
export class RuleProblem extends Error {
  /** Where in the rule's block. */
  readonly path: readonly (string | number)[];
  /** What was written there, for the near-miss hint; undefined where nothing was. */
  readonly found: string | undefined;
  /** What could stand there. */
  readonly allowed: readonly string[];

  constructor(
    message: string,
    where: {
      readonly path: readonly (string | number)[];
      readonly found?: string | undefined;
      readonly allowed: readonly string[];
    },
  ) {
    super(message);
    this.name = "RuleProblem";
    this.path = where.path;
    this.found = where.found;
    this.allowed = where.allowed;
  }
}
