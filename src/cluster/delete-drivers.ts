import { setTimeout as delay } from "node:timers/promises";
import type { SweptDriver } from "../report/sweep-report.ts";
import type { FinishedDriver } from "../spark/finished-driver.ts";
import { reasonOf, statusOf } from "./failed-call.ts";
import type { SweepApi } from "./sweep-api.ts";

/** How fast drivers are deleted, in milliseconds. */
export interface Pace {
  readonly afterEach: number;
  /** After a call without an answer, and after the ones that follow it; when all are used up, the sweep ends. */
  readonly afterUnanswered: readonly number[];
}

/** At most 20 a second, each of which has the garbage collector delete what the driver owns; an API server that is away has 15 s. */
const USUAL: Pace = { afterEach: 50, afterUnanswered: [1000, 2000, 4000, 8000] };

const UNAUTHORIZED = 401;
const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;

interface DeleteOptions {
  readonly onOutcome: (driver: SweptDriver) => void;
  readonly signal: AbortSignal;
  readonly pace?: Pace | undefined;
}

/**
 * Deletes drivers one after the other, and tries none twice: the next sweep does. Ends early where the API server does not
 * answer several times in a row, and when it is aborted. Never rejects.
 */
export async function deleteDrivers(
  api: Pick<SweepApi, "deleteDriver">,
  due: readonly FinishedDriver[],
  { onOutcome, signal, pace = USUAL }: DeleteOptions,
): Promise<readonly SweptDriver[]> {
  let unanswered = 0;
  const isOver = () => signal.aborted || unanswered > pace.afterUnanswered.length;
  const swept: SweptDriver[] = [];
  for (const [index, driver] of due.entries()) {
    const tried = isOver()
      ? { driver: { ...driver, outcome: "not-tried" as const }, isAnswered: true }
      : await tryToDelete(api, driver);
    swept.push(tried.driver);
    onOutcome(tried.driver);
    if (isOver()) continue;
    unanswered = tried.isAnswered ? 0 : unanswered + 1;
    const pause = tried.isAnswered ? pace.afterEach : pace.afterUnanswered[unanswered - 1];
    if (pause === undefined || index === due.length - 1) continue;
    await delay(pause, undefined, { signal }).catch(() => undefined);
  }
  return swept;
}

async function tryToDelete(api: Pick<SweepApi, "deleteDriver">, driver: FinishedDriver) {
  try {
    const outcome = await api.deleteDriver(driver);
    return { driver: { ...driver, outcome }, isAnswered: true };
  } catch (error) {
    const status = statusOf(error);
    const isAnswered = status !== undefined && !saysNothingOfThePod(status);
    // A call that was cut off may have been done all the same.
    const doubt = status === undefined ? " (it may be deleted all the same)" : "";
    const text = `${reasonOf(error)}${doubt}`;
    return { driver: { ...driver, outcome: "failed" as const, text }, isAnswered };
  }
}

function saysNothingOfThePod(status: number): boolean {
  return status === UNAUTHORIZED || status === TOO_MANY_REQUESTS || status >= SERVER_ERROR;
}
