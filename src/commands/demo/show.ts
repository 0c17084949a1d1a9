import { isDeepStrictEqual } from "node:util";
import type { PolicySet } from "../../engine/policy-set.ts";
import type { Pod } from "../../kubernetes/pod.ts";
import { requiredTerms } from "../../rules/capacity-choice.ts";
import { executorIdOf } from "../../spark/executor-id.ts";
import type { Call, Proof } from "./proof.ts";
import { DRIVER, DRIVER_REFUSED, EXECUTORS, NGINX, type RecordedReview } from "./recordings.ts";

/** One thing that the demo shows. */
export interface Shown {
  readonly title: string;
  readonly verdict: string;
  readonly lines: readonly string[];
  /** Whether it is what the documentation promises. */
  readonly asExpected: boolean;
}

/** What a running webhook is, to the demo. */
export interface Webhook {
  readonly call: Call;
  readonly set: PolicySet;
}

/** The platform that the demo's policies are compiled for. */
export const PLATFORM = "karpenter";
const CAPACITY_KEY = "karpenter.sh/capacity-type";

/** 20% of ten executors. */
const ON_DEMAND_EXECUTORS: readonly number[] = [5, 10];

/** A driver that asks for spot with an image without a tag, refused with all that is wrong at once. */
export async function showDenial({ call, set }: Webhook, proof: Proof): Promise<Shown> {
  const { answer } = await proof.observe(call, set, DRIVER_REFUSED);
  const { name } = DRIVER_REFUSED.request.object.metadata;
  return {
    title: "driver nightly-etl (Spark 3.5, PySpark)",
    verdict: `${answer.allowed ? "ADMITTED" : "DENIED"} ${answer.causes.length}`,
    // As kubectl prints a 422 with causes.
    lines: [
      `The Pod "${name}" is invalid:`,
      ...answer.causes.map(({ field, message }) => `* ${field}: ${message}`),
    ],
    asExpected: !answer.allowed && answer.causes.length === 2,
  };
}

/** The same job, mended by its author: placed by the policy. */
export async function showMended({ call, set }: Webhook, proof: Proof): Promise<Shown> {
  const { answer, pod } = await proof.observe(call, set, DRIVER);
  const capacity = capacityOf(pod);
  return {
    title: "same driver, both mended",
    verdict: answer.allowed ? "CHANGED" : "DENIED",
    lines: [...answer.warnings, `node affinity: ${CAPACITY_KEY} In [${capacity}]`],
    asExpected: answer.allowed && capacity === "on-demand",
  };
}

/** Ten executors, split exactly; asked again as a retry, as a dry run and of a server that was restarted. */
export async function showSplit(
  webhook: Webhook,
  restart: () => Promise<Webhook>,
  proof: Proof,
): Promise<Shown> {
  const first = await capacities(webhook, EXECUTORS, proof);
  const dryRun = EXECUTORS.map((review) => ({
    ...review,
    request: { ...review.request, dryRun: true },
  }));
  const others = [
    await capacities(webhook, [...EXECUTORS].reverse(), proof),
    await capacities(webhook, dryRun, proof),
    await capacities(await restart(), EXECUTORS, proof),
  ];
  const same = others.every((other) => isDeepStrictEqual(other, first));
  const on = (capacity: string) =>
    [...first].filter(([, where]) => where === capacity).map(([id]) => id);
  const asExpected =
    isDeepStrictEqual(on("on-demand"), ON_DEMAND_EXECUTORS) && on("spot").length === 8;
  return {
    title: "executors 1 to 10, 20% on demand",
    verdict: `on-demand ${on("on-demand").join(" ")} | spot ${on("spot").join(" ")}`,
    lines: [`same after retry, restart, dry run: ${same ? "yes" : "NO"}`],
    asExpected: asExpected && same,
  };
}

/** The first object under the same policies in mode Audit: nothing happens, all is told. */
export async function showAudit({ call, set }: Webhook, proof: Proof): Promise<Shown> {
  const { answer } = await proof.observe(call, set, DRIVER_REFUSED);
  const would = answer.auditAnnotations["would-be-refused-by"] ?? "";
  const count = would === "" ? 0 : would.split(",").length;
  const unchanged = answer.allowed && answer.operations.length === 0;
  return {
    title: "the first driver again, mode Audit",
    verdict: `${unchanged ? "ADMITTED unchanged" : "TOUCHED"}, would deny ${count}`,
    lines: [`in the API server's audit log: would-be-refused-by=${would}`],
    asExpected: unchanged && count === 2,
  };
}

/** A Pod of somebody else. */
export async function showStranger({ call, set }: Webhook, proof: Proof): Promise<Shown> {
  const { answer } = await proof.observe(call, set, NGINX);
  const unchanged = answer.allowed && answer.operations.length === 0;
  return {
    title: "an nginx Pod, not Spark's",
    verdict: unchanged ? "ADMITTED unchanged" : "TOUCHED",
    lines: [],
    asExpected: unchanged && answer.warnings.length === 0,
  };
}

/** The capacity of each executor by its id. */
async function capacities(
  { call, set }: Webhook,
  reviews: readonly RecordedReview[],
  proof: Proof,
): Promise<ReadonlyMap<number, string>> {
  const found: (readonly [number, string])[] = [];
  for (const review of reviews) {
    const { pod } = await proof.observe(call, set, review);
    found.push([executorIdOf(pod) ?? 0, capacityOf(pod)]);
  }
  return new Map(found.sort(([a], [b]) => a - b));
}

/** The values that a Pod's required node affinity allows for the capacity's label. */
function capacityOf(pod: Pod): string {
  return requiredTerms(pod)
    .flatMap((term) => term.matchExpressions ?? [])
    .filter((requirement) => requirement.key === CAPACITY_KEY)
    .flatMap((requirement) => requirement.values ?? [])
    .join(" ");
}
