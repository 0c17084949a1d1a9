/** What goes through steps together. */
export interface InStepOptions<T> {
  /** In order. Each says whether the item goes on to the next. */
  readonly steps: readonly ((item: T) => boolean)[];
  /** What a step threw. The item does not go on; the others do. */
  readonly onError: (item: T, error: unknown) => void;
  /** How much an item weighs, in bytes. */
  readonly sizeOf: (item: T) => number;
  /** Bytes that go together; a larger item goes alone. */
  readonly most: number;
}

/**
 * Takes what comes in one turn of the event loop through the same steps together: all of it through the first, then all
 * of it through the second. Node reads many sockets in a turn. Where each call is read, decided and written before the
 * next one is read, the code of TLS and HTTP and ours push each other out of the CPU's caches each time, and the server
 * answers little more than half as many (docs/performance.md).
 */
export function inStep<T>({ steps, onError, sizeOf, most }: InStepOptions<T>): (item: T) => void {
  let waiting: T[] = [];

  const take = (): readonly T[] => {
    let bytes = 0;
    const end = waiting.findIndex((item, index) => (bytes += sizeOf(item)) > most && index > 0);
    const taken = end < 0 ? waiting : waiting.slice(0, end);
    waiting = end < 0 ? [] : waiting.slice(end);
    return taken;
  };

  const run = (): void => {
    let batch = take();
    for (const step of steps) {
      batch = batch.filter((item) => {
        try {
          return step(item);
        } catch (error) {
          onError(item, error);
          return false;
        }
      });
    }
    // Not in this turn: whoever sends large ones is not to keep all others from being read.
    if (waiting.length > 0) setImmediate(run);
  };

  return (item) => {
    waiting.push(item);
    if (waiting.length === 1) setImmediate(run);
  };
}
