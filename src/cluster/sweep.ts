import type { LeftPod, OrphanedClaim, SweepReport, SweptDriver } from "../report/sweep-report.ts";
import { valueAt } from "../kubernetes/json.ts";
import { judgeDriver, type FinishedDriver, type SweepTerms } from "../spark/finished-driver.ts";
import { ROLE_LABEL } from "../spark/role.ts";
import { deleteDrivers, type Pace } from "./delete-drivers.ts";
import { reasonOf, statusOf } from "./failed-call.ts";
import { listAll } from "./list-all.ts";
import { findOrphanedClaims } from "./orphaned-claims.ts";
import type { SweepApi } from "./sweep-api.ts";

export interface SweepRequest {
  readonly terms: SweepTerms;
  /** Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  /** Labels that a driver must have too, as the API server reads them; claims are not looked for then. */
  readonly selector: string | undefined;
  /** Without it nothing is deleted. */
  readonly deletes: boolean;
}

/** Who is told, and how fast it goes. */
export interface SweepOptions {
  /** Before the first one is deleted. */
  readonly onDue: (drivers: readonly FinishedDriver[]) => void;
  readonly onOutcome: (driver: SweptDriver) => void;
  /** Aborted: no further driver is deleted. Its reason is told. */
  readonly signal: AbortSignal;
  readonly pace?: Pace | undefined;
}

const BAD_REQUEST = 400;

/** A selector that the API server cannot read. */
export class BadSelectorError extends Error {
  override readonly name = "BadSelectorError";
}

/**
 * Looks for finished drivers past their time to live, and for claims that no application needs, and deletes the drivers
 * where the request says so. What cannot be looked at or done is in the report.
 * @throws BadSelectorError before anything is deleted
 */
export async function sweep(
  api: SweepApi,
  request: SweepRequest,
  options: SweepOptions,
): Promise<SweepReport> {
  const { terms, deletes } = request;
  const seen = await look(api, request);
  options.onDue(seen.due);
  const drivers = deletes
    ? await deleteDrivers(api, seen.due, options)
    : seen.due.map((driver) => told({ ...driver, outcome: "due" }, options));
  const { left, claims, problems } = seen;
  return { at: terms.at, deletes, drivers, left, claims, problems };
}

function told(driver: SweptDriver, { onOutcome }: SweepOptions): SweptDriver {
  onOutcome(driver);
  return driver;
}

interface Seen {
  readonly due: FinishedDriver[];
  readonly left: LeftPod[];
  readonly claims: OrphanedClaim[];
  readonly problems: string[];
}

async function look(api: SweepApi, { terms, namespaces, selector }: SweepRequest): Promise<Seen> {
  const seen: Seen = { due: [], left: [], claims: [], problems: [] };
  for (const namespace of namespaces ?? [undefined]) {
    const where = namespace === undefined ? "all namespaces" : `namespace ${namespace}`;
    try {
      await lookForDrivers(api, { terms, namespace, selector }, seen);
    } catch (error) {
      if (statusOf(error) === BAD_REQUEST && selector !== undefined) {
        throw new BadSelectorError(reasonOf(error), { cause: error });
      }
      seen.problems.push(`cannot list driver Pods of ${where}: ${reasonOf(error)}`);
    }
    if (selector !== undefined) continue;
    try {
      seen.claims.push(...(await findOrphanedClaims(api, namespace)));
    } catch (error) {
      seen.problems.push(`cannot look for claims of ${where}: ${reasonOf(error)}`);
    }
  }
  return seen;
}

interface DriverQuery extends Pick<SweepRequest, "terms" | "selector"> {
  readonly namespace: string | undefined;
}

async function lookForDrivers(
  api: SweepApi,
  { terms, namespace, selector }: DriverQuery,
  { due, left }: Seen,
): Promise<void> {
  const ours = `${ROLE_LABEL}=driver`;
  const labelSelector = selector === undefined ? ours : `${ours},${selector}`;
  const query = { kind: "Pod", namespace, labelSelector } as const;
  const judged = await listAll(api, query, (pod) => ({
    verdict: judgeDriver(pod, terms),
    namespace: String(valueAt(pod, "metadata", "namespace")),
    name: String(valueAt(pod, "metadata", "name")),
  }));
  for (const { verdict, ...pod } of judged) {
    if (verdict.kind === "due") due.push(verdict.driver);
    else {
      const { reason, text } = verdict;
      left.push({ ...pod, reason, ...(text !== undefined && { text }) });
    }
  }
}
