/**
 * npm run bench:decide: what a decision costs beside what every webhook in Node must do with the same review,
 * JSON.parse. In one process, cases in turn, ratios round by round; it asserts what is decided and no time.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { answerReview } from "../src/admission/admit.ts";
import { decodeReview, type ReviewRequest } from "../src/admission/review.ts";
import { loadPolicySet } from "../src/commands/policy-options.ts";
import { decide } from "../src/engine/decide.ts";
import type { PolicySet } from "../src/engine/policy-set.ts";
import { median } from "./median.ts";
import { policyMix } from "./policies.ts";

const FACTS = { namespace: { name: "default", labels: {} }, quotas: [], at: 0 };
const EXECUTORS = [1, 2, 3, 4, 5, 6, 7, 8];
/** Calls before anything is counted: V8 optimizes what is hot by then. */
const WARM_UP = 20_000;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    calls: { type: "string", default: "2000" },
    output: { type: "string", short: "o", default: "table" },
  },
});
const [rounds, calls] = [Number(values.rounds), Number(values.calls)];
if (!(rounds >= 1 && calls >= 1) || !["table", "json"].includes(values.output)) {
  process.stderr.write("usage: decide.ts [--rounds N] [--calls N] [-o table|json]\n");
  process.exit(2);
}

const bodies = await Promise.all(
  EXECUTORS.map(async (id) => {
    const file = new URL(`../src/commands/demo/recorded/executor-${id}.json`, import.meta.url);
    return Buffer.from(JSON.stringify(JSON.parse(await readFile(file, "utf8"))));
  }),
);

/** What is timed: a step that takes what `prepare` makes of a body, which is not timed. */
interface Case {
  readonly name: string;
  readonly prepare: (body: Buffer) => unknown;
  readonly run: (prepared: never) => unknown;
}

const decoded = (body: Buffer): ReviewRequest => {
  const review = decodeReview(body, "mutating");
  if (review.kind !== "review") throw new Error(review.reason);
  return review.request;
};

/** `decide` on a review that was just parsed, as in the server: never twice on the same object. */
function deciding(name: string, set: PolicySet): Case {
  return {
    name,
    prepare: decoded,
    run: (request: ReviewRequest) => {
      const decision = decide(set, request, FACTS);
      if (decision.kind !== "decided" || decision.enforced.refused) throw new Error("refused");
      return decision.enforced.operations.length;
    },
  };
}

const baseline = loadPolicySet({ platform: "karpenter", mode: "Enforce" });
/** About nodes, disks and images: what baseline had before it had the rest, and was measured by. */
const few = loadPolicySet({
  ...{ platform: "karpenter", mode: "Enforce" },
  policies: ["driver-on-demand", "executors-on-spot", "pin-images", "shuffle-on-local-disk"].map(
    (name) => fileURLToPath(new URL(`../policies/baseline/${name}.yaml`, import.meta.url)),
  ),
});
const text = (body: Buffer) => body.toString();
const cases: readonly Case[] = [
  { name: "JSON.parse", prepare: text, run: (json: string) => JSON.parse(json) as unknown },
  { name: "decodeReview", prepare: (body) => body, run: decoded },
  deciding("decide, 4 policies of baseline", few),
  deciding("decide, baseline", baseline),
  {
    name: "decide and encode, baseline",
    prepare: decoded,
    run: (request: ReviewRequest) => answerReview(baseline, request, FACTS).answer.length,
  },
  deciding("decide, 1 policy", policyMix({ matching: 1 })),
  deciding("decide, 16 policies", policyMix({ matching: 16 })),
  deciding("decide, 20 policies", policyMix({ matching: 20 })),
  deciding("decide, 20 of 256 policies", policyMix({ matching: 20, elsewhere: 236 })),
];

/** Microseconds a call. */
function time({ prepare, run }: Case, count: number): number {
  let spent = 0;
  // In small batches: all that is prepared at once would be old by the time it is used.
  for (let done = 0; done < count; done += bodies.length) {
    const prepared = bodies.map(prepare) as never[];
    const start = performance.now();
    for (const one of prepared) run(one);
    spent += performance.now() - start;
  }
  return (spent / count) * 1000;
}

for (const one of cases) time(one, WARM_UP);
const measured = Array.from({ length: rounds }, () => cases.map((one) => time(one, calls)));
const results = cases.map(({ name }, index) => ({
  name,
  microseconds: median(measured.map((round) => round[index] ?? NaN)),
  ratio: median(measured.map((round) => (round[index] ?? NaN) / (round[0] ?? NaN))),
}));

const bytes = bodies[0]?.length;
if (values.output === "json") {
  process.stdout.write(`${JSON.stringify({ bytes, rounds, results }, undefined, 2)}\n`);
} else {
  const lines = results.map(
    ({ name, microseconds, ratio }) =>
      `${name.padEnd(32)}${microseconds.toFixed(1).padStart(8)}${ratio.toFixed(2).padStart(14)}`,
  );
  process.stdout.write(
    `review of ${bytes ?? 0} bytes, Node ${process.versions.node}; medians of ${rounds} interleaved rounds\n\n` +
      `${"".padEnd(32)}${"us/call".padStart(8)}${"x JSON.parse".padStart(14)}\n${lines.join("\n")}\n`,
  );
}
