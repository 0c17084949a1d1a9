import { InvalidArgumentError, type Command } from "commander";
import { parseMoment } from "../policy/moment.ts";

/** The time by which a command judges. */
export interface TimeOption {
  /** Milliseconds since 1970; undefined: now. */
  readonly at?: number;
}

/** Adds `--at` to a command, with what depends on it. */
export function addTimeOption(
  command: Command,
  judged = "exceptions, and with --mode AsWritten enforceFrom",
): Command {
  return command.option(
    "--at <moment>",
    `judge as at this time: ${judged}; such as 2027-01-15 or 2027-01-15T06:00:00Z (default: now)`,
    moment,
  );
}

/** The time that the options say, or now. */
export function timeOf({ at }: TimeOption): number {
  return at ?? Date.now();
}

function moment(text: string): number {
  const at = parseMoment(text);
  if (at === undefined) throw new InvalidArgumentError("write 2027-01-15 or 2027-01-15T06:00:00Z");
  return at;
}
