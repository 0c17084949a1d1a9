// What people see in kubectl, whole, compared with files in the tree.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { Cluster } from "./cluster.ts";
import { assertExpected } from "./expected-output.ts";
import {
  type ProtectedCluster,
  type Sparkgate,
  startProtectedCluster,
  startSparkgate,
} from "./sparkgate.ts";

const OBJECTS = join(import.meta.dirname, "objects");

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  create: ["create", "-f", "-"],
  "create-dry-run": ["create", "--dry-run=server", "-f", "-"],
  apply: ["apply", "-f", "-"],
  "apply-server-side": ["apply", "--server-side", "-f", "-"],
  "apply-dry-run": ["apply", "--dry-run=server", "-f", "-"],
};

describe("kubectl", () => {
  let cluster: Cluster;
  let sparkgate: Sparkgate;
  let ports: ProtectedCluster["ports"];

  before(async () => {
    ({ cluster, sparkgate, ports } = await startProtectedCluster({
      controllers: false,
      policies: "strict",
    }));
  });

  afterEach((test) => {
    cluster.keepIfFailed(test);
  });

  after(async () => {
    await sparkgate.stop();
    await cluster.stop();
  });

  for (const object of ["refused-driver", "changed-driver"]) {
    for (const [command, args] of Object.entries(COMMANDS)) {
      it(`${command} of a ${object}`, async () => {
        await show(`strict/${object}-${command}.txt`, object, args);
      });
    }
  }

  it("stores what was changed, and says so in an annotation", async () => {
    const { stdout } = await cluster.kubectl([
      ...["create", "--dry-run=server", "-o"],
      "jsonpath={.metadata.annotations}{'\\n'}{.spec.affinity}{'\\n'}",
      ...["-f", join(OBJECTS, "changed-driver.yaml")],
    ]);
    assertExpected("strict/changed-driver-object.txt", stdout);
  });

  it("leaves a Pod that is not Spark's alone", async () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web" } };
    const spec = { containers: [{ name: "web", image: "nginx:latest" }] };
    const { code, stdout } = await cluster.kubectl(
      [
        "create",
        "--dry-run=server",
        "-o",
        "jsonpath={.metadata.annotations}{.spec.affinity}",
        "-f",
        "-",
      ],
      { stdin: JSON.stringify({ ...pod, spec }) },
    );
    assert.equal(code, 0);
    assert.equal(stdout, "");
  });

  it("admits everything in mode Audit, and counts what it would refuse", async () => {
    await sparkgate.stop();
    sparkgate = await startSparkgate(cluster, { policies: "strict", mode: "Audit", ...ports });
    await show("audit/refused-driver-create.txt", "refused-driver", COMMANDS["create"] ?? []);
    const metrics = await sparkgate.get("/metrics");
    assert.match(
      metrics,
      /sparkgate_policy_findings_total\{policy="pin-images",mode="Audit",action="deny"\} 1/,
    );
  });

  it("says in warnings what baseline replaces, and what mode Warn would refuse", async () => {
    await sparkgate.stop();
    sparkgate = await startSparkgate(cluster, { policies: "baseline", ...ports });
    await show("baseline/replaced-driver-create.txt", "replaced-driver", COMMANDS["create"] ?? []);
    await sparkgate.stop();
    sparkgate = await startSparkgate(cluster, { policies: "strict", mode: "Warn", ...ports });
    await show("warn/refused-driver-create.txt", "refused-driver", COMMANDS["create"] ?? []);
  });

  async function show(file: string, object: string, args: readonly string[]): Promise<void> {
    const stdin = readFileSync(join(OBJECTS, `${object}.yaml`), "utf8");
    const { code, stdout, stderr } = await cluster.kubectl(args, { stdin });
    const command = `$ kubectl ${args.join(" ")} < ${object}.yaml`;
    assertExpected(
      file,
      `${command}\n--- stdout\n${stdout}--- stderr\n${stderr}--- exit code ${code}\n`,
    );
    await cluster.kubectl(["delete", "--ignore-not-found", "--now", "-f", "-"], { stdin });
  }
});
