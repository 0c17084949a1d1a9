// What the real API server says to manifests/, with certificates of Sparkgate's own and of cert-manager's.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { parseAllDocuments, stringify } from "yaml";
import { WEBHOOK_CALLS } from "../../src/cluster/webhook-configurations.ts";
import type { KubernetesObject } from "./api-client.ts";
import type { Cluster } from "./cluster.ts";
import { startCluster } from "./cluster.ts";
import { assertExpected } from "./expected-output.ts";
import { contentKubectl, copyInstallation, type Installation } from "./installation.ts";

const STRICT = ["apply", "--validate=strict"];
const CONFIGURATIONS = "mutatingwebhookconfiguration,validatingwebhookconfiguration";

interface Configuration extends KubernetesObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

describe("the manifests", () => {
  let cluster: Cluster;
  let installation: Installation;

  before(async () => {
    cluster = await startCluster({ controllers: false });
    installation = copyInstallation(cluster, "installation");
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(() => cluster.stop());

  const kubectl = (args: readonly string[], stdin?: string) => contentKubectl(cluster, args, stdin);
  const linesOf = async (...args: readonly string[]) =>
    (await kubectl([...STRICT, ...args, "-k", installation.manifests])).trimEnd().split("\n");
  const configurations = async () => {
    const json = await kubectl(["get", CONFIGURATIONS, "sparkgate", "-o", "json"]);
    return (JSON.parse(json) as { items: readonly Configuration[] }).items;
  };
  const bundles = async () =>
    (await configurations()).flatMap(({ webhooks }) =>
      webhooks.map(({ clientConfig }) => clientConfig.caBundle),
    );

  it("need certificates first, and say which file is missing", async () => {
    const args = [...STRICT, "--dry-run=server", "-k", installation.manifests];
    const { code, stderr } = await cluster.kubectl(args);
    assert.equal(code, 1);
    assert.match(stderr, /self-signed\/secret\.yaml: no such file/);
  });

  it("are taken with strict validation, and every webhook trusts the CA that was printed", async () => {
    const { stderr } = await installation.certs();
    const created = await linesOf();
    assert.deepEqual(
      created.filter((line) => !line.endsWith(" created")),
      [],
    );
    assertExpected("install/objects.txt", `${created.map(withoutHash).join("\n")}\n`);
    const [, caBundle] = /^caBundle for the webhook configuration: (\S+)$/m.exec(stderr) ?? [];
    assert.deepEqual(await bundles(), Array(WEBHOOK_CALLS.length).fill(caBundle));
  });

  it("change nothing when they are applied again, in either way", async () => {
    const first = await stored();
    await linesOf();
    assert.deepEqual(await stored(), first);
    assert.equal(await kubectl(["diff", "-k", installation.manifests]), "");
    await linesOf("--server-side");
    assert.deepEqual(await stored(), first);
    await linesOf();
    assert.deepEqual(await stored(), first);
  });

  it("have the Secret that sparkgate certs prints for kubectl apply -f too", async () => {
    const { stdout } = await installation.certs();
    assert.equal(await kubectl(["diff", "-f", "-"], stdout), "");
    await kubectl(["delete", "secret", "sparkgate-tls", "-n", "sparkgate-system"]);
    assert.equal(await kubectl([...STRICT, "-f", "-"], stdout), "secret/sparkgate-tls created\n");
    assert.equal(await kubectl(["diff", "-k", installation.manifests]), "");
  });

  it("would be refused with a field that there is not", async () => {
    const misspelt = copyInstallation(cluster, "misspelt");
    await misspelt.certs();
    misspelt.edit("manifests/deployment.yaml", (text) =>
      text.replace("readOnlyRootFilesystem", "readOnlyRootFileSystem"),
    );
    const { code, stderr } = await cluster.kubectl([
      ...[...STRICT, "--dry-run=server", "-k", misspelt.manifests],
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /unknown field "spec.*readOnlyRootFileSystem"/);
  });

  // There is no cert-manager here, nor its CRDs: its own two kinds are left out, and a hand of the test's does what its
  // cainjector would.
  it("leave caBundle to cert-manager, and it stays when they are applied again", async () => {
    const other = copyInstallation(cluster, "cert-manager");
    other.edit("manifests/kustomization.yaml", (text) =>
      text
        .replace("  - self-signed\n", "")
        .replace("# - cert-manager\n", "- cert-manager\n")
        .replace("# - network-policy.yaml\n", "- network-policy.yaml\n"),
    );
    const objects = parseAllDocuments(await kubectl(["kustomize", other.manifests])).map(
      (document) => document.toJS() as KubernetesObject,
    );
    const [theirs, ours] = [isOfCertManager, (one: KubernetesObject) => !isOfCertManager(one)].map(
      (isWanted) => objects.filter(isWanted),
    );
    assert.deepEqual(
      theirs?.map(({ kind, metadata }) => `${kind ?? ""} ${metadata.name}`),
      [
        ...["Certificate sparkgate", "Certificate sparkgate-ca"],
        ...["Issuer sparkgate-ca", "Issuer sparkgate-self-signed"],
      ],
    );
    const yaml = ours?.map((object) => stringify(object)).join("---\n") ?? "";
    await kubectl(["delete", CONFIGURATIONS, "sparkgate"]);
    await kubectl([...STRICT, "-f", "-"], yaml);
    for (const { metadata } of await configurations()) {
      assert.equal(
        metadata.annotations?.["cert-manager.io/inject-ca-from"],
        "sparkgate-system/sparkgate",
      );
    }
    assert.deepEqual(await bundles(), Array(WEBHOOK_CALLS.length).fill(undefined));
    for (const { kind = "", webhooks } of await configurations()) {
      const patch = webhooks.map((_webhook, index) => ({
        ...{ op: "add", path: `/webhooks/${index}/clientConfig/caBundle` },
        value: cluster.caBundle,
      }));
      await kubectl(["patch", kind, "sparkgate", "--type=json", "-p", JSON.stringify(patch)]);
    }
    for (const side of [[], ["--server-side"]]) {
      await kubectl([...STRICT, ...side, "-f", "-"], yaml);
      assert.deepEqual(
        await bundles(),
        Array(WEBHOOK_CALLS.length).fill(cluster.caBundle),
        side[0],
      );
    }
  });

  /** What was applied, as the API server keeps it: without what controllers and kubectl note. */
  const stored = async () => {
    const json = await kubectl(["get", "-k", installation.manifests, "-o", "json"]);
    const { items } = JSON.parse(json) as { items: readonly KubernetesObject[] };
    assert.equal(items.length, 13);
    return items.map((object) => ({
      ...object,
      status: undefined,
      metadata: { name: object.metadata.name, labels: object.metadata.labels },
    }));
  };
});

const isOfCertManager = ({ apiVersion = "" }: KubernetesObject) =>
  apiVersion.startsWith("cert-manager.io/");

/** Kustomize's hash of what is in a ConfigMap. */
const withoutHash = (line: string) =>
  line.replace(/^(configmap\/[a-z-]+)-[a-z0-9]{10} /, "$1-HASH ");
