// Texts and keys that break lines, hide words or mean something to JavaScript, at every place of Pods of real Spark.
import assert from "node:assert/strict";
import { Agent } from "node:https";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isRecord } from "../../../src/kubernetes/json.ts";
import { loadPolicySet } from "../../../src/commands/policy-options.ts";
import type { Mode } from "../../../src/engine/policy.ts";
import { addedAt, changedAt, placesOf, UNCLEAN, valueAt } from "../../fixtures/hostile/places.ts";
import { recordedReviews } from "../../fixtures/recorded-reviews.ts";
import { assertCleanLine, assertValidAnswer } from "../../fixtures/valid-answer.ts";
import {
  assertAnswersGoodRequest,
  get,
  send,
  startTestServer,
  type TestServer,
} from "./test-server.ts";

const POLICIES = join(import.meta.dirname, "../../fixtures/hostile/policies.yaml");
const policySet = (mode: Mode) =>
  loadPolicySet({ policies: ["strict", POLICIES], platform: "karpenter", mode });

const FILES = ["spark-4.1-cluster/driver.json", "spark-3.5-pod-template/executor-1.json"];
const requests = recordedReviews()
  .filter(({ file }) => FILES.some((wanted) => file.endsWith(wanted)))
  .map(({ request }) => request);

const MEANINGFUL = ["__proto__", "constructor", "toString", "hasOwnProperty"];

/** A connection that is kept: handshakes take longer than answers. */
const agents = new Map<string, Agent>();
function agentOf({ ca, port }: TestServer): Agent {
  const agent = agents.get(`${port}`) ?? new Agent({ keepAlive: true, ca });
  agents.set(`${port}`, agent);
  return agent;
}
after(() => {
  for (const agent of agents.values()) agent.destroy();
});

async function ask(server: TestServer, request: unknown): Promise<void> {
  const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
  const text = JSON.stringify(review);
  const answer = await send(server, text, { agent: agentOf(server) });
  const { uid } = request as { readonly uid: unknown };
  if (typeof uid !== "string" || uid === "") {
    assert.equal(answer.status, 400);
    return;
  }
  assert.equal(answer.status, 200, answer.text);
  // As the server has read them: half characters become U+FFFD.
  const read = JSON.parse(text) as { request: { uid: string; object: unknown } };
  assertValidAnswer(answer.text, read.request.uid, read.request.object);
}

function assertCleanLog(server: TestServer): void {
  for (const line of server.logText().trimEnd().split("\n")) assertCleanLine(line, 2000);
  assert.deepEqual(
    server.logLines().filter(({ msg }) => String(msg).startsWith("a call could not")),
    [],
  );
}

describe("texts that break lines", () => {
  for (const mode of ["Enforce", "Warn", "Audit"] as const) {
    it(`leave answers and log clean, mode ${mode}`, async (t) => {
      const server = await startTestServer(t, { loadPolicySet: () => policySet(mode) });
      for (const request of requests) {
        for (const place of placesOf(request)) {
          if (place.what === "key" || typeof valueAt(request, place.path) === "string") {
            await ask(server, changedAt(request, place, UNCLEAN));
          }
        }
      }
      assertCleanLog(server);
      for (const line of (await get(server, "/metrics")).text.split("\n"))
        assertCleanLine(line, 500);
      for (const request of requests) await ask(server, request);
    });
  }
});

describe("keys that JavaScript has a meaning for", () => {
  for (const key of MEANINGFUL) {
    it(`${key}: as key in every object, and as every text`, async (t) => {
      const server = await startTestServer(t, { loadPolicySet: () => policySet("Enforce") });
      for (const request of requests) {
        for (const { path, what } of placesOf(request)) {
          if (what === "key") continue;
          const value = valueAt(request, path);
          if (typeof value === "string") {
            await ask(server, changedAt(request, { path, what }, key));
          } else if (isRecord(value)) {
            for (const entry of ["x", { spec: 1 }]) {
              await ask(server, addedAt(request, path, key, entry));
            }
          }
        }
      }
      assertCleanLog(server);
      assert.equal(({} as Readonly<Record<string, unknown>>)["spec"], undefined);
      await assertAnswersGoodRequest(server);
    });
  }
});
