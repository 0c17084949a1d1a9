import type { LogLevel } from "./log-level.ts";
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from "pino";

export type { Logger } from "pino";

/**
 * Creates the log: one JSON object a line, with the level by name and the time as ISO 8601.
 * @param destination where the lines go; default is stdout, written at once, so that nothing is lost at an exit
 */
export function createLog(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    // No pid and host name: the container runtime says which Pod it was.
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
