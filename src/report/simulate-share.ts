/** How many executors are on which capacity. */
export type Share = ReadonlyMap<string, number>;

/** What becomes of executors over time. */
export interface Simulation {
  /** Of the executors asked for at first. */
  readonly created: Share;
  /** Of those that live after losses. */
  readonly live: Share;
  /** How many were lost and replaced. */
  readonly lost: number;
}

/** Where nothing is taken away. */
const ON_DEMAND = "on-demand";

/**
 * Creates `count` executors, then loses `lost` of those that are not on demand, the oldest first; each is replaced under
 * the next id, as Spark does. On-demand ones stay: so the live share is not that of the ids handed out.
 * @param capacityOf the capacity of the executor with that id, from 1
 */
export function simulateShare(
  count: number,
  lost: number,
  capacityOf: (id: number) => string,
): Simulation {
  let live = Array.from({ length: count }, (_, index) => capacityOf(index + 1));
  const created = counted(live);
  let next = count + 1;
  let taken = 0;
  while (taken < lost) {
    const oldest = live.findIndex((capacity) => capacity !== ON_DEMAND);
    if (oldest < 0) break;
    live = [...live.toSpliced(oldest, 1), capacityOf(next)];
    next += 1;
    taken += 1;
  }
  return { created, live: counted(live), lost: taken };
}

function counted(capacities: readonly string[]): Share {
  const share = new Map<string, number>();
  for (const capacity of capacities) share.set(capacity, (share.get(capacity) ?? 0) + 1);
  return share;
}

/** `20 on-demand (20%), 80 spot (80%)` */
export function shareText(share: Share): string {
  const total = [...share.values()].reduce((sum, count) => sum + count, 0);
  return [...share]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([capacity, count]) => `${count} ${capacity} (${Math.round((count / total) * 1000) / 10}%)`,
    )
    .join(", ");
}
