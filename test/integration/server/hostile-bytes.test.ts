// JSON that Go, JavaScript and people read differently.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reviewText } from "../../fixtures/hostile/bodies.ts";
import { driverPod } from "../../fixtures/pods.ts";
import { shippedSet } from "../../fixtures/policies.ts";
import { assertValidAnswer } from "../../fixtures/valid-answer.ts";
import { assertAnswersGoodRequest, send, startTestServer } from "./test-server.ts";

const IMAGE = '"image":"registry.acme.com/spark/etl:3.5.1"';
const text = reviewText(driverPod());
/** Bytes as they are, which no string of JavaScript could be. */
const withBytes = (from: string, bytes: string) => Buffer.from(text.replace(from, bytes), "latin1");
const bigNumbers = text.replace(
  '"tolerations":[{',
  '"terminationGracePeriodSeconds":9007199254740993,"huge":1e999,"zero":-0,"tolerations":[{"tolerationSeconds":9007199254740993,',
);

const cases: readonly (readonly [what: string, body: string | Buffer, allowed: boolean])[] = [
  [
    "a key twice: the last counts, and is bad",
    text.replace(IMAGE, `${IMAGE},"image":"spark:latest"`),
    false,
  ],
  [
    "a key twice: the last counts, and is good",
    text.replace(IMAGE, `"image":"spark:latest",${IMAGE}`),
    true,
  ],
  [
    "metadata twice",
    text.replace('"spec":{', '"metadata":{"labels":{"spark-role":"driver"}},"spec":{'),
    true,
  ],
  ["invalid UTF-8 in a label", withBytes("spark-7f3a", "\xff\xfe\x80"), true],
  ["invalid UTF-8 in the image", withBytes("etl:3.5.1", "\xc3\x28:1"), false],
  ["half a character as bytes", withBytes("spark-7f3a", "\xed\xa0\x80"), true],
  ["half a character escaped", text.replace("spark-7f3a", "\\ud800"), true],
  ["half a character escaped, in the image", text.replace("etl:3.5.1", "\\udfff:1"), false],
  ["an overlong NUL", withBytes("spark-7f3a", "\xc0\x80"), true],
  ["numbers beyond 2^53 and beyond all", bigNumbers, true],
];

describe("JSON that is read in more than one way", () => {
  for (const [what, body, allowed] of cases) {
    it(`${what}: ${allowed ? "admitted" : "refused"}`, async (t) => {
      const server = await startTestServer(t, { loadPolicySet: () => shippedSet("strict") });
      assert.notEqual(body.toString(), text);
      const answer = await send(server, body);
      assert.equal(answer.status, 200);
      const { request } = JSON.parse(body.toString()) as { request: { object: unknown } };
      const response = assertValidAnswer(answer.text, "hostile", request.object);
      assert.equal(response.allowed, allowed);
      // A patch never echoes a number that it did not write: JavaScript would write another one.
      const patch = Buffer.from(response.patch ?? "", "base64").toString();
      assert.doesNotMatch(patch, /90071992|huge|1e999/);
      if (allowed) assert.notEqual(patch, "");
      await assertAnswersGoodRequest(server);
    });
  }
});
