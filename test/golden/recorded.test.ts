// The answers to AdmissionReviews that a real API server sent for Pods of a real spark-submit, compared with
// files in the tree. UPDATE_GOLDEN=1 writes them anew; the diff is then to be read as closely as code.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import jsonpatch, { type Operation } from "fast-json-patch";
import { admit } from "../../src/admission/admit.ts";
import { compileFrom } from "../../src/commands/policy-options.ts";
import type { PolicySet } from "../../src/engine/policy-set.ts";
import type { Facts } from "../../src/engine/facts.ts";

const RECORDED: Readonly<Record<string, string>> = {
  demo: join(import.meta.dirname, "../../src/commands/demo/recorded"),
  spark: join(import.meta.dirname, "recorded"),
};
const ANSWERS = join(import.meta.dirname, "answers");

/** The shipped sets, and a policy that puts two disks in where a namespace allows hostPath. */
const SETS: Readonly<Record<string, string>> = {
  baseline: "baseline",
  strict: "strict",
  "two-disks": join(import.meta.dirname, "../fixtures/local-disks-policy.yaml"),
};
const FACTS: Facts = { namespace: { name: "spark", labels: {} }, at: 0 };

interface Review {
  readonly request: { readonly uid: string; readonly object: object };
}

interface Answer {
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patch?: string;
  };
}

for (const [set, policies] of Object.entries(SETS)) {
  const compiled = compileFrom([policies], { platform: "karpenter", mode: "Enforce" });
  for (const [origin, folder] of Object.entries(RECORDED)) {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".json"))
      .sort();
    describe(`${set} on recorded Pods: ${origin}`, () => {
      it("there are some", () => {
        assert.ok(files.length > 0);
      });
      for (const file of files) {
        it(file, () => {
          compareWithGolden(compiled.set, join(folder, file), join(ANSWERS, set, origin, file));
        });
      }
    });
  }
}

function compareWithGolden(set: PolicySet, recording: string, golden: string) {
  const review = JSON.parse(readFileSync(recording, "utf8")) as Review;
  const { response } = answerTo(set, review);
  assert.equal(response.uid, review.request.uid);
  const patch = operationsOf(response);
  // The digest changes with every word of a policy's description; it has its own test.
  const text = JSON.stringify({ ...response, patch, auditAnnotations: undefined }, undefined, 2);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(golden), { recursive: true });
    writeFileSync(golden, `${text}\n`);
  }
  assert.ok(existsSync(golden), `no ${golden}: see CONTRIBUTING.md`);
  assert.equal(`${text}\n`, readFileSync(golden, "utf8"));

  if (!response.allowed) return;
  const patched = jsonpatch.applyPatch(
    structuredClone(review.request.object),
    structuredClone(patch) as Operation[],
    true,
  ).newDocument;
  const again = { ...review, request: { ...review.request, object: patched } };
  assert.deepEqual(
    operationsOf(answerTo(set, again).response),
    [],
    "a second pass changes nothing",
  );
}

function answerTo(set: PolicySet, review: object): Answer {
  const admission = admit(set, Buffer.from(JSON.stringify(review)), FACTS);
  assert.ok(admission.kind === "answered");
  return JSON.parse(admission.answer) as Answer;
}

function operationsOf({ patch }: Answer["response"]): readonly unknown[] {
  if (patch === undefined) return [];
  return JSON.parse(Buffer.from(patch, "base64").toString("utf8")) as unknown[];
}
