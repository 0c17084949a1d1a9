import type { Deletion, ListQuery, SweepApi } from "../../../src/cluster/sweep-api.ts";
import { sweep, type SweepRequest } from "../../../src/cluster/sweep.ts";
import type { Page } from "../../../src/cluster/watch-resource.ts";
import type { FinishedDriver } from "../../../src/spark/finished-driver.ts";
import { ENDED, finishedDriver } from "../../fixtures/finished-drivers.ts";

/** As the client throws it. */
export class HttpError extends Error {
  readonly code: number;
  readonly body: string;

  constructor(code: number, message: string) {
    super(`HTTP-Code: ${code}\nMessage: Unknown API Status Code!\nBody: secret`);
    this.code = code;
    this.body = JSON.stringify({ kind: "Status", message });
  }
}

/** As fetch throws it. */
export const CONNECTION_LOST = new TypeError("fetch failed", {
  cause: new Error("read ECONNRESET"),
});

type Answer<T> = (call: number) => T;

/** What an API server has, and how it answers. */
export interface Script {
  readonly drivers?: readonly object[];
  /** Parts of lists of drivers and of claims; they throw what is an Error. */
  readonly driverPages?: Answer<Page<unknown> | Error>;
  readonly claimPages?: Answer<Page<unknown> | Error>;
  readonly applicationPods?: readonly object[];
  readonly podsByName?: Readonly<Record<string, readonly object[]>>;
  readonly deletion?: (driver: FinishedDriver, call: number) => Deletion | Error;
}

/** Sweeps a scripted API, all due without --older-than, without pauses; what was asked and told. */
export async function sweepScripted(
  script: Script,
  request: Partial<SweepRequest> = {},
  signal: AbortSignal = new AbortController().signal,
) {
  const lists: (ListQuery & { readonly next: string | undefined })[] = [];
  const deleted: string[] = [];
  const told: string[] = [];
  const calls = { drivers: 0, claims: 0 };
  const api: SweepApi = {
    list: (query, next) => {
      lists.push({ ...query, next });
      return answered(pageOf(script, query, calls));
    },
    deleteDriver: (driver) => {
      deleted.push(driver.name);
      return answered(script.deletion?.(driver, deleted.length) ?? "deleted");
    },
  };
  const report = await sweep(
    api,
    {
      terms: { at: Date.parse(ENDED) + 1000, olderThan: 1, keepFailed: false },
      ...{ namespaces: undefined, selector: undefined, deletes: true },
      ...request,
    },
    {
      onDue: (due) => told.push(`due ${due.length}`),
      onOutcome: ({ name, outcome }) => told.push(`${name} ${outcome}`),
      signal,
      pace: { afterEach: 0, afterUnanswered: [0, 0] },
    },
  );
  return { report, lists, deleted, told };
}

function pageOf(
  script: Script,
  { kind, labelSelector, fieldSelector }: ListQuery,
  calls: { drivers: number; claims: number },
): Page<unknown> | Error {
  if (kind === "PersistentVolumeClaim") return script.claimPages?.(++calls.claims) ?? page([]);
  if (labelSelector?.startsWith("spark-role=driver") === true) {
    return script.driverPages?.(++calls.drivers) ?? page(script.drivers ?? []);
  }
  const name = fieldSelector?.replace("metadata.name=", "");
  if (name !== undefined) return page(script.podsByName?.[name] ?? []);
  return page(script.applicationPods ?? []);
}

function answered<T>(answer: T | Error): Promise<T> {
  return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
}

export function page(items: readonly unknown[], next?: string): Page<unknown> {
  return { items, resourceVersion: "1", next };
}

export function drivers(...names: readonly string[]): readonly object[] {
  return names.map((name) => finishedDriver({ name }));
}
