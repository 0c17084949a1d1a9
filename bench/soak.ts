// npm run soak: cases without end, without a cluster. Generated Pods: every patch applies, a second pass changes nothing.
// Any JSON, and real reviews with any JSON in them: an answer by the API server's rules. Any policies: compiled or
// refused, and never thrown at. And memory stays as it is. It times nothing; what it prints of speed is for people.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { loadPolicySet } from "../src/commands/policy-options.ts";
import {
  arbitraryPolicies,
  arbitraryReview,
  checkPolicies,
  checkReview,
  mutatedReview,
} from "../test/fixtures/fuzz.ts";
import { generatedPods } from "../test/fixtures/generated-pods.ts";
import { checkPod } from "./soak-pod.ts";

const HELP = `Usage: npm run soak [-- --count N] [--seed N]

Sends generated Pods, mutated reviews, any JSON and any policies through admission, in this process.

  --count N  how many cases in all (default 100000)
  --seed N   which ones (default: another each time, printed)
`;

const BATCH = 1000;
const set = loadPolicySet({
  policies: [
    "baseline",
    ...["local-disks-policy", "restricted-policy"].map((name) =>
      join(import.meta.dirname, `../test/fixtures/${name}.yaml`),
    ),
  ],
  platform: "karpenter",
  mode: "Enforce",
});

/** A kind of case, and how many of ten are of it. */
interface Kind {
  readonly name: string;
  readonly share: number;
  readonly cases: (count: number, seed: number) => readonly unknown[];
  readonly check: (value: unknown) => void;
}

const sampled = (arbitrary: fc.Arbitrary<unknown>) => (count: number, seed: number) =>
  fc.sample(arbitrary, { numRuns: count, seed });

const KINDS: readonly Kind[] = [
  {
    name: "generated Pods",
    share: 0.4,
    cases: generatedPods,
    check: (pod) => {
      checkPod(set, pod as object);
    },
  },
  {
    name: "mutated reviews",
    share: 0.3,
    cases: sampled(mutatedReview),
    check: (review) => checkReview(set, review),
  },
  {
    name: "any JSON",
    share: 0.28,
    cases: sampled(arbitraryReview),
    check: (review) => checkReview(set, review),
  },
  {
    name: "any policies",
    share: 0.02,
    cases: sampled(fc.tuple(arbitraryPolicies, fc.nat())),
    check: (value) => {
      const [documents, which] = value as [readonly unknown[], number];
      checkPolicies(documents, which);
    },
  },
];

/** MiB above which memory has grown: between a tenth of the way and the end, with what V8 keeps in reserve. */
const MOST_GROWTH = 64;

const memory = () => Math.round(process.memoryUsage.rss() / 2 ** 20);

/** Checks one batch of each kind. Returns how many cases that were; undefined where one failed. */
function round(size: number, seed: number): number | undefined {
  let done = 0;
  for (const { name, share, cases, check } of KINDS) {
    for (const value of cases(Math.max(1, Math.round(size * share)), seed)) {
      try {
        check(value);
        done++;
      } catch (error) {
        const file = "soak-failure.json";
        writeFileSync(file, JSON.stringify(value, undefined, 2));
        process.stderr.write(`seed ${seed}, ${name}: ${String(error)}\nthe case: ${file}\n`);
        return undefined;
      }
    }
  }
  return done;
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
  const started = performance.now();
  const memories: number[] = [];
  let done = 0;
  while (done < count) {
    const checked = round(Math.min(BATCH, count - done), seed + done);
    if (checked === undefined) {
      process.exitCode = 1;
      return;
    }
    done += checked;
    if (done >= ((memories.length + 1) * count) / 10) memories.push(memory());
  }
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(
    `${done} cases of seed ${seed}: all hold; ${Math.round(done / seconds)} cases/s; ` +
      `MiB at each tenth: ${memories.join(" ")}\n`,
  );
  const growth = (memories.at(-1) ?? 0) - (memories[0] ?? 0);
  if (growth > MOST_GROWTH) {
    process.stderr.write(`memory has grown by ${growth} MiB, more than ${MOST_GROWTH}\n`);
    process.exitCode = 1;
  }
}

main();
