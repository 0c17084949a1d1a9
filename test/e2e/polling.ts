import { setTimeout as sleep } from "node:timers/promises";

/** How long and how often {@link until} looks. */
export interface PollingOptions {
  timeoutMs?: number;
  intervalMs?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_INTERVAL_MS = 100;

/**
 * Calls `check` until it answers something other than `undefined` and `false`, and returns that answer.
 *
 * A check that throws counts as "not yet"; its last error is the cause of the time-out's.
 *
 * @param what - names the awaited thing in the time-out's message
 */
export async function until<T>(
  what: string,
  check: () => T | Promise<T>,
  options: PollingOptions = {},
): Promise<Exclude<Awaited<T>, undefined | false>> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, intervalMs = DEFAULT_INTERVAL_MS } = options;
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await check();
      if (answer !== undefined && answer !== false) {
        return answer as Exclude<Awaited<T>, undefined | false>;
      }
      cause = undefined;
    } catch (error) {
      if (error instanceof GiveUpError) throw error;
      cause = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`timed out after ${timeoutMs / 1000} s: ${what}`, { cause });
    }
    await sleep(intervalMs);
  }
}

/** Thrown by a check of {@link until} to end the wait at once: what is awaited can no longer happen. */
export class GiveUpError extends Error {
  override readonly name = "GiveUpError";
}
