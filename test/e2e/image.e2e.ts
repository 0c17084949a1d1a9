// The Dockerfile, built as it stands, and its server started from the files of the image: without root, without a file
// that it could write. There is no registry of images here: the bases are stand-ins (image.ts).
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ensureSelfSigned } from "../../src/cluster/certificates.ts";
import { callWebhook } from "../../src/commands/demo/call-webhook.ts";
import { VERSION } from "../../src/commands/version.ts";
import { type BuiltImage, buildImage, missingForImages } from "./image.ts";
import { freePorts } from "./ports.ts";
import { ROOT, startProcess } from "./sparkgate-process.ts";

const USER = 65_532;
const NAME = "sparkgate.sparkgate-system.svc";
const TLS = "/etc/sparkgate/tls";
const DRIVER = join(ROOT, "src/commands/demo/recorded/driver.json");

const missing = missingForImages();

describe("the image", { skip: missing ?? false }, () => {
  let directory: string;
  let image: BuiltImage;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "sparkgate-image-"));
    image = buildImage(directory);
    const tls = join(directory, "tls");
    const { keyPath } = await ensureSelfSigned(tls, { names: [NAME], now: new Date() });
    // As a Secret is for the group of a Pod.
    for (const path of [tls, keyPath]) chownSync(path, 0, USER);
    chmodSync(tls, 0o750);
    chmodSync(keyPath, 0o440);
    // Runtimes make the folders that volumes are mounted on.
    mkdirSync(join(image.root, TLS), { recursive: true });
  });

  after(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it("holds the bundle, its licences and the policies, beside Node", () => {
    assert.deepEqual(readdirSync(join(image.root, "app")).sort(), ["LICENSE", "dist", "policies"]);
    assert.deepEqual(readdirSync(join(image.root, "app/dist")).sort(), [
      ...["chunks", "package.json", "sparkgate.js"],
    ]);
    const chunks = readdirSync(join(image.root, "app/dist/chunks"));
    assert.ok(chunks.some((file) => file.endsWith(".js.LEGAL.txt")));
    const { stdout } = spawnSync("find", [
      image.root,
      "-name",
      "node_modules",
      "-o",
      "-name",
      "sh",
    ]);
    assert.equal(String(stdout), "");
  });

  it("runs the CLI", () => {
    const [program, ...args] = inImage(["/app/dist/sparkgate.js", "version"]);
    const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    assert.equal(stdout, `sparkgate ${VERSION}\n`, stderr);
  });

  it("can write nothing, and is not root", () => {
    const code = `
      const { writeFileSync } = require("node:fs");
      const tried = ["/x", "/app/x", "/tmp/x", "${TLS}/x"].map((path) => {
        try { writeFileSync(path, ""); return path; } catch ({ code }) { return code; }
      });
      console.log(JSON.stringify([process.getuid(), process.getgid(), ...tried]));`;
    const [program, ...args] = inImage(["-e", code]);
    const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    assert.deepEqual(
      JSON.parse(stdout || "[]"),
      [USER, USER, "EROFS", "EROFS", "ENOENT", "EACCES"],
      stderr,
    );
  });

  it("answers the API server over TLS, and ends when it is asked to", async () => {
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const sparkgate = await startProcess({
      command: inImage(image.config.Entrypoint.slice(1)),
      args: [
        ...[...image.config.Cmd, "--policies=baseline", "--platform=karpenter", "--mode=Enforce"],
        ...[`--tls-cert=${TLS}/tls.crt`, `--tls-key=${TLS}/tls.key`, "--drain-seconds=0"],
        ...["--host=127.0.0.1", `--port=${port}`, `--metrics-port=${metricsPort}`],
      ],
      metricsPort,
      directory,
    });
    const agent = new Agent({ ca: readFileSync(join(directory, "tls/ca.crt")), servername: NAME });
    try {
      const review = JSON.parse(readFileSync(DRIVER, "utf8")) as object;
      const { allowed, operations } = await callWebhook(agent, port, review);
      assert.equal(allowed, true);
      assert.match(JSON.stringify(operations), /karpenter\.sh\/capacity-type.*on-demand/);
      assert.match(await sparkgate.get("/metrics"), /sparkgate_admission_requests_total\{.*\} 1/);
    } finally {
      agent.destroy();
      assert.equal(await sparkgate.stop(), 0);
    }
  });

  /**
   * Runs the image's Node as a container runtime does for a Pod with readOnlyRootFilesystem: the image's files and no others,
   * none of which can be written, its user and its variables. The mounts are in a namespace of their own, and end with it.
   */
  const inImage = (args: readonly string[]): [string, ...string[]] => {
    const { User, Env, Entrypoint } = image.config;
    const mounted = `set -e
mount --bind "$1" "$1"
mount --bind "$2" "$1${TLS}"
mount -o remount,bind,ro "$1"
shift 2
exec "$@"`;
    return [
      ...["unshare", "--mount", "--propagation", "private", "sh", "-c", mounted, "sh"],
      ...[image.root, join(directory, "tls"), "env", "-i", ...Env],
      ...["chroot", `--userspec=${User}`, image.root, Entrypoint[0] ?? "", ...args],
    ] as [string, ...string[]];
  };
});
