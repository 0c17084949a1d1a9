import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** What a control plane is made of, under the names that `KUBEBUILDER_ASSETS` folders have. */
export const binaries = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
] as const;

/** One of {@link binaries}. */
export type Binary = (typeof binaries)[number];

/**
 * The PySpark releases that tests and recordings run: the oldest line supported, one between, and the newest. The suites run
 * the first, and the second where confs are submitted; they install no other.
 */
export const sparkVersions = { "3.5": "3.5.9", "4.1": "4.1.4", "4": "4.3.0" } as const;

/** A key of {@link sparkVersions}. */
export type SparkLine = keyof typeof sparkVersions;

/** Said on one line when the tests cannot run on this machine. */
export class MissingPrerequisiteError extends Error {
  override readonly name = "MissingPrerequisiteError";
}

const MODULES = join(import.meta.dirname, "controlplane");
const GO_MINIMUM = [1, 26] as const;
const COMPLETE = ".complete";

/**
 * Flags of every `go build`. `-pgo=off` since kube-apiserver ships a profile, with which Go would
 * build every dependency a second time.
 */
const BUILD_FLAGS = ["-pgo=off", "-trimpath", "-mod=readonly", "-buildvcs=false"];

/** Where the binaries are: `KUBEBUILDER_ASSETS`, or the cache, into which they are built once. */
export function controlPlane(): string {
  const given = process.env["KUBEBUILDER_ASSETS"];
  if (given !== undefined && given !== "") {
    const missing = binaries.filter((binary) => !existsSync(join(given, binary)));
    if (missing.length === 0) return given;
    throw new MissingPrerequisiteError(`KUBEBUILDER_ASSETS=${given} lacks ${missing.join(", ")}`);
  }
  const folder = cachedControlPlane();
  if (!existsSync(folder)) build(folder);
  return folder;
}

/** `SPARK_HOME` of the PySpark release that a line runs. */
export function sparkHome(line: SparkLine): string {
  return sparkHomeOf(sparkVersions[line]);
}

/** `SPARK_HOME` of a PySpark release in the cache, installed there with pip if it is not yet. */
export function sparkHomeOf(version: string): string {
  const environment = join(cacheFolder(), `pyspark-${version}`);
  // A virtual environment has its own path written into it: a marker made last, and no rename.
  const marker = join(environment, COMPLETE);
  if (!existsSync(marker)) {
    requireCommand("python3", ["-m", "venv", "--help"], "python3 with its venv module");
    rmSync(environment, { recursive: true, force: true });
    say(`installing PySpark ${version} into ${environment}, once`);
    run("python3", ["-m", "venv", environment]);
    run(join(environment, "bin", "pip"), ["install", "--quiet", `pyspark==${version}`]);
    writeFileSync(marker, "");
  }
  const library = join(environment, "lib");
  const python = readdirSync(library).find((name) => name.startsWith("python"));
  return join(library, python ?? "python3", "site-packages", "pyspark");
}

/** Throws a {@link MissingPrerequisiteError} unless the control plane is there or can be built. */
export function requireControlPlane(): void {
  if (process.env["KUBEBUILDER_ASSETS"] || existsSync(cachedControlPlane())) return;
  const wanted = GO_MINIMUM.join(".");
  const found = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" }).stdout as string | null;
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(found ?? "") ?? [];
  if (Number(major) === GO_MINIMUM[0] && Number(minor) >= GO_MINIMUM[1]) return;
  throw new MissingPrerequisiteError(
    `Go ${wanted} or newer is missing, to build the control plane with; ` +
      "or set KUBEBUILDER_ASSETS to a folder of etcd, kube-apiserver, kube-controller-manager, " +
      "kube-scheduler and kubectl",
  );
}

/** Throws a {@link MissingPrerequisiteError} unless Spark jobs can run on this machine. */
export function requireSpark(): void {
  requireCommand("python3", ["-m", "venv", "--help"], "python3 with its venv module");
  requireCommand("java", ["-version"], "java (17 or newer), which Spark runs on,");
}

/** The folder in which suites keep what they fetch once. */
export function cacheFolder(): string {
  const { SPARKGATE_E2E_CACHE: own, XDG_CACHE_HOME: xdg } = process.env;
  return join(own || join(xdg || join(homedir(), ".cache"), "sparkgate"), "e2e");
}

function cachedControlPlane(): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(MODULES, file)));
  hash.update(JSON.stringify([BUILD_FLAGS, versionFlags()]));
  return join(cacheFolder(), hash.digest("hex").slice(0, 16));
}

/** Builds into a folder of its own first, so that an aborted build is not taken for a good one. */
function build(folder: string): void {
  requireControlPlane();
  mkdirSync(cacheFolder(), { recursive: true });
  const temporary = mkdtempSync(join(cacheFolder(), "building-"));
  say(`building the control plane into ${folder}, once: about 8 minutes on 2 cores`);
  try {
    for (const binary of binaries) buildOne(binary, join(temporary, binary));
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another run may have built it meanwhile.
    if (!existsSync(folder)) throw error;
  }
}

function buildOne(binary: Binary, output: string): void {
  say(`  ${binary}`);
  const ofEtcd = binary === "etcd";
  const packageName = ofEtcd ? "go.etcd.io/etcd/server/v3" : `k8s.io/kubernetes/cmd/${binary}`;
  const linker = ["-s", "-w", ...(ofEtcd ? [] : versionFlags())].join(" ");
  const tags = ofEtcd ? [] : ["-tags", "grpcnotrace"];
  run("go", ["build", ...BUILD_FLAGS, ...tags, "-ldflags", linker, "-o", output, packageName], {
    CGO_ENABLED: "0",
    GOTOOLCHAIN: "local",
    GOFLAGS: "",
  });
}

/** Without these the server calls itself `v0.0.0-master+$Format:%H$`, which clients cannot parse. */
function versionFlags(): string[] {
  const modules = readFileSync(join(MODULES, "go.mod"), "utf8");
  const [, version = "", minor = ""] = /k8s\.io\/kubernetes (v1\.(\d+)\.\d+)/.exec(modules) ?? [];
  const values = {
    gitVersion: version,
    gitMajor: "1",
    gitMinor: minor,
    gitTreeState: "clean",
    gitCommit: "0".repeat(40),
    buildDate: "1970-01-01T00:00:00Z",
  };
  return ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((name) =>
    Object.entries(values).map(([key, value]) => `-X ${name}.${key}=${value}`),
  );
}

function requireCommand(command: string, args: string[], name: string): void {
  if (spawnSync(command, args, { stdio: "ignore" }).status === 0) return;
  throw new MissingPrerequisiteError(`${name} is missing`);
}

function run(command: string, args: string[], env: Record<string, string> = {}): void {
  execFileSync(command, args, {
    cwd: MODULES,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
