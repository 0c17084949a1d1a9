/** From the most to the least that is told. Apart from the log, so that `--help` does not load pino. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];
