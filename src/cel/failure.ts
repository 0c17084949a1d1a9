/** Why an expression has no value for an object: told in one line, without anything of the object's values in it. */
export class CelFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CelFailure";
  }
}

export function celFailure(message: string): CelFailure {
  return new CelFailure(message);
}

/** An expression that cannot be: told when its policy loads. */
export class CelProblem extends Error {
  /** What was written, where it is nearly something that is known. */
  readonly found: string | undefined;
  readonly allowed: readonly string[];

  constructor(message: string, found?: string, allowed: readonly string[] = []) {
    super(message);
    this.name = "CelProblem";
    this.found = found;
    this.allowed = allowed;
  }
}
