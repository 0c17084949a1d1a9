import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { connect, createServer } from "node:tls";
import { ensureSelfSigned } from "../../../src/cluster/certificates.ts";

const DAY = 86_400_000;
const SERVICE = "sparkgate.sparkgate-system.svc";
const NAMES = [SERVICE, "localhost", "127.0.0.1", "::1"];

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sparkgate-certificates-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function filesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ""]));
}

/** Connects as the API server does: trusting the caBundle alone, asking for a name. */
function handshake(cert: string, key: string, caBundle: string, servername: string) {
  const server = createServer({ cert, key });
  return new Promise<string | true>((resolve, reject) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (typeof address !== "object" || address === null) throw new Error("no address");
      const ca = Buffer.from(caBundle, "base64");
      const socket = connect({ port: address.port, host: "127.0.0.1", servername, ca }, () => {
        resolve(true); // rejectUnauthorized is on: an untrusted server is an error
        socket.destroy();
        server.close();
      });
      socket.on("error", (error: Error) => {
        resolve(error.message);
        server.close();
      });
    });
    server.on("error", reject);
  });
}

/** What it takes to shake hands with what is in the folder. */
async function handshakeWith(folder: string, caBundle: string, servername: string) {
  const files = await filesOf(folder);
  return handshake(files["tls.crt"] ?? "", files["tls.key"] ?? "", caBundle, servername);
}

describe("ensureSelfSigned", () => {
  it("makes a certificate that a client with the caBundle trusts, for its names alone", async (t) => {
    const folder = await folderFor(t);
    const now = new Date();
    const { caBundle, caPath, certPath, keyPath } = await ensureSelfSigned(folder, {
      names: NAMES,
      now,
    });
    assert.deepEqual(await readdir(folder).then((names) => names.sort()), [
      "ca.crt",
      "ca.key",
      "tls.crt",
      "tls.key",
    ]);
    assert.equal(await handshakeWith(folder, caBundle, SERVICE), true);
    assert.equal(await handshakeWith(folder, caBundle, "localhost"), true);
    assert.match(String(await handshakeWith(folder, caBundle, "other.svc")), /altnames/);
    assert.equal(Buffer.from(caBundle, "base64").toString(), await readFile(caPath, "utf8"));

    const leaf = new X509Certificate(await readFile(certPath));
    assert.equal(leaf.ca, false);
    assert.deepEqual(leaf.keyUsage, ["1.3.6.1.5.5.7.3.1"]); // serverAuth
    assert.equal(leaf.checkIP("127.0.0.1"), "127.0.0.1");
    assert.equal(leaf.checkIP("::1"), "::1");
    assert.ok(Math.abs(leaf.validFromDate.getTime() - (now.getTime() - 3_600_000)) < 2000);
    assert.ok(Math.abs(leaf.validToDate.getTime() - (now.getTime() + 365 * DAY)) < 2000);
    const authority = new X509Certificate(await readFile(caPath));
    assert.equal(authority.ca, true);
    assert.ok(Math.abs(authority.validToDate.getTime() - (now.getTime() + 3650 * DAY)) < 2000);
    assert.notEqual(authority.serialNumber, leaf.serialNumber);
    assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    for (const path of [keyPath, join(folder, "ca.key")]) {
      assert.equal((await stat(path)).mode & 0o777, 0o600);
    }
  });

  it("keeps what is good", async (t) => {
    const folder = await folderFor(t);
    const now = new Date();
    const made = await ensureSelfSigned(folder, { names: NAMES, now });
    const before = await filesOf(folder);
    const later = new Date(now.getTime() + 334 * DAY);
    const reordered = [...NAMES, SERVICE].reverse();
    assert.deepEqual(await ensureSelfSigned(folder, { names: reordered, now: later }), made);
    assert.deepEqual(await filesOf(folder), before);
  });

  it("works without the authority's key as long as nothing is to be signed", async (t) => {
    const folder = await folderFor(t);
    const options = { names: NAMES, now: new Date() };
    const made = await ensureSelfSigned(folder, options);
    await rm(join(folder, "ca.key"));
    assert.deepEqual(await ensureSelfSigned(folder, options), made);
  });

  const now = new Date();
  const renewals: readonly (readonly [
    why: string,
    names: readonly string[],
    days: number,
    spoil?: (folder: string) => Promise<void>,
  ])[] = [
    ["30 days are left", NAMES, 335],
    ["it has expired", NAMES, 400],
    ["it is not valid yet: the clock was set back", NAMES, -1],
    ["a name is missing", [...NAMES, "further.svc"], 0],
    ["a name is too much", NAMES.slice(1), 0],
    ["it is no certificate", NAMES, 0, (folder) => writeFile(join(folder, "tls.crt"), "x")],
    ["its key is gone", NAMES, 0, (folder) => rm(join(folder, "tls.key"))],
  ];
  for (const [why, names, days, spoil] of renewals) {
    it(`renews the leaf and keeps the authority when ${why}`, async (t) => {
      const folder = await folderFor(t);
      const made = await ensureSelfSigned(folder, { names: NAMES, now });
      const before = await filesOf(folder);
      await spoil?.(folder);
      const at = new Date(now.getTime() + days * DAY);
      const renewed = await ensureSelfSigned(folder, { names, now: at });
      const after = await filesOf(folder);
      assert.notEqual(after["tls.crt"], before["tls.crt"]);
      assert.notEqual(after["tls.key"], before["tls.key"]);
      // An authority that is not valid yet cannot be kept.
      assert.equal(after["ca.key"] === before["ca.key"], days >= 0);
      assert.equal(renewed.caBundle === made.caBundle, days >= 0);
      const leaf = new X509Certificate(after["tls.crt"] ?? "");
      assert.ok(leaf.verify(new X509Certificate(after["ca.crt"] ?? "").publicKey));
      if (days === 0)
        assert.equal(await handshakeWith(folder, renewed.caBundle, "localhost"), true);
    });
  }

  it("makes another authority when it would not outlive a new leaf, and when its key is gone", async (t) => {
    const folder = await folderFor(t);
    const made = await ensureSelfSigned(folder, { names: NAMES, now });
    const nineYears = new Date(now.getTime() + 3286 * DAY);
    const second = await ensureSelfSigned(folder, { names: NAMES, now: nineYears });
    assert.notEqual(second.caBundle, made.caBundle);
    const leaf = new X509Certificate((await filesOf(folder))["tls.crt"] ?? "");
    assert.ok(leaf.checkIssued(new X509Certificate(Buffer.from(second.caBundle, "base64"))));

    await rm(join(folder, "ca.key"));
    const third = await ensureSelfSigned(folder, { names: ["localhost"], now });
    assert.notEqual(third.caBundle, second.caBundle);
    assert.equal(await handshakeWith(folder, third.caBundle, "localhost"), true);
  });

  it("renews a leaf that another authority has signed", async (t) => {
    const folder = await folderFor(t);
    const other = await folderFor(t);
    const made = await ensureSelfSigned(folder, { names: NAMES, now });
    await ensureSelfSigned(other, { names: NAMES, now });
    for (const file of ["tls.crt", "tls.key"]) {
      await writeFile(join(folder, file), await readFile(join(other, file)));
    }
    assert.notEqual(await handshakeWith(folder, made.caBundle, "localhost"), true);
    await ensureSelfSigned(folder, { names: NAMES, now });
    assert.equal(await handshakeWith(folder, made.caBundle, "localhost"), true);
  });
});
