/** How many executors of an application run on on-demand capacity. */
export interface OnDemandShare {
  /** Executors 1 to base are on demand. */
  readonly base: number;
  /** Percent of the executors after those. */
  readonly percent: number;
}

/**
 * Whether the executor with this id (from 1) is one of the on-demand ones. Exact over the ids that are
 * handed out: of the first n after the base there are floor(n * percent / 100) on demand. It depends on
 * nothing but the id, so retries, dry runs, restarts and every replica agree.
 */
export function isOnDemand(executorId: number, share: OnDemandShare): boolean {
  const position = executorId - share.base;
  if (position <= 0) return true;
  // Whole numbers throughout: 100 * (1/3) and its like would round differently at the steps.
  const stepsAt = (n: number) => Math.floor((n * share.percent) / 100);
  return stepsAt(position) > stepsAt(position - 1);
}
