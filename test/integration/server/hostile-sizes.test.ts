// The server in a process of its own, with the heap of its container: what would kill it kills that process.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { largeBodies, numerousBodies, type HostileBody } from "../../fixtures/hostile/bodies.ts";
import { assertValidAnswer } from "../../fixtures/valid-answer.ts";
import { startChildServer } from "./child-server.ts";
import { assertAnswersGoodRequest, send } from "./test-server.ts";

const server = await startChildServer([
  ...["--policies", "strict", "--policies", "test/fixtures/hostile/policies.yaml"],
  ...["--platform", "karpenter", "--mode", "Enforce"],
]);

/** Of 256 MiB that the container has; Node's program takes some 50 MiB besides what is counted here. */
const MOST_MEBIBYTES = 200;

afterEach(async () => {
  assert.ok(server.isAlive(), server.output());
  await assertAnswersGoodRequest(server);
  assert.ok(server.memory() < MOST_MEBIBYTES, `${server.memory()} MiB`);
});

async function check({ body, status }: HostileBody): Promise<void> {
  const bytes = body();
  const answer = await send(server, bytes);
  assert.equal(answer.status, status, answer.text.slice(0, 200));
  if (answer.status !== 200) {
    assert.match(answer.text, /^[^\n]{1,300}\n$/);
    return;
  }
  const { request } = JSON.parse(bytes.toString()) as { request: { object: unknown } };
  assertValidAnswer(answer.text, "hostile", request.object);
}

describe("bodies of one thing", () => {
  for (const hostile of largeBodies()) {
    it(`${hostile.what}: ${hostile.status}`, { timeout: 20_000 }, () => check(hostile));
  }
});

describe("bodies of many things", () => {
  for (const hostile of numerousBodies()) {
    it(`${hostile.what}: ${hostile.status}`, { timeout: 20_000 }, () => check(hostile));
  }
});
