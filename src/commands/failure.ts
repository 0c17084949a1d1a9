/** Exit codes, the same for every command. */
export const EXIT = {
  /** A finding at or above --fail-on. */
  finding: 1,
  /** Bad input: a file, an option. */
  badInput: 2,
  /** Could not look: a port, a cluster. */
  couldNotLook: 3,
} as const;

/** Ends a command with lines for stderr and an exit code, without a stack trace. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, lines: readonly string[]) {
    super(lines.join("\n"));
    this.name = "CommandFailure";
    this.exitCode = exitCode;
  }
}
