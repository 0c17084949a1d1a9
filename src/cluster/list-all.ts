import { statusOf } from "./failed-call.ts";
import type { ListQuery, SweepApi } from "./sweep-api.ts";

const GONE = 410;

/** A list whose parts take longer than etcd keeps its version (5 min) is begun anew, and not for ever. */
const MOST_STARTS = 3;

/**
 * Reads a list part by part, and keeps of each object what `toItem` makes of it: whole Pods of a large cluster have no room.
 * Rejects where a part cannot be read: half a list is none.
 */
export async function listAll<T>(
  api: Pick<SweepApi, "list">,
  query: ListQuery,
  toItem: (object: unknown) => T,
): Promise<readonly T[]> {
  for (let starts = 1; ; starts++) {
    try {
      return await readParts(api, query, toItem);
    } catch (error) {
      if (statusOf(error) !== GONE || starts === MOST_STARTS) throw error;
    }
  }
}

async function readParts<T>(
  api: Pick<SweepApi, "list">,
  query: ListQuery,
  toItem: (object: unknown) => T,
): Promise<readonly T[]> {
  const items: T[] = [];
  let next: string | undefined;
  do {
    const page = await api.list(query, next);
    for (const object of page.items) items.push(toItem(object));
    next = page.next;
  } while (next !== undefined);
  return items;
}
