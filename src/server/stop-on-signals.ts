import type { Logger } from "./log.ts";

/** What is stopped, and how. */
export interface StopOnSignalsOptions {
  readonly close: () => Promise<void>;
  readonly log: Logger;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Ends the process at SIGTERM or SIGINT: exit code 0 when all is closed, 1 at once at the second signal. */
export function stopOnSignals({ close, log }: StopOnSignalsOptions): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info({ signal, again: stopping }, "asked to stop");
    if (stopping) process.exit(1);
    stopping = true;
    void close().then(
      () => {
        process.exit(0);
      },
      () => {
        process.exit(1); // it never came to be ready
      },
    );
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
}
