import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Option, type Command } from "commander";
import type { Mode } from "../engine/policy.ts";
import type { PolicySet } from "../engine/policy-set.ts";
import { compilePolicies, type Compiled } from "../policy/compile.ts";
import type { Source } from "../policy/document.ts";
import { problemText } from "../policy/problem.ts";
import { LARGEST_POLICY_FILE, sourceOf } from "../policy/source.ts";
import { CommandFailure, EXIT } from "./failure.ts";
import { listDocumentFiles, readBytes } from "./read-input.ts";

const AS_WRITTEN = "AsWritten";

/** Options of every command that judges by policies. */
export interface PolicyOptions {
  readonly policies?: readonly string[];
  readonly platform?: string;
  /** In place of what the policies say; AsWritten: what they say, as where it is left out. */
  readonly mode?: Mode | typeof AS_WRITTEN;
}

const PLATFORMS = "platforms";
const DEFAULT_SETS: readonly string[] = ["baseline"];

/** Adds `--policies`, `--platform` and `--mode` to a command. */
export function addPolicyOptions(command: Command, defaultMode: string): Command {
  return command
    .option(
      "--policies <set|path>",
      `shipped set (${shippedSets().join(", ")}), file or folder; may be repeated (default: ${DEFAULT_SETS.join(", ")})`,
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    )
    .option(
      "--platform <name>",
      `how the cluster names its capacity (shipped: ${shippedPlatforms().join(", ")})`,
    )
    .addOption(
      new Option(
        "--mode <mode>",
        `in place of the policies' own mode (default: ${defaultMode})`,
      ).choices(["Enforce", "Warn", "Audit", AS_WRITTEN]),
    );
}

/** Reads and compiles the policies that the options name. Throws a CommandFailure that tells every problem. */
export function loadPolicies(options: PolicyOptions): Compiled {
  const mode = options.mode === AS_WRITTEN ? undefined : options.mode;
  const compiled = compileFrom(options.policies ?? DEFAULT_SETS, { ...options, mode });
  const { problems } = compiled;
  if (problems.length > 0) throw new CommandFailure(EXIT.badInput, problems.map(problemText));
  return compiled;
}

/** Those policies alone, for who does not care what else is to be told of them. */
export function loadPolicySet(options: PolicyOptions): PolicySet {
  return loadPolicies(options).set;
}

/** Reads and compiles policies; what is wrong with them is for the caller to tell. */
export function compileFrom(
  origins: readonly string[],
  options: { readonly platform?: string | undefined; readonly mode?: Mode | undefined },
): Compiled {
  return compilePolicies(readPolicySources(origins), options);
}

/** The files of shipped sets, files and folders, and the shipped platforms. */
export function readPolicySources(origins: readonly string[]): readonly Source[] {
  const sources = origins.flatMap((origin) =>
    shippedSets().includes(origin) ? readShipped(origin) : readSources(origin),
  );
  return [...readShipped(PLATFORMS), ...sources];
}

/** Names of the policy sets that come with Sparkgate. */
export function shippedSets(): readonly string[] {
  return readdirSync(shippedFolder(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== PLATFORMS)
    .map((entry) => entry.name)
    .sort();
}

function shippedPlatforms(): readonly string[] {
  return readdirSync(join(shippedFolder(), PLATFORMS))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.replace(/\.yaml$/, ""))
    .sort();
}

function readShipped(set: string): readonly Source[] {
  return readSources(join(shippedFolder(), set)).map((source) => ({ ...source, shipped: true }));
}

function readSources(path: string): readonly Source[] {
  const files = listDocumentFiles(path);
  if (files.length === 0) {
    throw new CommandFailure(EXIT.badInput, [
      `${path}: no .yaml, .yml or .json file in this folder`,
    ]);
  }
  return files.map((file) => sourceOf(file, readBytes(file), LARGEST_POLICY_FILE));
}

/** `policies/` beside `src/` in a checkout and beside `dist/` in the package: the nearest one upwards. */
function shippedFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "policies", PLATFORMS))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error("the shipped policies are missing: install Sparkgate anew");
    folder = parent;
  }
  return join(folder, "policies");
}
