import { setTimeout as delay } from "node:timers/promises";

/** A part of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** What to ask for the next part with; undefined for the last one. */
  readonly next: string | undefined;
}

export type WatchEvent<T> =
  | { readonly kind: "changed" | "deleted"; readonly item: T; readonly resourceVersion: string }
  | { readonly kind: "bookmark"; readonly resourceVersion: string }
  | {
      /** The version is too old, or the server has another reason to end it. */
      readonly kind: "error";
      readonly code: number | undefined;
    };

/** How one kind of object is listed and watched, and who is told. */
export interface WatchOptions<T> {
  readonly list: (next: string | undefined) => Promise<Page<T>>;
  /**
   * Opens a watch. `connected` resolves when the server has answered, `ended` when it is over; both reject where it
   * fails. A watch on which nothing happens ends by itself.
   */
  readonly watch: (
    resourceVersion: string,
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ) => { readonly connected: Promise<void>; readonly ended: Promise<void> };
  /** All that there is: what was known before and is not here is gone. */
  readonly onReplace: (items: readonly T[]) => void;
  readonly onChange: (item: T) => void;
  readonly onDelete: (item: T) => void;
  /** What was known stays known meanwhile. It is tried again, after 1 s at first and 30 s at last. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds to wait before the try with this number, from 1. */
  readonly backOff?: ((failures: number) => number) | undefined;
}

/** A watch that goes on until it is closed. */
export interface ResourceWatch {
  /** Resolves when the first list is there. */
  readonly synced: Promise<void>;
  /** Seconds since the content was known to be up to date; Infinity before the first list. */
  readonly ageSeconds: () => number;
  readonly close: () => void;
}

/** The client itself would wait five minutes for an API server that has taken the connection and says nothing. */
const LIST_MILLISECONDS = 30_000;

const SHORTEST = 1000;
const LONGEST = 30_000;

/** With jitter, so that replicas do not come back all at once after an API server was away. */
function exponential(failures: number): number {
  return Math.min(LONGEST, SHORTEST * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

/**
 * Lists, watches, and lists again: for ever. The library's own ListWatch stops at any error but 410, reads lists in one
 * piece and keeps whole objects, so only its Watch is used.
 */
export function watchResource<T>(options: WatchOptions<T>): ResourceWatch {
  const stop = new AbortController();
  const { signal } = stop;
  const backOff = options.backOff ?? exponential;
  const firstList = Promise.withResolvers<undefined>();
  let upToDate = -Infinity;
  let failures = 0;

  const listAll = async (): Promise<string> => {
    const items: T[] = [];
    let page = await within(LIST_MILLISECONDS, options.list(undefined));
    // The version of the first part counts: what changes while the others are read comes by the watch.
    const { resourceVersion } = page;
    items.push(...page.items);
    while (page.next !== undefined) {
      page = await within(LIST_MILLISECONDS, options.list(page.next));
      items.push(...page.items);
    }
    options.onReplace(items);
    upToDate = performance.now();
    firstList.resolve(undefined);
    return resourceVersion;
  };

  /** Returns the version to go on from; undefined where the list must be read again. */
  const watchFrom = async (resourceVersion: string): Promise<string | undefined> => {
    let last: string | undefined = resourceVersion;
    const { connected, ended } = options.watch(
      resourceVersion,
      (event) => {
        upToDate = performance.now();
        if (event.kind === "error") {
          last = undefined;
          return;
        }
        if (last !== undefined) last = event.resourceVersion;
        if (event.kind === "changed") options.onChange(event.item);
        if (event.kind === "deleted") options.onDelete(event.item);
      },
      signal,
    );
    await connected;
    upToDate = performance.now();
    failures = 0;
    await ended;
    return last;
  };

  const isClosed = () => signal.aborted;
  const goOn = async (): Promise<void> => {
    let version: string | undefined;
    while (!isClosed()) {
      try {
        version ??= await listAll();
        version = await watchFrom(version);
      } catch (error) {
        version = undefined;
        if (isClosed()) return;
        failures++;
        options.onError(error);
        await delay(backOff(failures), undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  };
  void goOn();
  return {
    synced: firstList.promise,
    ageSeconds: () => (performance.now() - upToDate) / 1000,
    close: () => {
      stop.abort();
    },
  };
}

/**
 * A promise's outcome, or an error after so many milliseconds.
 * @throws Error `no answer within N s`
 */
export async function within<T>(milliseconds: number, outcome: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const tooLate = delay(milliseconds, undefined, { signal: stop.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${milliseconds / 1000} s`);
  });
  try {
    return await Promise.race([outcome, tooLate]);
  } finally {
    tooLate.catch(() => undefined);
    stop.abort();
  }
}
