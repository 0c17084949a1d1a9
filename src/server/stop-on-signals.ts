import type { Logger } from "./log.ts";

/** What is stopped, and how. */
export interface StopOnSignalsOptions {
  readonly close: () => Promise<void>;
  readonly log: Logger;
  /** Default ends this process. */
  readonly exit?: (code: number) => void;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Ends the process at SIGTERM or SIGINT: exit code 0 when all is closed, 1 at once at the second signal.
 * @returns stops listening for signals
 */
export function stopOnSignals({ close, log, exit }: StopOnSignalsOptions): () => void {
  const end = exit ?? ((code: number) => process.exit(code));
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info({ signal, again: stopping }, "asked to stop");
    if (stopping) {
      end(1);
      return;
    }
    stopping = true;
    void close().then(
      () => {
        end(0);
      },
      () => {
        end(1); // it never came to be ready
      },
    );
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
