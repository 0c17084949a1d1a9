// What the kustomizations say by hand and the code says too. That the API server takes the whole is for the end-to-end suite.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { WEBHOOK_CALLS } from "../../../src/cluster/webhook-configurations.ts";
import { VERSION } from "../../../src/commands/version.ts";

const ROOT = join(import.meta.dirname, "../../..");
const text = (path: string) => readFileSync(join(ROOT, path), "utf8");

describe("manifests", () => {
  it("let every webhook fail open on the first day", () => {
    const patched = parseAllDocuments(text("manifests/day-one.yaml")).flatMap(
      (document) =>
        (document.toJS() as { webhooks: { name: string; failurePolicy: string }[] }).webhooks,
    );
    const wanted = WEBHOOK_CALLS.filter(({ failurePolicy }) => failurePolicy === "installation");
    assert.deepEqual(
      patched.map(({ name, failurePolicy }) => `${name} ${failurePolicy}`),
      wanted.map(({ name }) => `${name} Ignore`),
    );
  });

  it("install all of baseline, and of tenancy: a cluster knows its namespaces", () => {
    const { configMapGenerator } = parse(text("policies/kustomization.yaml")) as {
      configMapGenerator: { files: string[] }[];
    };
    const policies = ["baseline", "tenancy"].flatMap((set) =>
      readdirSync(join(ROOT, "policies", set))
        .filter((file) => !file.endsWith(".test.yaml"))
        .map((file) => `${set}/${file}`),
    );
    assert.deepEqual(configMapGenerator[0]?.files, policies.sort());
  });

  it("name the image of this version", () => {
    const { images } = parse(text("manifests/kustomization.yaml")) as {
      images: { name: string; newTag: string }[];
    };
    assert.deepEqual(
      images.map(({ name, newTag }) => `${name}:${newTag}`),
      [`sparkgate:${VERSION}`],
    );
  });

  it("are all named in the kustomization", () => {
    const kustomization = text("manifests/kustomization.yaml");
    for (const file of readdirSync(join(ROOT, "manifests")).filter(
      (name) => name !== "kustomization.yaml",
    )) {
      if (file.endsWith(".md")) continue;
      assert.ok(
        kustomization.includes(`- ${file}\n`) || kustomization.includes(`path: ${file}\n`),
        file,
      );
    }
  });

  it("leave a stopping replica time to drain", () => {
    const [deployment] = parseAllDocuments(text("manifests/deployment.yaml"));
    const grace = deployment?.getIn(["spec", "template", "spec", "terminationGracePeriodSeconds"]);
    const drain = Number(
      /"--drain-seconds <n>", .*?, (\d+)\)/.exec(text("src/commands/serve.ts"))?.[1],
    );
    const longestCall = 3;
    assert.ok(Number(grace) > drain + longestCall, `${String(grace)} s for ${drain} s`);
  });
});
