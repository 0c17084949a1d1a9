import { isDeepStrictEqual } from "node:util";
import jsonpatch, { type Operation } from "fast-json-patch";
import { decide } from "../../engine/decide.ts";
import { isDecided } from "../../engine/decision.ts";
import type { PolicySet } from "../../engine/policy-set.ts";
import type { Pod } from "../../kubernetes/pod.ts";
import type { WebhookAnswer } from "./call-webhook.ts";
import type { RecordedReview } from "./recordings.ts";
import type { Facts } from "../../engine/facts.ts";

/** What the demo's webhook knows of the namespace of all recordings: PodSecurity leaves it alone. */
export const FACTS: Facts = { namespace: { name: "spark", labels: {} }, at: 0 };

export type Call = (review: RecordedReview) => Promise<WebhookAnswer>;

/** Counts what was seen to hold, call by call. */
export class Proof {
  #calls = 0;
  #agreeing = 0;
  #patches = 0;
  #applying = 0;
  #changedAgain = 0;
  readonly #milliseconds: number[] = [];

  /**
   * Calls the webhook, and holds its answer against what `check` says of the same object; applies its patch
   * with an implementation that is not ours, and sends the outcome once more.
   */
  async observe(
    call: Call,
    set: PolicySet,
    review: RecordedReview,
  ): Promise<{ readonly answer: WebhookAnswer; readonly pod: Pod }> {
    const answer = await call(review);
    this.#calls++;
    this.#milliseconds.push(answer.milliseconds);
    if (agrees(set, review, answer)) this.#agreeing++;
    const { object } = review.request;
    if (answer.operations.length === 0) return { answer, pod: object };

    this.#patches++;
    const pod = applied(object, answer.operations);
    if (pod === undefined) return { answer, pod: object };
    this.#applying++;
    const again = await call({ ...review, request: { ...review.request, object: pod } });
    if (again.operations.length > 0) this.#changedAgain++;
    return { answer, pod };
  }

  /** Whether all that was counted is as it must be. */
  get holds(): boolean {
    const { length } = this.#milliseconds;
    return (
      length > 0 &&
      this.#agreeing === this.#calls &&
      this.#patches > 0 &&
      this.#applying === this.#patches &&
      this.#changedAgain === 0
    );
  }

  /** The counts, on one line. */
  toString(): string {
    return [
      `patches apply ${this.#applying}/${this.#patches}`,
      `second pass changes ${this.#changedAgain}/${this.#patches}`,
      `webhook = check ${this.#agreeing}/${this.#calls}`,
      `p50 ${median(this.#milliseconds).toFixed(1)} ms`,
    ].join(" · ");
  }
}

type Patched = RecordedReview["request"]["object"];

/** fast-json-patch, told to check every operation; undefined where the patch does not apply. */
function applied(object: Patched, operations: readonly unknown[]): Patched | undefined {
  try {
    const patch = structuredClone(operations) as Operation[];
    return jsonpatch.applyPatch(structuredClone(object), patch, true).newDocument;
  } catch {
    return undefined;
  }
}

function agrees(set: PolicySet, { request }: RecordedReview, answer: WebhookAnswer): boolean {
  const decision = decide(
    set,
    {
      ...request.kind,
      subResource: "",
      ...{ operation: "CREATE", admission: "mutating" },
      namespace: request.namespace,
      object: request.object,
    },
    FACTS,
  );
  if (!isDecided(decision)) return answer.allowed && answer.operations.length === 0;
  const { refused, operations, outcomes } = decision.enforced;
  if (!refused) return answer.allowed && isDeepStrictEqual(answer.operations, operations);
  const violations = outcomes.flatMap((outcome) => (outcome.refuses ? outcome.violations : []));
  const fields = answer.causes.map((cause) => cause.field);
  return (
    !answer.allowed &&
    isDeepStrictEqual(
      fields,
      violations.map(({ field }) => field),
    )
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
