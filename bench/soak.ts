// npm run soak: generated Pods without end, without a cluster. Each must be answered with a patch that applies, and a
// second pass must change nothing. It times nothing; what it prints of speed is for people.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import jsonpatch, { type Operation } from "fast-json-patch";
import { admit } from "../src/admission/admit.ts";
import type { AdmissionReviewAnswer } from "../src/admission/answer.ts";
import { loadPolicySet } from "../src/commands/policy-options.ts";
import type { Facts } from "../src/engine/facts.ts";
import type { PolicySet } from "../src/engine/policy-set.ts";
import { generatedPods } from "../test/fixtures/generated-pods.ts";

const HELP = `Usage: npm run soak [-- --count N] [--seed N]

Sends generated Pods through admission, in this process: every patch must apply, a second pass must change nothing.

  --count N  how many Pods (default 100000)
  --seed N   which ones (default: another each time, printed)
`;

const BATCH = 2000;
const FACTS: Facts = { namespace: { name: "soak", labels: {} }, quotas: [], at: 0 };

/** The shipped set, and a policy that puts disks in. */
function policySet(): PolicySet {
  const disks = join(import.meta.dirname, "../test/fixtures/local-disks-policy.yaml");
  return loadPolicySet({ policies: ["baseline", disks], platform: "karpenter", mode: "Enforce" });
}

function answerTo(set: PolicySet, object: unknown) {
  const request = {
    uid: "soak",
    kind: { group: "", version: "v1", kind: "Pod" },
    ...{ operation: "CREATE", namespace: "soak", object },
  };
  const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
  const admission = admit(set, Buffer.from(JSON.stringify(review)), FACTS);
  assert.equal(admission.kind, "answered");
  const { response } = JSON.parse(admission.answer) as AdmissionReviewAnswer;
  assert.equal(response.uid, "soak");
  assert.equal(response.allowed, true, response.status?.message);
  const operations = JSON.parse(
    Buffer.from(response.patch ?? "W10=", "base64").toString(),
  ) as Operation[];
  return operations;
}

function check(set: PolicySet, pod: object): boolean {
  const operations = answerTo(set, pod);
  const patched = jsonpatch.applyPatch(structuredClone(pod), operations, true).newDocument;
  assert.deepEqual(answerTo(set, patched), [], "the second pass changes something");
  return operations.length > 0;
}

function main(): void {
  const { values } = parseArgs({
    options: { count: { type: "string" }, seed: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const count = Number(values.count ?? 100_000);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const set = policySet();
  const started = performance.now();
  let changed = 0;
  for (let done = 0; done < count; done += BATCH) {
    for (const pod of generatedPods(Math.min(BATCH, count - done), seed + done)) {
      try {
        if (check(set, pod)) changed++;
      } catch (error) {
        const file = "soak-failure.json";
        writeFileSync(file, JSON.stringify(pod, undefined, 2));
        process.stderr.write(`seed ${seed}: ${String(error)}\nthe Pod: ${file}\n`);
        process.exitCode = 1;
        return;
      }
    }
  }
  const seconds = (performance.now() - started) / 1000;
  const memory = Math.round(process.memoryUsage.rss() / 2 ** 20);
  process.stdout.write(
    `${count} Pods of seed ${seed}: ${changed} changed, every patch applies, no second pass changes anything; ` +
      `${Math.round(count / seconds)} Pods/s, ${memory} MiB at the end\n`,
  );
}

main();
