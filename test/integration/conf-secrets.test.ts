// What a job keeps in its conf is told by nothing that Sparkgate writes: neither of a driver's ConfigMap, nor of a command
// line. The patch of a ConfigMap alone has it, since it is the file. For applications see application-secrets.test.ts.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { AdmissionReviewAnswer } from "../../src/admission/answer.ts";
import { driverConf } from "../fixtures/driver-conf.ts";
import { file, ROOT, sparkgate } from "./cli/run-sparkgate.ts";
import { startChildServer } from "./server/child-server.ts";
import { get, send } from "./server/test-server.ts";

const KEYS = [
  ...["spark.hadoop.fs.s3a.secret.key", "spark.hadoop.fs.s3a.access.key", "spark.ssl.keyPassword"],
  ...["spark.authenticate.secret", "spark.kubernetes.driverEnv.TOKEN", "spark.executorEnv.TOKEN"],
  ...["spark.executor.extraJavaOptions", "spark.acme.password", "spark.executor.decomission.x"],
  ...["spark.kubernetes.driver.annotation.token", "spark.stage.maxConsecutiveAttempts"],
  ...["spark.sql.shuffle.partition", "spark.dynamicAllocation.shuffleTracking.enabled"],
];
const secrets = KEYS.map((_key, index) => `s3cr3t${index}x`);
const conf = Object.fromEntries(KEYS.map((key, index) => [key, secrets[index] ?? ""]));
const text = Object.entries({ ...conf, "spark.dynamicAllocation.enabled": "true" })
  .map(([key, value]) => `${key}=${value}\n`)
  .join("");

const map = driverConf(text);
const POLICIES = [
  ...["--policies", "strict", "--policies", join(ROOT, "test/fixtures/hostile/conf-policies.yaml")],
  ...["--platform", "karpenter"],
];

const review = (path: string, object: object, kind: object) => ({
  path,
  body: JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "u", kind, operation: "CREATE", namespace: "team-a", object },
  }),
});

const calls = [
  review("/mutate", map, { group: "", version: "v1", kind: "ConfigMap" }),
  review("/mutate", driverConf(`${text}spark.bad=\\u12`), {
    ...{ group: "", version: "v1", kind: "ConfigMap" },
  }),
];

function assertNoLeak(output: string, what: string): void {
  assert.notEqual(output, "", what);
  assert.deepEqual(output.match(/s3cr3t\w+x/g) ?? [], [], what);
}

describe("what is in a conf is not in", () => {
  for (const mode of ["Enforce", "Warn", "Audit"]) {
    it(
      `answers but for the patch, log and metrics: mode ${mode}`,
      { timeout: 60_000 },
      async () => {
        const server = await startChildServer([...POLICIES, "--mode", mode]);
        const told: string[] = [];
        for (const { path, body } of calls) {
          const answer = await send(server, body, { path });
          assert.equal(answer.status, 200);
          const { response } = JSON.parse(answer.text) as AdmissionReviewAnswer;
          told.push(JSON.stringify({ ...response, patch: undefined }));
        }
        assertNoLeak(told.join("\n"), "the answers");
        assert.match(told.join("\n"), mode === "Enforce" ? /refused/ : /"allowed":true/);
        assertNoLeak(server.output(), "the log");
        assertNoLeak((await get(server, "/metrics")).text, "the metrics");
      },
    );
  }

  const files = [file("conf-map.json", JSON.stringify(map))];
  const submission = [
    ...["--", "spark-submit", "--master", "k8s://https://a", "--deploy-mode", "cluster"],
    ...Object.entries(conf).flatMap(([key, value]) => ["--conf", `${key}=${value}`]),
    ...["local:///etl.py", "--password", "s3cr3targx"],
  ];
  const commands: readonly (readonly string[])[] = [
    ...["table", "json", "diff"].flatMap((format) =>
      ["Enforce", "Audit"].flatMap((mode) => [
        ["check", ...files, ...POLICIES, "-o", format, "--mode", mode],
        ["check", ...POLICIES, "-o", format, "--mode", mode, ...submission],
      ]),
    ),
    ["explain", ...files, ...POLICIES],
    ["explain", ...files, ...POLICIES, "-o", "json"],
  ];
  for (const command of commands) {
    const shown = command.filter((word) => !/^\/|s3cr3t|^--conf$/.test(word)).join(" ");
    it(`the output of ${shown}`, () => {
      const { stdout, stderr } = sparkgate(command);
      assertNoLeak(stdout + stderr, shown);
    });
  }
});
