import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { rootCertificates } from "node:tls";
import { ROOT } from "./sparkgate-process.ts";

/** What an image says of how it is run. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
}

/** An image that was built, with its files in a folder. */
export interface BuiltImage {
  readonly config: ImageConfig;
  readonly root: string;
}

/** Why no image can be built here; undefined where one can. Installs buildah on Debian, as root. */
export function missingForImages(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs Linux, as root";
  if (isThere("buildah")) return undefined;
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", "buildah"]]) {
    spawnSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"] });
  }
  return isThere("buildah") ? undefined : "buildah is missing, and apt-get cannot install it";
}

function isThere(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/**
 * Builds the Dockerfile in a folder, both stages as they are written; removing the folder removes all of it. No registry of images is asked: stand-ins for the two bases are made
 * of this machine's Node, npm, shell and libraries, under the paths that the real ones have them at. So it is proved that
 * the stages build and that what comes out runs without root and without writing; not that the real bases are as
 * expected.
 */
export function buildImage(directory: string): BuiltImage {
  const storage = join(directory, "storage");
  const buildah = (...args: readonly string[]) =>
    execFileSync(
      "buildah",
      // vfs: works wherever there is a file system, and mounts nothing.
      [`--root=${storage}`, `--runroot=${join(directory, "run")}`, "--storage-driver=vfs", ...args],
      { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 2 ** 28 },
    );
  const bud = (...args: readonly string[]) =>
    buildah("bud", "--isolation=chroot", "--pull-never", ...args);
  for (const [name, fill] of [
    ["build-base", fillBuildBase],
    ["runtime-base", fillRuntimeBase],
  ] as const) {
    const context = join(directory, name);
    fill(join(context, "root"));
    writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY root /\n");
    bud("--tag", `localhost/${name}:stand-in`, context);
  }
  const npm = join(directory, "npm");
  mkdirSync(npm);
  bud(
    ...["--tag", "localhost/sparkgate:test", "--file", join(ROOT, "Dockerfile")],
    ...["--build-arg", "BUILD_IMAGE=localhost/build-base:stand-in"],
    ...["--build-arg", "RUNTIME_IMAGE=localhost/runtime-base:stand-in"],
    ...npmVolumes(npm),
    ROOT,
  );
  const image = JSON.parse(buildah("inspect", "--type=image", "localhost/sparkgate:test")) as {
    OCIv1: { config: ImageConfig };
  };
  const container = buildah("from", "--pull-never", "localhost/sparkgate:test").trim();
  const root = buildah("mount", container).trim();
  return { config: image.OCIv1.config, root };
}

/** node:slim, in short: Node, npm, and a shell for RUN and for what packages do when they are installed. */
function fillBuildBase(root: string): void {
  copyProgram(root, process.execPath, "/usr/local/bin/node");
  copyProgram(root, "/bin/sh", "/bin/sh");
  copyProgram(root, "/usr/bin/env", "/usr/bin/env");
  const npm = npmFolder();
  cpSync(npm, join(root, "usr/local/lib/node_modules/npm"), { recursive: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/local/bin/npm"));
  mkdirSync(join(root, "tmp"), { mode: 0o1777 });
  writePasswd(root, "root:x:0:0::/root:/bin/sh");
}

/** distroless/nodejs, in short: Node and its libraries. */
function fillRuntimeBase(root: string): void {
  copyProgram(root, process.execPath, "/nodejs/bin/node");
  writePasswd(root, "nonroot:x:65532:65532::/home/nonroot:/sbin/nologin");
}

/** buildah takes HOME from there. */
function writePasswd(root: string, line: string): void {
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc/passwd"), `${line}\n`);
}

/** Copies a program with the libraries that it needs, and the loader. */
function copyProgram(root: string, from: string, to: string): void {
  const copy = (file: string, target: string) => {
    mkdirSync(dirname(join(root, target)), { recursive: true });
    copyFileSync(file, join(root, target)); // what a link leads to
  };
  copy(from, to);
  const libraries = execFileSync("ldd", [from], { encoding: "utf8" });
  for (const [library] of libraries.matchAll(/\/\S+/g)) {
    if (!existsSync(join(root, library)) && existsSync(library)) copy(library, library);
  }
}

/** `npm run` says which npm it is. */
function npmFolder(): string {
  const cli = process.env["npm_execpath"];
  if (cli === undefined) throw new Error("run it with npm: npm run e2e -- --only image");
  return resolve(dirname(cli), "..");
}

/** npm's configuration of this machine and its cache: mounted while the stages are built, and not in an image. */
function npmVolumes(directory: string): readonly string[] {
  const { npm_config_userconfig: user, npm_config_globalconfig: global } = process.env;
  const get = (key: string) =>
    execFileSync("npm", ["config", "get", key], { encoding: "utf8" }).trim();
  const cafile = get("cafile");
  const mounts = [
    [user ?? "", "/root/.npmrc:ro"],
    [extraAuthorities(directory, global) ?? global ?? "", "/usr/local/etc/npmrc:ro"],
    [cafile, `${cafile}:ro`],
    [directory, `${directory}:ro`],
    [get("cache"), "/root/.npm"],
  ] as const;
  return mounts
    .filter(([file]) => existsSync(file))
    .flatMap(([file, target]) => ["--volume", `${file}:${target}`]);
}

/**
 * A global npmrc by which npm in the build knows the authorities that Node knows here by NODE_EXTRA_CA_CERTS, beside all
 * others; undefined where there are none.
 */
function extraAuthorities(directory: string, global: string | undefined): string | undefined {
  const { NODE_EXTRA_CA_CERTS: extra } = process.env;
  if (extra === undefined || !existsSync(extra)) return undefined;
  const bundle = join(directory, "authorities.pem");
  writeFileSync(bundle, [...rootCertificates, readFileSync(extra, "utf8")].join("\n"));
  const before = global !== undefined && existsSync(global) ? readFileSync(global, "utf8") : "";
  const file = join(directory, "npmrc");
  writeFileSync(file, `cafile=${bundle}\n${before}`);
  return file;
}
