import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import type { TlsSecret } from "../../../src/cluster/tls-secret.ts";
import { emptyFolder, ENVIRONMENT, file, ROOT, sparkgate } from "./run-sparkgate.ts";

const SERVICE = "sparkgate.sparkgate-system.svc";
const FILES = ["ca.crt", "ca.key", "tls.crt", "tls.key"];

const textsIn = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );
const decoded = (base64: string) => Buffer.from(base64, "base64").toString();
const bundleIn = (stderr: string) =>
  /^caBundle for the webhook configuration: (\S+)$/m.exec(stderr)?.[1];

describe("sparkgate certs", () => {
  it("prints a Secret whose certificate is the Service's, and its CA as caBundle", () => {
    const { status, stdout, stderr } = sparkgate(["certs"]);
    assert.equal(status, 0, stderr);
    const secret = parse(stdout) as TlsSecret;
    assert.deepEqual(
      [secret.kind, secret.type, secret.metadata.namespace, secret.metadata.name],
      ["Secret", "kubernetes.io/tls", "sparkgate-system", "sparkgate-tls"],
    );
    assert.equal(secret.data["ca.crt"], bundleIn(stderr));
    const ca = new X509Certificate(decoded(secret.data["ca.crt"]));
    const leaf = new X509Certificate(decoded(secret.data["tls.crt"]));
    assert.ok(leaf.verify(ca.publicKey));
    assert.ok(leaf.checkPrivateKey(createPrivateKey(decoded(secret.data["tls.key"]))));
    assert.equal(leaf.subjectAltName, `DNS:${SERVICE}`);
    // The authority's own key is nobody's but the administrator's.
    assert.equal(ca.checkPrivateKey(createPrivateKey(decoded(secret.data["tls.key"]))), false);
    assert.deepEqual(Object.keys(secret.data), ["tls.crt", "tls.key", "ca.crt"]);
  });

  it("leaves nothing behind where no folder is named", () => {
    const TMPDIR = emptyFolder("certs-tmp");
    const { status } = spawnSync(process.execPath, ["src/cli.ts", "certs"], {
      cwd: ROOT,
      env: { ...ENVIRONMENT, TMPDIR },
    });
    assert.equal(status, 0);
    assert.deepEqual(readdirSync(TMPDIR), []);
  });

  it("writes files, prints no key, and keeps what is good", () => {
    const dir = emptyFolder("certs-kept");
    const first = sparkgate(["certs", "--dir", dir]);
    assert.equal(first.status, 0, first.stderr);
    const texts = textsIn(dir);
    assert.deepEqual(Object.keys(texts), FILES);
    assert.match(
      first.stdout,
      new RegExp(`tls\\.crt: until \\d{4}-\\d\\d-\\d\\d, for DNS:${SERVICE}\n`),
    );
    assert.doesNotMatch(first.stdout + first.stderr, /PRIVATE KEY/);
    const again = sparkgate(["certs", "--dir", dir]);
    assert.deepEqual(textsIn(dir), texts);
    assert.equal(again.stdout, first.stdout);
  });

  it("makes a new certificate of the CA that is there", () => {
    const dir = emptyFolder("certs-renewed");
    const first = sparkgate(["certs", "--dir", dir]);
    const before = textsIn(dir);
    rmSync(join(dir, "tls.crt"));
    const args = ["--dir", dir, "--service", "spark/gate", "--name", "10.0.0.5", "-o", "secret"];
    const { stdout, stderr } = sparkgate(["certs", ...args]);
    const after = textsIn(dir);
    assert.equal(after["ca.crt"], before["ca.crt"]);
    assert.notEqual(after["tls.key"], before["tls.key"]);
    assert.equal(bundleIn(stderr), bundleIn(first.stderr));
    const secret = parse(stdout) as TlsSecret;
    assert.equal(secret.metadata.namespace, "spark");
    assert.equal(decoded(secret.data["tls.key"]), after["tls.key"]);
    const leaf = new X509Certificate(decoded(secret.data["tls.crt"]));
    assert.equal(leaf.subjectAltName, "DNS:gate.spark.svc, IP Address:10.0.0.5");
  });

  it("exits with 2 for options that cannot be, and with 3 where the folder cannot be had", () => {
    const noFolder = sparkgate(["certs", "-o", "files"]);
    assert.equal(noFolder.status, 2);
    assert.match(noFolder.stderr, /-o files needs --dir DIR/);
    assert.equal(sparkgate(["certs", "--service", "sparkgate"]).status, 2);
    const path = file("no-folder", "");
    const selfSigned = ["serve", "--platform", "karpenter", "--self-signed", path];
    for (const args of [["certs", "--dir", path], selfSigned]) {
      const { status, stderr } = sparkgate(args);
      assert.equal(status, 3, args[0]);
      assert.match(stderr, /no-folder: no certificate: EEXIST/);
    }
  });
});
