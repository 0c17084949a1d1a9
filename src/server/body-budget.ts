/** How many bytes of bodies may be in memory at a time. */
export interface BodyBudgetLimits {
  /** Of all bodies together. */
  readonly bytes: number;
  /** Of that, what bodies above `largeBody` leave free for the others. */
  readonly reservedForSmall: number;
  readonly largeBody: number;
}

/** Why there was no room for a body. */
export type ShedReason = "large-bodies" | "bodies";

/**
 * Counts the bytes of bodies from their first to the end of their answer. A Spark Pod's review has some 8 KB, so
 * thousands of them have room, and what is large is not a job's: large bodies never take the room of small ones.
 */
export class BodyBudget {
  readonly #limits: BodyBudgetLimits;
  #used = 0;

  constructor(limits: BodyBudgetLimits) {
    this.#limits = limits;
  }

  /** Bytes that are in use. */
  get used(): number {
    return this.#used;
  }

  /**
   * Takes bytes for a body that has `held` of them, to be given back by `give`.
   * @returns why there is no room; then nothing was taken
   */
  take(bytes: number, held = 0): ShedReason | undefined {
    const { largeBody, reservedForSmall, bytes: limit } = this.#limits;
    const large = held + bytes > largeBody;
    if (this.#used + bytes > (large ? limit - reservedForSmall : limit)) {
      return large ? "large-bodies" : "bodies";
    }
    this.#used += bytes;
    return undefined;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
